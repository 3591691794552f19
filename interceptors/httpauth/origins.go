package httpauth

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/endpoint"
)

// Origins is the list of servers that credentials may be sent to, each one a scheme, a
// host and a port (RFC 6454 §4). The zero value allows none. Make one with
// [ParseOrigins]; it does not change afterwards.
type Origins struct{ list []origin }

type origin struct {
	scheme, host, port string
	local              bool // nothing leaves this machine
}

// ParseOrigins reads the origins of URLs such as https://hub.example.com or
// https://hub.example.com:8443/jupyter, whose path has no meaning here. The port is that
// of the scheme by default. The error names the URL without what may be secret in it.
func ParseOrigins(urls ...string) (Origins, error) {
	var all Origins
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil {
			return Origins{}, fmt.Errorf("origin number %d of %d is not a URL; write one such as https://hub.example.com",
				len(all.list)+1, len(urls)) // the cause may show a password
		}
		scheme := webScheme(u.Scheme)
		switch {
		case scheme != "https" && scheme != "http", u.Hostname() == "":
			return Origins{}, fmt.Errorf("origin %q: want https:// (or http://) and a host, such as https://hub.example.com", withoutSecrets(u))
		case u.User != nil, u.RawQuery != "", u.Fragment != "":
			return Origins{}, fmt.Errorf("origin %s: want scheme, host and port only, without user, query and fragment", withoutSecrets(u))
		}
		all.list = append(all.list, origin{scheme, u.Hostname(), portOf(u, scheme), endpoint.IsLoopback(u.Hostname())})
	}
	return all, nil
}

// Allow reports whether u is on the list: whether scheme, host and port are those of an
// origin on it. Clients also call it for URLs that they find in answers. A ws:// URL
// counts as http://, a wss:// one as https://.
func (o Origins) Allow(u *url.URL) bool {
	_, ok := o.find(u)
	return ok
}

func (o Origins) find(u *url.URL) (origin, bool) {
	scheme := webScheme(u.Scheme)
	host, port := u.Hostname(), portOf(u, scheme)
	for _, one := range o.list {
		if one.scheme == scheme && one.port == port && strings.EqualFold(one.host, host) {
			return one, true
		}
	}
	return origin{}, false
}

// webScheme returns the scheme of the handshake, for those of websockets.
func webScheme(scheme string) string {
	switch scheme {
	case "wss":
		return "https"
	case "ws":
		return "http"
	default:
		return scheme
	}
}

func portOf(u *url.URL, scheme string) string {
	if port := u.Port(); port != "" {
		return port
	}
	if scheme == "http" {
		return "80"
	}
	return "443"
}
