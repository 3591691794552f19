package interceptors

import (
	"context"
	"log/slog"
	"maps"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// Option changes [UnaryClientAuth] and [StreamClientAuth]; give the same ones to
// both. If an option is given several times the last one counts, except for those that
// add something.
type Option interface{ apply(*config) }

// MetadataOption is an Option that has nothing to do with credentials, so that
// it also fits [UnaryClientMetadata] and [StreamClientMetadata].
type MetadataOption interface {
	Option
	metadataOnly()
}

type config struct {
	proxy     Source
	guard     func() error
	open      methodSet
	retry     grpc.UnaryClientInterceptor
	logger    *slog.Logger
	requestID bool
	pairs     metadata.MD
	dynamic   []func(context.Context) metadata.MD
}

func newConfig(opts []Option) config {
	c := config{
		guard:  func() error { return nil },
		logger: slog.New(slog.DiscardHandler),
		pairs:  metadata.MD{},
	}
	c.open.add(discoveryMethods()...)
	for _, o := range opts {
		o.apply(&c)
	}
	return c
}

type option func(*config)

func (o option) apply(c *config) { o(c) }

type metadataOption func(*config)

func (o metadataOption) apply(c *config) { o(c) }
func (metadataOption) metadataOnly()     {}

// discoveryMethods tell a client how to log in, so they cannot require a login.
func discoveryMethods() []string {
	return []string{
		"/flyteidl.service.AuthMetadataService/*",
		"/flyteidl2.auth.AuthMetadataService/*",
	}
}

// WithOpenMethods names methods whose calls do not get the credentials of the
// main [Source] and are not repeated for it: "/package.Service/Method", or
// "/package.Service/*" for a whole service. Any other form matches nothing. The
// AuthMetadataService of Flyte, first and second version, is open by default, since
// clients call it to find out how to log in. Credentials of a proxy and of the call
// itself ([WithCallCredentials]) are attached to open methods too.
func WithOpenMethods(names ...string) Option {
	return option(func(c *config) { c.open.add(names...) })
}

// WithProxySource adds the credentials that a proxy in front of the server requires.
// They are attached to every call, under "proxy-authorization" unless they name
// another HeaderKey, and are refreshed when the proxy answers HTTP 407. An HTTP 401
// always refreshes the main credentials, even if the proxy sent it.
func WithProxySource(s Source) Option {
	return option(func(c *config) { c.proxy = s })
}

// WithTransportGuard sets a check that runs before any credentials, of the main
// source, of a proxy or of the call itself, are fetched or attached. Its error
// ends the call and is returned as it is. It runs on every call and must be
// cheap. Without it credentials are sent over any connection, also one without TLS.
func WithTransportGuard(check func() error) Option {
	return option(func(c *config) {
		if check != nil {
			c.guard = check
		}
	})
}

// WithRetry sets the retry interceptor for unary calls that failed for another reason
// than their credentials. The interceptor calls r after the first attempt has failed
// with the server's error, which r receives as the result of its first attempt; each
// further attempt gets current credentials. Unlike an r that is chained outside the
// interceptor, it costs nothing when a call succeeds, and the request id is the same
// on every attempt. r never receives an [Error], or an error of the guard, as the
// result of the first attempt.
func WithRetry(r grpc.UnaryClientInterceptor) Option {
	return option(func(c *config) { c.retry = r })
}

// WithLogger sets where rejected credentials (at level Debug) and tokens that are too
// long to be sent efficiently (Warn, once) are logged. No secret is logged. Default:
// nothing is logged.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

// WithRequestID gives every call that has none an "x-request-id": a random UUID
// (RFC 9562 version 4) that stays the same when the call is tried again.
// [RequestID] reads it from the call's error.
func WithRequestID() MetadataOption {
	return metadataOption(func(c *config) { c.requestID = true })
}

// WithRequestMetadata adds metadata to every call. If the caller's context sets the
// same key, the caller's values are sent.
func WithRequestMetadata(md metadata.MD) MetadataOption {
	md = lowerKeys(md)
	return metadataOption(func(c *config) { maps.Copy(c.pairs, md) })
}

// WithRequestMetadataFunc adds metadata that f takes from each call's context; f is called
// once a call, must not block, and may return nil. If the caller's context sets the
// same key, the caller's values are sent; those of f take precedence over
// [WithRequestMetadata]. A login that asks the backend over the same connection
// (configstore.Remote) makes calls of its own, whose context has no values of the program.
func WithRequestMetadataFunc(f func(ctx context.Context) metadata.MD) MetadataOption {
	return metadataOption(func(c *config) {
		if f != nil {
			c.dynamic = append(c.dynamic, f)
		}
	})
}

// lowerKeys copies md with keys in lower case, as gRPC requires.
func lowerKeys(md metadata.MD) metadata.MD {
	out := make(metadata.MD, len(md))
	for k, vs := range md {
		k = strings.ToLower(k)
		out[k] = append(out[k], vs...)
	}
	return out
}
