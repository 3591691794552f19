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

// String returns the whole address.
func (a address) String() string { return a.scheme + "://" + a.host + a.path }

// target returns the address for gRPC, which has no path.
func (a address) target() string { return a.scheme + "://" + a.host }

// inCluster reports whether this is the one address without TLS that Wallaroo itself
// gives to notebooks in its own cluster.
func (a address) inCluster() bool { return a.scheme == "http" && a.host == "api-lb:8080" }

// safe reports whether secrets may be sent there.
func (a address) safe() bool {
	u := url.URL{Host: a.host}
	return a.scheme == "https" || a.inCluster() || endpoint.IsLoopback(u.Hostname())
}

// parseAddress parses an address; without a scheme it is https.
func parseAddress(v value) (address, error) {
	text := v.text
	if !strings.Contains(text, "://") {
		text = "https://" + text
	}
	u, err := url.Parse(text)
	const like = "; write it like https://wallaroo.example.com"
	problem := ""
	switch {
	case err != nil:
		problem = "is not a URL" + like
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "must begin with https:// or http://" + like
	case u.Hostname() == "":
		problem = "has no host" + like
	case u.User != nil:
		problem = "must not contain a user name or password: set " + EnvUser + " and " + EnvPassword + " instead"
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		problem = "must not have a query or fragment" + like
	}
	if problem != "" {
		return address{}, &Error{Input: v.from, Err: errors.New(problem)}
	}
	return address{u.Scheme, strings.ToLower(u.Host), strings.TrimRight(u.EscapedPath(), "/")}, nil
}
