package clientset

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// loginWatch sees the HTTP requests of the login, so that a deadline that passes
// meanwhile can say which server was waited for. The zero value has seen nothing.
type loginWatch struct {
	last atomic.Pointer[loginRequest] // nil once there was an answer
}

// loginRequest is a request without an answer.
type loginRequest struct {
	host  string
	err   error     // why it never left; nil otherwise
	ended time.Time // zero while it is under way
}

// recent tells whether it can be what a caller has just waited for in vain.
func (r *loginRequest) recent() bool {
	return r != nil && (r.ended.IsZero() || time.Since(r.ended) < 2*maxBackoff)
}

// watch returns hc with the requests it makes seen by w.
func (w *loginWatch) watch(hc *http.Client) *http.Client {
	seen := *hc
	base := hc.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	seen.Transport = &watchedTransport{base, w}
	return &seen
}

type watchedTransport struct {
	base  http.RoundTripper
	watch *loginWatch
}

func (t *watchedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.watch.last.Store(&loginRequest{host: r.URL.Host})
	answer, err := t.base.RoundTrip(r)
	switch {
	case err == nil:
		t.watch.last.Store(nil)
	case r.Context().Err() != nil:
		t.watch.last.Store(&loginRequest{host: r.URL.Host, ended: time.Now()})
	case neverLeft(err):
		t.watch.last.Store(&loginRequest{r.URL.Host, err, time.Now()})
	default:
		t.watch.last.Store(nil) // the server may have put anything into that text
	}
	return answer, err
}

// CloseIdleConnections lets http.Client reach the transport below.
func (t *watchedTransport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// neverLeft tells errors of connecting, before which no secret was sent.
func neverLeft(err error) bool {
	dial, cert := (*net.OpError)(nil), (*tls.CertificateVerificationError)(nil)
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &cert)
}

// loginTrouble says which server a login was waiting for when the caller's time was
// up; empty where that is not known.
func (c *ClientSet) loginTrouble() string {
	switch last := c.login.last.Load(); {
	case !last.recent():
		return ""
	case last.err != nil:
		return "there is no connection to " + last.host + ", where the login is: " + c.withAdvice(last.err).Error()
	default:
		return last.host + ", where the login is, has not answered"
	}
}
