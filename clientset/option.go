package clientset

import (
	"context"
	"errors"
	"log/slog"

	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/interceptors"
)

// Option changes what [ForEndpoint], [ForAPIKey] and [For] make. An option wins over
// the target of a resolver, the target over the environment, and the environment over
// what the backend advertises. If an option is given several times the last one wins,
// unless its documentation says that it adds up. Options that contradict each other are
// an error of the function that makes the client.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

// WithLogger logs logins, refreshes and rejected credentials (at level Debug), and warns
// about weakened security and stores that fail. Nothing secret is logged at any level. By
// default nothing is logged. docs/events.md has a table of the messages.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

// WithRequestMetadata adds metadata to every call. Given several times, it adds up. If
// the caller's context sets the same key, the caller's values are sent; the header of
// the login wins over both. Keys are letters, digits and "-_.", in any case.
func WithRequestMetadata(md metadata.MD) Option {
	return option(func(c *config) {
		c.wrong = errors.Join(c.wrong, checkMetadata(md))
		c.metadata = append(c.metadata, interceptors.WithRequestMetadata(md))
	})
}

// WithRequestMetadataFunc adds the metadata that f returns for each call's context. It
// is called once a call, from many goroutines, must not block, and may return nil. Its
// metadata wins over that of [WithRequestMetadata], whose rules hold otherwise. It is
// not called for the calls that a login makes to find out how to log in: their context
// may belong to no call of the program, and has none of its values.
func WithRequestMetadataFunc(f func(ctx context.Context) metadata.MD) Option {
	own := f
	if f != nil {
		own = func(ctx context.Context) metadata.MD {
			if isDiscovery(ctx) {
				return nil
			}
			return f(ctx)
		}
	}
	return option(func(c *config) { c.metadata = append(c.metadata, interceptors.WithRequestMetadataFunc(own)) })
}

// WithoutRequestID adds no x-request-id to calls. By default calls that have none get a
// random UUID, which interceptors.RequestID returns for an error and which helps to
// find the call in a server's logs.
func WithoutRequestID() Option {
	return option(func(c *config) { c.withoutRequestID = true })
}

// WithRetries sets how often a unary call that changes nothing is repeated after
// Unavailable or ResourceExhausted; the default is 3, zero or less repeats none. The
// waits begin at half a second, double up to 10 seconds, and are varied at random by up
// to half; a call's deadline ends them. Calls change nothing if the proto says so
// (idempotency_level), or if they are on a short list of reads that it does not mark.
// A call is not repeated if only a change of the settings helps, as after an untrusted
// certificate. gRPC's own retry policy does not know which calls these are.
func WithRetries(n int) Option {
	return option(func(c *config) { c.retries = uint(max(n, 0)) })
}

// WithoutRetry repeats no call after a transient error. A call whose credentials were
// rejected is still made once more.
func WithoutRetry() Option { return WithRetries(0) }
