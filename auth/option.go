package auth

import (
	"log/slog"
	"time"
)

// Option changes how an [Authenticator] works. See [New].
type Option interface{ apply(a *Authenticator) }

type optionFunc func(*Authenticator)

func (f optionFunc) apply(a *Authenticator) { f(a) }

// WithInitial starts with credentials that were got elsewhere. They are used
// before anything a store holds, and renewed like any other.
func WithInitial(c *Credentials) Option {
	return optionFunc(func(a *Authenticator) { a.initial = c })
}

// WithStore remembers logins in s. Without it they end with the process.
func WithStore(s Store) Option {
	return optionFunc(func(a *Authenticator) { a.store = s })
}

// WithExpirySkew sets how long before its expiry a credential is no longer
// handed out, at most half its lifetime. Zero is the default: 10 seconds, but at
// most a tenth of the lifetime.
func WithExpirySkew(d time.Duration) Option {
	return optionFunc(func(a *Authenticator) { a.skew = d })
}

// WithLogger reports events (a login, a renewal, a store that fails), never a
// token. The default is the logger of the [Env], or none.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(a *Authenticator) { a.log = l })
}
