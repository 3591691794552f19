package oauth

import (
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Times of a server unless [Config] says otherwise.
const (
	// DefaultTokenTTL is how long access tokens live.
	DefaultTokenTTL = time.Hour
	// DefaultCodeTTL is how long authorization codes live (RFC 6749 section 4.1.2
	// allows ten minutes at most).
	DefaultCodeTTL = time.Minute
	// DefaultDeviceTTL is how long device codes live.
	DefaultDeviceTTL = 10 * time.Minute
	// DefaultDeviceInterval is the time between polls (RFC 8628 section 3.2).
	DefaultDeviceInterval = 5 * time.Second
)

// Config is what a Server is made of. Only Issuer is required.
type Config struct {
	// Issuer is the server's own identifier: an http or https URL without query
	// and fragment. A path is kept, and every endpoint lies below it.
	Issuer string
	// Clients are the registered clients; see [Server.RegisterClient] for more.
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
	// [DefaultTokenTTL].
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
	// CodeTTL is the life of authorization codes; zero means [DefaultCodeTTL].
	CodeTTL time.Duration
	// DeviceTTL is the life of device codes, in whole seconds; zero means
	// [DefaultDeviceTTL].
	DeviceTTL time.Duration
	// DeviceInterval is how long devices have to wait between polls, in whole
	// seconds; zero means [DefaultDeviceInterval].
	DeviceInterval time.Duration
	// CamelCase writes the keys of the RFC 8414 document as Flyte hosts do
	// ("tokenEndpoint"). The OpenID Connect document keeps its snake_case.
	CamelCase bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger hears of every answer at debug level, never of a secret; nil discards.
	Logger *slog.Logger
}

// complete checks the configuration and fills in defaults.
func (c *Config) complete() (*url.URL, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &ConfigError{Field: "Issuer", Reason: "want an http or https URL such as http://127.0.0.1:8080"}
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &ConfigError{Field: "Issuer", Reason: "must not carry a query, a fragment or a user (RFC 8414 section 2)"}
	}
	if !plainPath(u) {
		return nil, &ConfigError{Field: "Issuer", Reason: "want a path of letters, digits and -._~ between single slashes, such as /realms/demo"}
	}
	c.Issuer = strings.TrimRight(c.Issuer, "/")
	for _, d := range []struct {
		field  string
		value  *time.Duration
		preset time.Duration
	}{
		{"TokenTTL", &c.TokenTTL, DefaultTokenTTL},
		{"CodeTTL", &c.CodeTTL, DefaultCodeTTL},
		{"DeviceTTL", &c.DeviceTTL, DefaultDeviceTTL},
		{"DeviceInterval", &c.DeviceInterval, DefaultDeviceInterval},
	} {
		if *d.value == 0 {
			*d.value = d.preset
		}
		if *d.value < time.Second || *d.value%time.Second != 0 {
			return nil, &ConfigError{Field: d.field, Reason: "want whole seconds, at least one: answers have no fractions"}
		}
	}
	if c.RotationGrace < 0 {
		return nil, &ConfigError{Field: "RotationGrace", Reason: "must not be negative"}
	}
	if c.OfflineScope != "" && !validScope(c.OfflineScope) {
		return nil, &ConfigError{Field: "OfflineScope", Reason: "is one scope, not several"}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Audiences = slices.Clone(c.Audiences)
	c.Accounts = slices.Clone(c.Accounts)
	c.Grants = slices.Clone(c.Grants)
	c.Quirks = slices.Clone(c.Quirks)
	c.TrustedIssuers = slices.Clone(c.TrustedIssuers)
	for _, check := range []error{checkAccounts(*c), checkGrants(c.Grants), checkQuirks(c.Quirks), checkTrusted(c.TrustedIssuers)} {
		if check != nil {
			return nil, check
		}
	}
	return u, nil
}

// plainPath reports whether the path of u can be compared as text and routed by:
// nothing in it is escaped, empty or a step up.
func plainPath(u *url.URL) bool {
	trimmed := strings.Trim(u.Path, "/")
	if trimmed == "" {
		return true
	}
	for segment := range strings.SplitSeq(trimmed, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, notUnreserved) {
			return false
		}
	}
	return true
}
