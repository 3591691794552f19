// Package serverauth checks credentials on a gRPC server.
//
// Give [Unary] and [Stream] a [Verifier] and every method is closed: a call
// without a credential that the verifier accepts ends with Unauthenticated.
// Methods that must stay open (how else would a client learn how to log in?) are
// named one by one with [WithOpenMethods]. A handler asks [IdentityFromContext]
// who is calling.
package serverauth

import (
	"context"
	"net/http"

	"google.golang.org/grpc/metadata"
)

// Presented is the credential of one incoming call, as it arrived.
type Presented struct {
	// Scheme is the word before the token, such as "Bearer"; its case is kept.
	// Empty when the header held one word only.
	Scheme string
	// Token is what follows the scheme; empty when the call carried none.
	Token string
	// Cookies are those of a "cookie" header.
	Cookies []*http.Cookie
	// Method is the full method name, "/package.Service/Method".
	Method string
	// Metadata is everything the call carried. Do not change it.
	Metadata metadata.MD
}

// Identity is who is calling, as the [Verifier] told it; a handler has it from
// [IdentityFromContext]. The zero value is nobody in particular.
type Identity struct {
	// Subject names the caller, unique at its issuer.
	Subject string
	// Scopes are what the caller may do.
	Scopes []string
	// Claims are what else the verifier knows of the caller; may be nil.
	Claims map[string]any
}

// Verifier decides whether a credential is good. An error that is a gRPC status
// reaches the caller as it is; any other becomes Unauthenticated without its
// text. Implementations are safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, p Presented) (Identity, error)
}

// VerifierFunc is a function as a [Verifier]; nil accepts nothing.
type VerifierFunc func(ctx context.Context, p Presented) (Identity, error)

// Verify calls f, and refuses where f is nil.
func (f VerifierFunc) Verify(ctx context.Context, p Presented) (Identity, error) {
	if f == nil {
		return Identity{}, errNotAccepted
	}
	return f(ctx, p)
}

type identityKey struct{}

// IdentityFromContext returns the caller's identity; false on an open method
// that was called without credentials.
func IdentityFromContext(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}

// ContextWithIdentity returns a context that carries id, as the interceptors
// make it; for tests of handlers.
func ContextWithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}
