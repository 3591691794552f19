// Package serverauth checks credentials on a gRPC server.
//
// Give [Unary] and [Stream] a [Verifier] and every method is closed: a call
// without a credential that the verifier accepts fails with Unauthenticated.
// Methods that must stay open, such as those that tell a client how to log in, are
// named one by one with [WithOpenMethods]. A handler calls [IdentityFromContext] to
// learn who the caller is; [WithLogger] logs why a verifier refused a call.
//
// Package introspect has a Verifier that asks an authorization server about each
// token (RFC 7662), and package authmetadata serves what clients need for logging in.
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
	// Cookies are the cookies of a "cookie" header.
	Cookies []*http.Cookie
	// Method is the full method name, "/package.Service/Method".
	Method string
	// Metadata is all metadata of the call. Do not change it.
	Metadata metadata.MD
}

// Identity describes the caller, as the [Verifier] returned it; a handler gets it
// from [IdentityFromContext]. The zero value names no caller.
type Identity struct {
	// Subject names the caller, unique at its issuer.
	Subject string
	// Scopes are the scopes that were granted to the caller.
	Scopes []string
	// Claims are the other claims about the caller; may be nil. Do not change them:
	// concurrent calls may share what they contain.
	Claims map[string]any
}

// Verifier checks a credential. The caller receives an error that is, or wraps, a
// gRPC status as that status; any other error becomes Unauthenticated without its
// text. A verifier that could not check the credential must return a status such as
// Unavailable, because clients discard a token that was answered with
// Unauthenticated. Implementations are safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, p Presented) (Identity, error)
}

// VerifierFunc is a function that is a [Verifier]; nil accepts no credential.
type VerifierFunc func(ctx context.Context, p Presented) (Identity, error)

// Verify calls f; a nil f returns Unauthenticated.
func (f VerifierFunc) Verify(ctx context.Context, p Presented) (Identity, error) {
	if f == nil {
		return Identity{}, errNotAccepted
	}
	return f(ctx, p)
}

type identityKey struct{}

// IdentityFromContext returns the caller's identity. The boolean reports whether there
// is one: there is none in a call of an open method without a credential, or with one
// that was not accepted.
func IdentityFromContext(ctx context.Context) (Identity, bool) {
	id, ok := ctx.Value(identityKey{}).(Identity)
	return id, ok
}

// ContextWithIdentity returns a context that carries id, like those that the
// interceptors give to handlers; for tests of handlers.
func ContextWithIdentity(ctx context.Context, id Identity) context.Context {
	return context.WithValue(ctx, identityKey{}, id)
}
