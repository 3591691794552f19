package interceptors

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// Source owns the credentials that calls carry; *auth.Authenticator is one. A Source that
// has the methods Accepted or Refused of that is told what servers make of its credentials,
// and one that has Doubted is asked before Refresh.
// Implementations are safe for concurrent use, return when ctx ends, and return the
// same pointer for as long as the credentials stay the same: the interceptors cache
// the metadata that they prepared for it.
type Source interface {
	// Credentials returns the credentials for the next call. With nil and no error
	// the call carries none. With an error the call fails before it is sent, with an
	// [*Error].
	Credentials(ctx context.Context) (*auth.Credentials, error)
	// Refresh returns the replacement of stale, which the server has just
	// rejected; stale is nil if the rejected call carried no credentials. Every
	// rejected call calls it, also concurrently with the same stale credentials: the
	// Source does the work once. Nil, or stale itself, means that there is no
	// replacement; the call then fails with the server's answer, and so it does, with the
	// reason, if the error is [auth.ErrNotReplaced]. If what it returns is
	// from a store ([auth.Credentials.FromStore]) and is rejected too, the call is made once
	// more, at most twice.
	Refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error)
}

// accepter is an optional part of a [Source], for one that has to know whether a server has
// ever taken the credentials that it obtained. Accepted is called with each credential after
// the first call that shows so, and may be called again for the same one. It is safe for
// concurrent use and does not block.
type accepter interface {
	Accepted(c *auth.Credentials)
}

// refuser is the other optional part of a [Source]: Refused is called when a call was
// rejected with c although Refresh had returned c for it. The same holds for it.
type refuser interface {
	Refused(c *auth.Credentials)
}

// doubter is an optional part of a [Source]: Doubted reports whether a call that was
// rejected with c is to be made once more with c, before Refresh. It is safe for concurrent
// use and does not block.
type doubter interface {
	Doubted(ctx context.Context, c *auth.Credentials) bool
}

func doubted(ctx context.Context, src Source, c *auth.Credentials) bool {
	d, ok := src.(doubter)
	return ok && d.Doubted(ctx, c)
}

// refused tells src that c did not help a call.
func refused(src Source, c *auth.Credentials) {
	if r, ok := src.(refuser); ok && c != nil {
		r.Refused(c)
	}
}

// accepted tells the sources that a server has accepted the credentials in h, the first time
// that an answer shows it.
func (c *client) accepted(h *headers, answer error) {
	if h == nil || h.accepted.Load() || !showsAccepted(answer) || h.accepted.Swap(true) {
		return
	}
	if a, ok := c.main.(accepter); ok && h.main != nil {
		a.Accepted(h.main)
	}
	if a, ok := c.proxy.(accepter); ok && h.proxy != nil {
		a.Accepted(h.proxy)
	}
}

// showsAccepted reports whether an answer shows that the server accepted the credentials of the
// call: it is a success, or the verdict of a method, which no proxy and no transport makes.
func showsAccepted(answer error) bool {
	switch status.Code(answer) {
	case codes.OK, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.OutOfRange, codes.Aborted:
		return true
	default:
		return errors.Is(answer, io.EOF)
	}
}
