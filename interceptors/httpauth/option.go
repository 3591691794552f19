package httpauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/textproto"

	"github.com/jetway-go/jetway/internal/clock"
)

// Option changes what [New] makes. If an option is given several times the last one
// counts, except for those that add something.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	origins   Origins
	strict    bool
	plaintext bool
	rejected  Rule
	headers   []field
	requestID bool
	logger    *slog.Logger
	clock     clock.Clock
	wrong     error
}

// field is one header with its prepared value.
type field struct {
	key   string
	value []string
}

func newConfig(opts []Option) config {
	c := config{rejected: Unauthorized, logger: slog.New(slog.DiscardHandler)}
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

// WithOrigins adds servers that credentials are sent to, in the form that [ParseOrigins]
// takes; requests to others carry none. A URL that cannot be one is the error of every
// request. Without any origin every request is an error, too.
func WithOrigins(urls ...string) Option {
	return option(func(c *config) {
		more, err := ParseOrigins(urls...)
		c.wrong = errors.Join(c.wrong, err)
		c.origins.list = append(c.origins.list, more.list...)
	})
}

// WithStrictOrigins makes a request to any other server an error, [ErrOrigin], and does
// not send it. By default such a request is sent without credentials.
func WithStrictOrigins() Option {
	return option(func(c *config) { c.strict = true })
}

// WithPlaintextCredentials sends credentials without TLS to other machines: any machine
// on the way can read and use them. By default a request that would do so fails with
// [ErrPlaintext], also one to which a redirect leads. Loopback addresses do not need it.
func WithPlaintextCredentials() Option {
	return option(func(c *config) { c.plaintext = true })
}

// WithRejected sets which answers reject the credentials; the default, and nil, is
// [Unauthorized].
func WithRejected(rule Rule) Option {
	return option(func(c *config) {
		if c.rejected = rule; rule == nil {
			c.rejected = Unauthorized
		}
	})
}

// WithHeader adds a header to every request that has none of that name, wherever the
// request goes: it is not for secrets. Given several times with different names, it adds
// up.
func WithHeader(name, value string) Option {
	return option(func(c *config) {
		c.headers = append(c.headers, field{textproto.CanonicalMIMEHeaderKey(name), []string{value}})
	})
}

// WithRequestID gives every request that has none an X-Request-Id: a random UUID
// (RFC 9562 version 4), which stays the same when the request is sent again.
func WithRequestID() Option {
	return option(func(c *config) { c.requestID = true })
}

// WithLogger sets where rejected credentials (at level Debug) and renewed sessions that
// could not be stored (Warn) are logged. No secret is logged. Default: nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

type bareKey struct{}

// WithoutCredentials returns a context whose requests carry no credentials, such as
// those for a document that says how to log in. Their answers replace none either.
func WithoutCredentials(ctx context.Context) context.Context {
	return context.WithValue(ctx, bareKey{}, true)
}

func isBare(ctx context.Context) bool { return ctx.Value(bareKey{}) != nil }

// ownAuthorization reports whether the caller has set the header itself.
func ownAuthorization(h http.Header) bool {
	if len(h["Authorization"]) > 0 {
		return true
	}
	for key := range h { // such as "authorization", which net/http would send as well
		if len(key) == len("Authorization") && textproto.CanonicalMIMEHeaderKey(key) == "Authorization" {
			return true
		}
	}
	return false
}
