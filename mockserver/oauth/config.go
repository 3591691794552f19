// Package oauth describes the mock's authorization server: how it is set up, and
// what scripts and request logs say of it. It holds data and no server.
//
// A [Config] lists the clients, the people who can log in, and the habits
// ([Quirk]) of servers out there that this one takes on. Its zero values are those
// of a strict server that can do all it knows. An [Endpoint], an [Answer] and a
// [TokenSpec] are the words of scripts.
//
// mockserver.NewAuthorizationServer makes a server of a Config.
package oauth

import (
	"log/slog"
	"time"
)

// Config is what an authorization server is made of. Only Issuer is required.
type Config struct {
	// Issuer is the server's own identifier: an http or https URL without query
	// and fragment. A path is kept, and every endpoint lies below it.
	Issuer string
	// Clients are the registered clients; each has its own ID.
	Clients []Client
	// Accounts are the people who can log in. Without any, the server has neither
	// authorization and device endpoints nor the password grant.
	Accounts []Account
	// AutoApprove is the login of an account that needs no pages: the authorization
	// endpoint answers for it at once, and device codes are approved as they are
	// made. Empty asks people.
	AutoApprove string
	// Grants are the grant types of the server, such as [GrantAuthorizationCode];
	// empty means all that it can do. Endpoints and metadata follow.
	Grants []string
	// TrustedIssuers are whose tokens can be exchanged, besides the server's own.
	TrustedIssuers []TrustedIssuer
	// Quirks are its habits.
	Quirks []Quirk
	// TokenTTL is the life of access tokens, in whole seconds; zero means
	// an hour.
	TokenTTL time.Duration
	// Opaque makes access tokens random strings instead of signed JWTs.
	Opaque bool
	// Audiences are the audiences and resources that may be asked for; empty
	// allows any.
	Audiences []string
	// DefaultAudience goes into tokens for which none was asked; may be empty.
	DefaultAudience string
	// KeepRefreshTokens lets a refresh token be used again instead of replacing
	// it at each use.
	KeepRefreshTokens bool
	// RotationGrace is for how long a refresh token can be used again after its
	// first use without ending the login; zero means never.
	RotationGrace time.Duration
	// OfflineScope is a scope such as "offline_access" without which people's
	// logins get no refresh token; empty means that they always do.
	OfflineScope string
	// CodeTTL is the life of authorization codes; zero means a minute
	// (RFC 6749 section 4.1.2 allows ten at most).
	CodeTTL time.Duration
	// DeviceTTL is the life of device codes, in whole seconds; zero means
	// ten minutes.
	DeviceTTL time.Duration
	// DeviceInterval is how long devices have to wait between polls, in whole
	// seconds; zero means five (RFC 8628 section 3.2).
	DeviceInterval time.Duration
	// CamelCase writes the keys of the RFC 8414 document as Flyte hosts do
	// ("tokenEndpoint"). The OpenID Connect document keeps its snake_case.
	CamelCase bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger is told of every answer at debug level, never of a secret; nil discards.
	Logger *slog.Logger
}
