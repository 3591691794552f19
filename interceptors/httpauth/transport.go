package httpauth

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/jetway-go/jetway/auth"
)

var (
	errNoOrigins = errors.New("no origin was given, so that there is no server to send credentials to: add WithOrigins")
	errNoURL     = errors.New("the request has no URL")
)

// Transport is an [http.RoundTripper] that attaches credentials. Make one with [New]. It
// is safe for concurrent use.
type Transport struct {
	config

	src      Source
	base     http.RoundTripper
	accepter accepter // nil: the source is none
	refuser  refuser
	doubter  doubter
	adopter  adopter
	last     atomic.Pointer[prepared] // that of the last request
}

// New returns a transport that sends requests with base, which is http.DefaultTransport
// if nil, and attaches the credentials of src to those that go to an origin of
// [WithOrigins]. A nil src attaches none. If src has a method Accepted(*auth.Credentials),
// it is called once for each credential that a server has taken; if it has a method
// Refused(*auth.Credentials), it is called with a replacement that was rejected too; if it
// has a method Adopt(ctx, prev, next) (bool, error), it gets sessions that a server renewed
// by itself.
//
// A request that the server rejects is sent a second time with the replacement, unless its
// body can be read only once: then the error is [ErrNotRepeated]. The caller's own
// Authorization header is sent as it is, in place of the credentials for that header, and
// is not replaced. The request itself does not change, and its context holds for all that
// is done for it.
func New(src Source, base http.RoundTripper, opts ...Option) *Transport {
	t := &Transport{config: newConfig(opts), src: src, base: base}
	if base == nil {
		t.base = http.DefaultTransport
	}
	t.accepter, _ = src.(accepter)
	t.refuser, _ = src.(refuser)
	t.doubter, _ = src.(doubter)
	t.adopter, _ = src.(adopter)
	return t
}

// Unwrap returns the transport below, which has the timeouts, TLS and the proxy.
func (t *Transport) Unwrap() http.RoundTripper { return t.base }

// CloseIdleConnections closes those of the transport below, for
// http.Client.CloseIdleConnections.
func (t *Transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// RoundTrip sends a request, a second time if its credentials were rejected. The answer
// is the server's, its body unread; answer.Request is r, so that printing it shows no
// credentials. The error is an [*Error] or that of the transport below.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	signed, err := t.signs(r)
	switch {
	case err != nil:
		return nil, refuse(opSend, r, err)
	case !signed:
		return t.bare(r)
	}
	creds, err := t.src.Credentials(r.Context())
	if err != nil {
		return nil, refuse("get credentials", r, err)
	}
	h, err := t.header(creds)
	switch {
	case err != nil:
		return nil, refuse(opAttach, r, err)
	case h.key == "Authorization" && ownAuthorization(r.Header):
		return t.bare(r)
	}
	sent := t.with(r, h)
	answer, err := t.base.RoundTrip(sent)
	switch {
	case err != nil:
		return nil, withoutQuery(err, r.URL)
	case t.rejects(sent, h, answer):
		answer.Request = r
		return t.replace(r, sent, h, answer)
	}
	return t.taken(r, h, answer), nil
}

// signs reports whether a request may carry credentials; its error is why it cannot be
// sent at all.
func (t *Transport) signs(r *http.Request) (bool, error) {
	switch {
	case r.URL == nil:
		return false, errNoURL
	case t.src == nil:
		return false, nil
	case t.wrong != nil:
		return false, t.wrong
	case len(t.origins.list) == 0:
		return false, errNoOrigins
	}
	at, ok := t.origins.find(r.URL)
	switch {
	case !ok && t.strict:
		return false, ErrOrigin
	case !ok, isBare(r.Context()):
		return false, nil
	case at.scheme == "http" && !at.local && !t.plaintext:
		if ownAuthorization(r.Header) {
			return false, nil
		}
		return false, ErrPlaintext
	}
	return true, nil
}

// bare sends a request without credentials of ours.
func (t *Transport) bare(r *http.Request) (*http.Response, error) {
	sent := r
	if len(t.headers) > 0 || t.requestID {
		sent = t.with(r, nil)
	}
	answer, err := t.base.RoundTrip(sent)
	if err != nil {
		return nil, withoutQuery(err, r.URL)
	}
	answer.Request = r
	return answer, nil
}

// taken ends a request whose credentials were not rejected.
func (t *Transport) taken(r *http.Request, h *prepared, answer *http.Response) *http.Response {
	answer.Request = r
	t.accept(h, answer)
	if t.adopter != nil && h.isSession() && len(answer.Header["Set-Cookie"]) > 0 {
		t.adopt(r, h, answer)
	}
	return answer
}

// maxFromStore is how many replacements that were only found in a store leave a request
// another one.
const maxFromStore = 2

// replace gets other credentials for rejected ones and sends the request again.
func (t *Transport) replace(r, sent *http.Request, h *prepared, answer *http.Response) (*http.Response, error) {
	same := t.doubter != nil && repeatable(r) && t.doubter.Doubted(r.Context(), h.creds)
	for found := 0; ; found++ {
		again, next, err := t.another(r, sent, h, answer, same)
		switch {
		case err != nil:
			return nil, err
		case again == nil:
			return answer, nil
		}
		answer, err = t.base.RoundTrip(again)
		switch {
		case err != nil:
			return nil, withoutQuery(err, r.URL)
		case !t.rejects(again, next, answer):
			return t.taken(r, next, answer), nil
		}
		answer.Request = r
		if same { // and it was right to reject them
			same, found, sent = false, found-1, again
			continue
		}
		if !next.creds.FromStore() || found == maxFromStore {
			if t.refuser != nil {
				t.refuser.Refused(next.creds)
			}
			return answer, nil
		}
		sent, h = again, next
	}
}

// another returns the next attempt, with the same credentials or their replacement. Without
// one it returns no request: then the caller gets the rejection, or the error and no rejection.
func (t *Transport) another(
	r, sent *http.Request, h *prepared, answer *http.Response, same bool,
) (*http.Request, *prepared, error) {
	t.logger.DebugContext(r.Context(), "credentials rejected", "method", method(r), "url", withoutSecrets(r.URL),
		"request_id", requestIDOf(sent), "status", answer.StatusCode, "credentials", h.creds.ID())
	keep := keepRejection(answer) // a login may take minutes: the connection is free meanwhile
	failed := func(op string, err error) (*http.Request, *prepared, error) {
		e := newError(op, sent, err)
		e.Rejection = keep.detach() //nolint:bodyclose // in memory
		return nil, nil, e
	}
	fresh, err := h.creds, error(nil)
	if !same {
		fresh, err = t.refresh(r.Context(), h.creds)
	}
	switch {
	case err != nil:
		return failed("replace credentials", err)
	case fresh == nil:
		return nil, nil, nil
	case !repeatable(r):
		return failed(opRepeat, ErrNotRepeated)
	}
	next, err := t.header(fresh)
	if err != nil {
		return failed(opAttach, err)
	}
	again := t.with(r, next)
	if id := sent.Header[requestIDKey]; len(id) > 0 {
		again.Header[requestIDKey] = id
	}
	if again.Body, err = freshBody(r); err != nil {
		return failed(opRepeat, err)
	}
	keep.drop()
	return again, next, nil
}

// refresh returns nil if there is no replacement.
func (t *Transport) refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error) {
	fresh, err := t.src.Refresh(ctx, stale)
	if err != nil || fresh == stale || fresh == nil || fresh.AccessToken == "" {
		return nil, err
	}
	return fresh, nil
}

// refuse ends a request that was not sent: net/http leaves the body to the transport.
func refuse(op string, r *http.Request, err error) error {
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return newError(op, r, err)
}
