package clientset

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// loginWatch records the HTTP requests of the login, so that the error of a deadline
// can say which server had not answered. The zero value has recorded nothing.
type loginWatch struct {
	last atomic.Pointer[loginRequest] // nil after an answer
}

// loginRequest is a request without an answer.
type loginRequest struct {
	host  string
	err   error     // why it never left; nil otherwise
	ended time.Time // zero while it is under way
}

// recent reports whether a caller whose deadline has just passed may have waited for r.
func (r *loginRequest) recent() bool {
	return r != nil && (r.ended.IsZero() || time.Since(r.ended) < 2*maxBackoff)
}

// watch returns a copy of hc whose requests w records.
func (w *loginWatch) watch(hc *http.Client) *http.Client {
	seen := *hc
	seen.Transport = &watchedTransport{wrapped{transportOf(hc)}, w}
	return &seen
}

type watchedTransport struct {
	wrapped

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

// neverLeft reports whether err is one of connecting: then no secret was sent.
func neverLeft(err error) bool {
	dial, cert := (*net.OpError)(nil), (*tls.CertificateVerificationError)(nil)
	return errors.As(err, &dial) && dial.Op == "dial" || errors.As(err, &cert)
}

// loginTrouble says which server a login was waiting for when the caller's deadline
// passed; empty where that is not known.
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
