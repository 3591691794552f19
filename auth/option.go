package auth

import (
	"context"
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

// tooNarrow reports whether c asked for fewer scopes than this program, and a new login
// can be made.
func (r *renewal) tooNarrow(ctx context.Context, t *task, c *Credentials) bool {
	missing := c.lacks(r.scopes)
	if len(missing) == 0 || c.Ended != "" || r.narrow.Load() {
		return false
	}
	if r.traits.Interactive && r.env.Prompter == nil {
		r.useNarrow(ctx)
		return false
	}
	if t.narrow = true; t.mode != renewOnly {
		r.log.InfoContext(ctx, "the stored login asked for fewer scopes than this program; a new login replaces it",
			slog.Any("missing", missing))
	}
	return true
}

// useNarrow makes stored logins serve that asked for fewer scopes, and reports whether
// they did not before.
func (r *renewal) useNarrow(ctx context.Context) bool {
	if r.narrow.Swap(true) {
		return false
	}
	r.log.WarnContext(ctx, "the stored login asked for fewer scopes than this program, and no new login can be made here;"+
		" it is used as it is: log in again to have them all", slog.Any("scopes", r.scopes))
	return true
}
