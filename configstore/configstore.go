// Package configstore finds out how to log in to an endpoint: which OAuth 2.0
// endpoints to talk to, as which client, for which scopes and audience.
//
// A [ClientConfig] is the answer, and a [ClientConfigStore] returns it: [Static]
// returns what the program sets, [Remote] asks the backend, [Discovery] reads the
// metadata document that an issuer publishes. [Overlay] replaces single fields, [Chain]
// takes the first complete answer of several stores, [Cached] caches one, and [Disk]
// keeps it for the next process. Most programs never call this package: clientset makes
// Cached(Remote(connection)) for each login. A program whose backend does not say how to
// log in calls [Discovery].
package configstore

import (
	"cmp"
	"context"
	"slices"
)

// ClientConfig is what a client must know to log in to an endpoint.
//
// The zero value of every field means "not set", so two configurations merge
// without a default of one hiding a value of the other (see WithOverride).
type ClientConfig struct {
	// TokenEndpoint is the URL that grants are sent to (RFC 6749 §3.2).
	TokenEndpoint string
	// AuthorizationEndpoint is the URL a browser is sent to (RFC 6749 §3.1).
	AuthorizationEndpoint string
	// DeviceAuthorizationEndpoint is the URL at which the device flow starts (RFC 8628
	// §3.1).
	DeviceAuthorizationEndpoint string
	// RevocationEndpoint is the URL at which tokens are revoked (RFC 7009 §2).
	RevocationEndpoint string
	// RedirectURI is where the authorization server sends the browser back to.
	RedirectURI string
	// ClientID names this client to the authorization server.
	ClientID string
	// Scopes are requested in every grant; empty means the server's default.
	Scopes []string
	// Audience names the API that the token is meant for.
	Audience string
	// HeaderKey is the metadata key that carries the access token; empty means
	// "authorization".
	HeaderKey string
	// Issuer is the authorization server's own name for itself (RFC 8414 §2).
	Issuer string
	// AuthMethods are the token_endpoint_auth_methods_supported of RFC 8414 §2;
	// empty means that the server did not say.
	AuthMethods []string
	// IssRequired reports whether the server says that it sends "iss" with every
	// authorization response (RFC 9207 §3).
	IssRequired bool
	// Kept reports whether an earlier process found this out and [Disk] kept it, so that
	// it may be outdated.
	Kept bool
}

// WithOverride returns c with every field that o sets replaced by o's value.
func (c ClientConfig) WithOverride(o ClientConfig) ClientConfig {
	return ClientConfig{
		TokenEndpoint:               cmp.Or(o.TokenEndpoint, c.TokenEndpoint),
		AuthorizationEndpoint:       cmp.Or(o.AuthorizationEndpoint, c.AuthorizationEndpoint),
		DeviceAuthorizationEndpoint: cmp.Or(o.DeviceAuthorizationEndpoint, c.DeviceAuthorizationEndpoint),
		RevocationEndpoint:          cmp.Or(o.RevocationEndpoint, c.RevocationEndpoint),
		RedirectURI:                 cmp.Or(o.RedirectURI, c.RedirectURI),
		ClientID:                    cmp.Or(o.ClientID, c.ClientID),
		Scopes:                      orSlice(o.Scopes, c.Scopes),
		Audience:                    cmp.Or(o.Audience, c.Audience),
		HeaderKey:                   cmp.Or(o.HeaderKey, c.HeaderKey),
		Issuer:                      cmp.Or(o.Issuer, c.Issuer),
		AuthMethods:                 orSlice(o.AuthMethods, c.AuthMethods),
		IssRequired:                 o.IssRequired || c.IssRequired,
		Kept:                        o.Kept || c.Kept,
	}
}

func orSlice(a, b []string) []string {
	if len(a) > 0 {
		return a
	}
	return b
}

// clone returns a copy of c with slices of its own, so that callers cannot change what
// a store holds.
func (c ClientConfig) clone() ClientConfig {
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	return c
}

// ClientConfigStore returns how to log in.
//
// Implementations are safe for concurrent use and honour ctx. Callers decide by
// errors.Is: [ErrNoLogin] (the backend requires no login; the fields that are known are
// returned with it), [ErrNotFound] (another store may have it), [ErrInvalid] (the
// answer must not be used); every other error is transient. A store that caches also
// has an Invalidate method, see [Invalidator].
type ClientConfigStore interface {
	ClientConfig(ctx context.Context) (ClientConfig, error)
}

// Invalidator is implemented by stores that cache an answer, and by those that wrap
// another store. Invalidate deletes the cached answer; auth/flow calls it when the
// authorization server does not know the client (invalid_client) or the path (HTTP 404),
// or if it cannot be reached at an address that [Disk] kept.
type Invalidator interface {
	Invalidate()
}
