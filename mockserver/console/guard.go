package console

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/mockserver"
)

// ErrNotLoopback means that other machines reach the server, and could use its console.
var ErrNotLoopback = errors.New("other machines reach this address: the console is for a server that listens on 127.0.0.1 or [::1]")

// hostsOf returns what the Host header of a request to the console may be: names of this
// machine with a port of s.
func hostsOf(s *mockserver.Server) (map[string]bool, error) {
	hosts := map[string]bool{}
	for _, address := range []string{s.HTTPURL(), s.URL()} {
		u, err := url.Parse(address)
		if err != nil {
			return nil, &mockserver.Error{Op: "attach the console", Err: err}
		}
		if u.Scheme != "http" && u.Scheme != "https" {
			continue // a unix socket or memory
		}
		ip, err := netip.ParseAddr(u.Hostname())
		if err != nil || !ip.Unmap().IsLoopback() {
			return nil, &mockserver.Error{Op: "attach the console to " + u.Host, Err: ErrNotLoopback}
		}
		for _, name := range []string{ip.String(), "127.0.0.1", "::1", "localhost"} {
			hosts[net.JoinHostPort(name, u.Port())] = true
			if defaultPort := map[string]string{"http": "80", "https": "443"}[u.Scheme]; u.Port() == defaultPort {
				hosts[name], hosts["["+name+"]"] = true, true // browsers leave it out
			}
		}
	}
	return hosts, nil
}

// allowed reports whether a request comes from the console's own page, or from a person who
// typed or clicked its address: not from a page of another origin, nor by a host name that
// was made to point at this machine.
func (c *Console) allowed(r *http.Request) bool {
	if !c.hosts[r.Host] {
		return false
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	site := r.Header.Get("Sec-Fetch-Site")
	switch site {
	case "same-origin", "":
	case "none":
		if !reads {
			return false
		}
	default: // also same-site: another port of this machine
		return false
	}
	switch origin := r.Header.Get("Origin"); origin {
	case "":
		return reads || site != ""
	case "null": // what forms of a page without referrer send
		return site != ""
	default:
		return origin == c.origin(r)
	}
}

// origin returns the origin of the console as the client of an allowed host names it.
func (c *Console) origin(r *http.Request) string {
	if c.encrypts {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// harden sets the headers of every answer: nothing of it is stored, shown in frames, read by
// other origins, or allowed to load or run anything but the console's own files.
func (c *Console) harden(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	own := c.origin(r) + Path + "/"
	switch {
	case !c.hosts[r.Host]:
		own = "'none'"
	case strings.HasPrefix(r.Host, "["):
		own = "'self'" // policies cannot name an IPv6 address
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src "+file(own, "console.js")+"; style-src "+file(own, "console.css")+
		"; img-src "+file(own, "icon.svg")+"; connect-src "+own+"; form-action "+own+
		"; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types console")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func file(own, name string) string {
	if strings.HasPrefix(own, "'") {
		return own
	}
	return own + name
}
