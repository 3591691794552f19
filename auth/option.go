package auth

import (
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// Option changes how an [Authenticator] works. See [New].
type Option interface{ apply(o *options) }

type options struct {
	store   Store
	initial *Credentials
	skew    time.Duration
	scope   string
	log     *slog.Logger
	clock   clock.Clock

	observer Observer
}

type optionFunc func(*options)

func (f optionFunc) apply(o *options) { f(o) }

// WithInitial starts with credentials that the program already has. They take precedence
// over stored ones, and are refreshed like any other.
func WithInitial(c *Credentials) Option {
	return optionFunc(func(o *options) { o.initial = c })
}

// WithStore stores logins in s. Without it they are kept in memory, by this
// Authenticator only.
//
// If s is a [Locker], as the stores of auth/tokenstore are, one Authenticator at a time
// replaces the login, among all processes that share s. Another one waits for the lock
// for 20 seconds at most, then continues without it and logs that. The lock is not held
// while a person logs in.
//
// If many machines share s, it says so by [ErrLeaseRequired], and no refresh token is sent
// without the lock: calls carry the token that they have until its end, and are Unavailable
// then. If s is a [Watcher] too, the Authenticator watches it from its first use until
// Close, and uses what others store; it tries again to store what could not be stored.
func WithStore(s Store) Option {
	return optionFunc(func(o *options) { o.store = s })
}

// WithScope sets the scopes, separated by spaces, that the configuration of the flow asks
// for, unless the [Traits] of the flow name some. A stored login that asked for fewer is
// replaced: where a person has to log in, in a call that the server rejects. Where no
// new login can be made, the stored one is used, and the log says so. Empty, the default,
// means that any stored login will do.
func WithScope(scope string) Option {
	return optionFunc(func(o *options) { o.scope = scope })
}

// WithExpirySkew sets how long before its expiry a token is no longer used, at most half
// its lifetime. Zero means the default: 10 seconds, but at most a tenth of the
// lifetime.
func WithExpirySkew(d time.Duration) Option {
	return optionFunc(func(o *options) { o.skew = d })
}

// WithLogger logs events (a login, a refresh, a store that fails), never a token.
// The default is the logger of the [Env], or none.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(o *options) { o.log = l })
}
