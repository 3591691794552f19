package wallaroo

import (
	"net/http"
	"time"

	"github.com/jetway-go/jetway/internal/peer"
)

const httpTimeout = 45 * time.Second // the default of Wallaroo's SDK

// client returns the client for requests to Keycloak.
func (in input) client(hc *http.Client) *http.Client {
	ours := peer.Client(hc)
	if hc == nil {
		ours.Timeout = httpTimeout
	}
	if in.timeout != 0 {
		ours.Timeout = in.timeout
	}
	ours.Transport = transport{ours.Transport, in.keycloak}
	return &ours
}

// transport sends requests to Keycloak as Wallaroo's SDK does.
type transport struct {
	base     http.RoundTripper
	keycloak address
}

// RoundTrip sets the user agent, and uses http for the one address that has no TLS.
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

// CloseIdleConnections closes those of the base transport.
func (t transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
