package interceptors

import (
	"context"

	"github.com/jetway-go/jetway/auth"
)

// Source owns the credentials that calls carry; *auth.Authenticator is one.
// Implementations are safe for concurrent use, return when ctx ends, and hand
// out the same pointer for as long as the credentials stay the same: the
// interceptors keep what they prepared for it.
type Source interface {
	// Credentials returns what the next call should carry. Nil without an error
	// means that the call goes out bare. An error ends the call; it is never
	// taken for an answer of the server.
	Credentials(ctx context.Context) (*auth.Credentials, error)
	// Refresh returns the replacement of stale, which the server has just
	// rejected; stale is nil when the rejected call went out bare. It is called
	// by every call that was rejected: doing the work only once is up to the
	// Source. Nil, or stale itself, means that there is no replacement, and then
	// the call ends with what the server said.
	Refresh(ctx context.Context, stale *auth.Credentials) (*auth.Credentials, error)
}
