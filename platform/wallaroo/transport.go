package wallaroo

import (
	"net/http"
	"time"
)

const httpTimeout = 45 * time.Second // what Wallaroo's SDK waits, where nobody says otherwise

// client makes the requests to Keycloak.
func (in input) client(hc *http.Client) *http.Client {
	if hc == nil {
		hc = &http.Client{Timeout: httpTimeout}
	}
	ours := *hc
	if in.timeout != 0 {
		ours.Timeout = in.timeout
	}
	ours.Transport = transport{hc.Transport, in.keycloak}
	return &ours
}

// transport speaks to Keycloak as Wallaroo's SDK does.
type transport struct {
	base     http.RoundTripper
	keycloak address
}

// RoundTrip says which program asks, and reaches the one Keycloak that has no TLS
// by its documented address.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "jetway")
	}
	if t.keycloak.inCluster() && r.URL.Host == t.keycloak.host {
		r.URL.Scheme = t.keycloak.scheme
	}
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	return base.RoundTrip(r)
}

// CloseIdleConnections hands the request down.
func (t transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
