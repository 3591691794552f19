package clientset

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/interceptors"
)

// Option changes what [ForEndpoint], [ForAPIKey] and [For] make. Where options,
// the target of a resolver, the environment and the backend say different things
// about one setting, the first of them that says anything wins. An option given
// twice counts as given last, except those that add something.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

// WithLogger reports events: logins, renewals, rejected credentials, and loud
// warnings about weakened security. Nothing secret is logged at any level. The
// default discards.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

// WithRequestMetadata adds metadata to every call, to what was added before. A
// key that a caller sets itself keeps the caller's values, and the login's own
// header wins over both. Keys are letters, digits and "-_.", in any case.
func WithRequestMetadata(md metadata.MD) Option {
	return option(func(c *config) {
		c.wrong = errors.Join(c.wrong, checkMetadata(md))
		c.metadata = append(c.metadata, interceptors.WithRequestMetadata(md))
	})
}

// WithRequestMetadataFunc adds metadata that f takes from each call's context. It
// is asked once a call, from many goroutines, must not block, and may return nil.
// For the rest it is [WithRequestMetadata], and wins over it.
func WithRequestMetadataFunc(f func(ctx context.Context) metadata.MD) Option {
	return option(func(c *config) { c.metadata = append(c.metadata, interceptors.WithRequestMetadataFunc(f)) })
}

// WithoutRequestID stops giving calls that have none an x-request-id, a random
// UUID that the errors of a call tell (interceptors.RequestID) and that helps to
// find it in a server's logs.
func WithoutRequestID() Option {
	return option(func(c *config) { c.withoutRequestID = true })
}

// WithRetries sets how often a unary call that changes nothing is repeated when
// the server answers Unavailable or ResourceExhausted; the default is 3, zero or
// less repeats none. The waits begin at half a second, double up to 10 seconds, and
// vary by half; a call's deadline ends them. Which calls change nothing is what the
// contract says (idempotency_level), and a short list of reads that it leaves open.
func WithRetries(n int) Option {
	return option(func(c *config) { c.retries = uint(max(n, 0)) })
}

// WithoutRetry repeats no call over trouble that may pass. A call whose
// credentials were rejected is still made once more.
func WithoutRetry() Option { return WithRetries(0) }
