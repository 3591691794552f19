package clientset

import "net/http"

// wrapped is the transport that a transport of this package sends its requests with.
type wrapped struct{ base http.RoundTripper }

// CloseIdleConnections lets http.Client reach the wrapped transport.
func (w wrapped) CloseIdleConnections() {
	if c, ok := w.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// transportOf returns the transport of hc.
func transportOf(hc *http.Client) http.RoundTripper {
	if hc.Transport == nil {
		return http.DefaultTransport
	}
	return hc.Transport
}
