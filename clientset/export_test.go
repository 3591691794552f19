package clientset

import "net/http"

// SetHTTPTransport replaces the transport with the connections, for tests that count what
// stands above it.
func SetHTTPTransport(c *ClientSet, base http.RoundTripper) {
	c.web.next.Unwrap().(*repeater).base = base // assembleHTTP put it there
}
