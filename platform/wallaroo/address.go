package wallaroo

import (
	"errors"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// address is an HTTP address without a slash at its end.
type address struct {
	scheme, host, path string
}

func (a address) String() string { return a.scheme + "://" + a.host + a.path }

// target is the address for gRPC, which has no paths.
func (a address) target() string { return a.scheme + "://" + a.host }

// inCluster tells whether this is the one plaintext address that Wallaroo itself
// hands out, to notebooks inside its own cluster.
func (a address) inCluster() bool { return a.scheme == "http" && a.host == "api-lb:8080" }

// safe tells whether secrets may go there.
func (a address) safe() bool {
	u := url.URL{Host: a.host}
	return a.scheme == "https" || a.inCluster() || endpoint.IsLoopback(u.Hostname())
}

// parseAddress reads an address as people write it: without a scheme it is https.
func parseAddress(v value) (address, error) {
	text := v.text
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	problem := ""
	switch {
	case err != nil:
		problem = "is no URL"
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "must begin with https:// or http://"
	case u.Hostname() == "":
		problem = "names no host"
	case u.User != nil:
		problem = "must not carry a user name or password: set " + EnvUser + " and " + EnvPassword
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		problem = "must not have a query or fragment"
	}
	if problem != "" {
		return address{}, &Error{Input: v.from, Err: errors.New(problem + ", such as https://wallaroo.example.com")}
	}
	return address{u.Scheme, strings.ToLower(u.Host), strings.TrimRight(u.EscapedPath(), "/")}, nil
}
