package interceptors

import (
	"context"

	"github.com/jetway-go/jetway/auth"
)

// Source owns the credentials that calls carry; *auth.Authenticator is one.
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
	// replacement; the call then fails with the server's answer.
	Refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error)
}
