// Package doctor says what is wrong with a connection, step by step.
//
// A call that fails shows the end of a chain: the name had to be resolved, a port and maybe
// a proxy reached, a certificate verified, a gRPC server found behind it, the login found
// out about, read and sent. This package takes these steps one by one, with the very
// settings of the program's own client, and reports of each what it saw, how long it took
// and what to do next. It asks no person anything, makes no login, changes nothing, and
// shows no secret. What a failed step makes impossible is skipped.
//
// Say what to examine with [Endpoint], [APIKey] or [Resolver], in the words with which the
// program makes its client, and call [Run], or range over [Steps] to show each step as it
// ends.
package doctor

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform"
)

// Target is the client to examine. Make one with [Endpoint], [APIKey] or [Resolver]; the
// zero value is reported as a setting that is missing.
type Target struct {
	client func(ctx context.Context, own ...clientset.Option) (*clientset.ClientSet, error)
}

// Endpoint is the client of [clientset.ForEndpoint] with these options.
func Endpoint(address string, opts ...clientset.Option) Target {
	return Target{func(_ context.Context, own ...clientset.Option) (*clientset.ClientSet, error) {
		return clientset.ForEndpoint(address, slices.Concat(opts, own)...)
	}}
}

// APIKey is the client of [clientset.ForAPIKey] with these options.
func APIKey(key string, opts ...clientset.Option) Target {
	return Target{func(_ context.Context, own ...clientset.Option) (*clientset.ClientSet, error) {
		return clientset.ForAPIKey(key, slices.Concat(opts, own)...)
	}}
}

// Resolver is the client of [clientset.For] with these options. The resolver may send
// requests, which belong to the step "settings".
func Resolver(r platform.Resolver, opts ...clientset.Option) Target {
	return Target{func(ctx context.Context, own ...clientset.Option) (*clientset.ClientSet, error) {
		return clientset.For(ctx, r, slices.Concat(opts, own)...)
	}}
}

// Option changes what [Run] and [Steps] do.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

// DefaultStepTimeout is how long a step may take.
const DefaultStepTimeout = 10 * time.Second

// WithStepTimeout sets how long a step may take; the default, also of zero or less, is
// [DefaultStepTimeout].
func WithStepTimeout(d time.Duration) Option {
	return option(func(c *config) {
		if c.limit = d; d <= 0 {
			c.limit = DefaultStepTimeout
		}
	})
}

// WithCall sets the call of the step "call", and its name in the report. By default it is
// ProjectService/ListProjects with a limit of one. The call should change nothing; conn
// attaches the login, as far as there is one, and repeats nothing.
func WithCall(name string, call func(ctx context.Context, conn grpc.ClientConnInterface) error) Option {
	return option(func(c *config) {
		if call != nil {
			c.callName, c.call = name, call
		}
	})
}
