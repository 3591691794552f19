// Package oauth is the configuration of the mock's authorization server, and the types
// that scripts and request logs use for it. It holds data and no server.
//
// A [Config] lists the clients, the users who can log in, and the deviations of real
// servers ([Quirk]) that this one shows. Its zero values make a strict server with
// every grant. Scripts use [Endpoint], [Answer] and [TokenSpec], and return [IssuedToken]
// and [DeviceRequest].
//
// Give a Config to mockserver.WithOAuth, or to mockserver.NewAuthorizationServer for
// the authorization server alone.
package oauth

import (
	"log/slog"
	"time"
)

// Config is the configuration of an authorization server. Only Issuer is required;
// mockserver.WithOAuth sets that too.
type Config struct {
	// Issuer is the server's own identifier: an http or https URL without query and
	// fragment. A path is kept, and every endpoint lies below it. Required, except with
	// mockserver.WithOAuth, which sets it.
	Issuer string
	// Clients are the registered clients; each has its own ID.
	Clients []Client
	// Accounts are the users who can log in. Without any, the server has neither
	// authorization and device endpoints nor the password grant.
	Accounts []Account
	// AutoApprove is the login of an account for which every login is approved without
	// the pages: the authorization endpoint answers at once, and device codes are
	// approved when they are issued. Empty means that users decide on the pages.
	AutoApprove string
	// Grants are the grant types of the server, such as [GrantAuthorizationCode];
	// empty means all. They decide which endpoints and metadata there are.
	Grants []string
	// TrustedIssuers are the issuers whose tokens can be exchanged, besides the server
	// itself.
	TrustedIssuers []TrustedIssuer
	// Quirks are the server's deviations from the standards; empty means none.
	Quirks []Quirk
	// TokenTTL is the lifetime of access tokens, in whole seconds; zero means an hour.
	TokenTTL time.Duration
	// Opaque makes access tokens random strings instead of signed JWTs.
	Opaque bool
	// Audiences are the audiences and resources that may be requested; empty allows any.
	Audiences []string
	// DefaultAudience is the audience of tokens for which none was requested; may be
	// empty.
	DefaultAudience string
	// KeepRefreshTokens lets clients use a refresh token again, instead of rotating it
	// at each use.
	KeepRefreshTokens bool
	// RotationGrace is how long after its first use a rotated refresh token can be used
	// again without revoking the login; zero means never.
	RotationGrace time.Duration
	// OfflineScope is a scope such as "offline_access" without which users' logins get
	// no refresh token; empty means that they always get one.
	OfflineScope string
	// CodeTTL is the lifetime of authorization codes, in whole seconds; zero means a
	// minute (RFC 6749 section 4.1.2 allows ten at most).
	CodeTTL time.Duration
	// DeviceTTL is the lifetime of device codes, in whole seconds; zero means ten
	// minutes.
	DeviceTTL time.Duration
	// DeviceInterval is the minimum time between two polls of a device, in whole
	// seconds; zero means five (RFC 8628 section 3.2).
	DeviceInterval time.Duration
	// CamelCase writes the keys of the RFC 8414 document as Flyte servers do
	// ("tokenEndpoint"). The OpenID Connect document keeps its snake_case.
	CamelCase bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger receives every answer at debug level, without secrets; nil discards them.
	Logger *slog.Logger
}
