package authserver

import (
	"net/url"
	"slices"
	"strings"
)

func checkRedirects(uris []string) error {
	for _, uri := range uris {
		u, err := url.Parse(uri)
		switch {
		case err != nil || !u.IsAbs() || !clean(uri):
			return &ConfigError{Field: "Client.RedirectURIs", Reason: "want absolute URIs"}
		case strings.Contains(uri, "#"):
			return &ConfigError{Field: "Client.RedirectURIs", Reason: "must not carry a fragment (RFC 6749 section 3.1.2)"}
		case u.Scheme == "http" && !loopback(u), (u.Scheme == "http" || u.Scheme == "https") && u.Host == "":
			return &ConfigError{Field: "Client.RedirectURIs", Reason: "http is for loopback addresses only (RFC 8252 section 7.3)"}
		case slices.Contains([]string{"javascript", "data", "vbscript", "file", "about", "blob"}, u.Scheme):
			return &ConfigError{Field: "Client.RedirectURIs", Reason: "want http, https, or a scheme of the client's own"}
		}
	}
	return nil
}

// redirectAllowed compares character by character (RFC 9700 section 2.1), except
// for the port of a loopback address (RFC 8252 section 7.3).
func redirectAllowed(registered []string, asked string) bool {
	for _, uri := range registered {
		if uri == asked || sameButPort(uri, asked) {
			return true
		}
	}
	return false
}

func sameButPort(registered, asked string) bool {
	r, err := url.Parse(registered)
	if err != nil || !loopback(r) {
		return false
	}
	a, err := url.Parse(asked)
	if err != nil || a.Hostname() != r.Hostname() || strings.HasSuffix(a.Host, ":") {
		return false
	}
	// Without the ports, both must be the same text.
	return strings.Replace(asked, a.Host, r.Host, 1) == registered
}

func loopback(u *url.URL) bool {
	switch u.Hostname() {
	case "127.0.0.1", "::1", "localhost":
		return u.Scheme == "http" && u.User == nil
	}
	return false
}

// withQuery adds parameters to a redirect URI and keeps its own.
func withQuery(uri string, more url.Values) string {
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + more.Encode()
}
