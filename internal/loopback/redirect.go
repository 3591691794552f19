package loopback

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// redirect is a redirect URI on this machine (RFC 8252 §7.3), taken apart.
type redirect struct {
	host string // "localhost", "127.0.0.1" or "::1", as the server knows it
	port int    // zero: any free one
	path string // as it stands in the URI, escaped; may be empty
}

const defaultRedirect = "http://127.0.0.1/callback"

// CheckRedirect returns an error for a redirect URI that cannot be listened on safely.
func CheckRedirect(uri string) error {
	_, err := parseRedirect(uri)
	return err
}

// parseRedirect refuses what cannot be listened on safely. Empty means
// defaultRedirect.
func parseRedirect(uri string) (redirect, error) {
	if uri == "" {
		uri = defaultRedirect
	}
	u, err := url.Parse(uri)
	switch {
	case err != nil || u.Host == "":
		return redirect{}, errors.New("the redirect URI is not an absolute URL; it should look like " + defaultRedirect)
	case u.Scheme != "http":
		return redirect{}, errors.New("the redirect URI must begin with http: nothing else can be listened for on this machine")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return redirect{}, errors.New("the redirect URI must have neither user, query nor fragment")
	}
	r := redirect{host: strings.ToLower(u.Hostname()), path: u.EscapedPath()}
	switch ip, err := netip.ParseAddr(r.host); {
	case r.host == "localhost":
	case err != nil || !ip.Unmap().IsLoopback():
		return redirect{}, errors.New("the redirect URI leads to another machine: it must be 127.0.0.1, [::1] or localhost")
	case ip.String() != r.host || ip.Is4In6() || ip.Zone() != "": // browsers shorten it, and the Host header would not be ours
		return redirect{}, errors.New("the redirect URI has an address that browsers write differently: it must be 127.0.0.1, [::1] or localhost")
	}
	if u.Port() != "" {
		if r.port, err = strconv.Atoi(u.Port()); err != nil || r.port > 65535 {
			return redirect{}, errors.New("the redirect URI has no valid port")
		}
	}
	return r, nil
}

// uri is the redirect URI for the port that is listened on. Servers compare it
// letter by letter (RFC 6749 §3.1.2.3), so it is what was given but for the port:
// a URI without a path stays without one.
func (r redirect) uri() string {
	if r.port == 80 {
		return "http://" + r.bracketed() + r.path
	}
	return "http://" + r.authority() + r.path
}

func (r redirect) authority() string { return net.JoinHostPort(r.host, strconv.Itoa(r.port)) }

func (r redirect) bracketed() string {
	if strings.Contains(r.host, ":") {
		return "[" + r.host + "]"
	}
	return r.host
}

// requested is the path that a browser asks for.
func (r redirect) requested() string { return cmp.Or(r.path, "/") }

// addressed reports whether a Host header names this listener. Another name for the
// same address belongs to a foreign page whose name resolves to this machine (DNS
// rebinding).
func (r redirect) addressed(host string) bool {
	return strings.EqualFold(host, r.authority()) || r.port == 80 && strings.EqualFold(host, r.bracketed())
}

// hosts are the addresses to listen on. A name may lead a browser to either
// family.
func (r redirect) hosts(ipv6 bool) []string {
	switch {
	case r.host == "localhost" && ipv6:
		return []string{"127.0.0.1", "::1"}
	case r.host == "localhost":
		return []string{"127.0.0.1"}
	default:
		return []string{r.host}
	}
}

// choices are the ports to try, in order.
func (r redirect) choices(ports []int) ([]int, error) {
	if len(ports) == 0 {
		return []int{r.port}, nil
	}
	for _, p := range ports {
		if p < 0 || p > 65535 {
			return nil, fmt.Errorf("%d is not a port number", p)
		}
	}
	return ports, nil
}
