package clientset

import (
	"context"
	"errors"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/interceptors/httprule"
)

// HTTPConn returns a connection for generated stubs over the backend's HTTP API, for where
// only HTTP gets through to a gRPC service: calls become requests by the google.api.http
// options of their methods; see package httprule, which has the options. A stub is made with
// it as with the ClientSet itself, which is the connection for gRPC.
//
// Calls have the login, the request metadata and the x-request-id of gRPC calls, and those
// whose rule is a GET are repeated after transient failures; interceptors.WithCallCredentials
// holds for them, grpc.PerRPCCredentials does not. Their errors are the server's status, an
// [*httprule.Error] or an [*Error], with advice; interceptors.RequestID finds the id in them.
// Streams are Unimplemented. Closing the ClientSet ends calls under way.
//
// Without an HTTP base every call fails with [ErrNoHTTP]. The connection needs no Close, and
// remembers the rules that it has read: call HTTPConn once.
func (c *ClientSet) HTTPConn(opts ...httprule.Option) grpc.ClientConnInterface {
	switch {
	case c.web == nil:
		return refusingConn{c.fail(opCall, errForConn)}
	case c.web.base == "":
		return refusingConn{c.fail(opCall, ErrNoHTTP)}
	}
	opts = append([]httprule.Option{httprule.WithHeaderName(headerName)}, opts...)
	return &ruleConn{set: c, rules: httprule.New(&c.web.client, c.web.base, opts...), attach: c.web.attach}
}

var errForConn = errors.New("this client was made by ForConn, which has gRPC only")

// headerName gives the request id the name that httpauth, and every proxy, looks for.
func headerName(key string) string {
	if key == "x-request-id" {
		return "X-Request-Id"
	}
	return httprule.HeaderName(key)
}

// ruleConn calls by HTTP rules.
type ruleConn struct {
	set    *ClientSet
	rules  grpc.ClientConnInterface
	attach grpc.UnaryClientInterceptor
}

// Invoke makes a unary call.
func (r *ruleConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if interceptors.HasCallCredentials(ctx) {
		ctx = httpauth.WithoutCredentials(ctx)
	}
	if err := r.attach(ctx, method, args, reply, nil, r.invoke, opts...); err != nil {
		return r.set.explainHTTP(ctx, method, err)
	}
	return nil
}

func (r *ruleConn) invoke(ctx context.Context, method string, args, reply any, _ *grpc.ClientConn, opts ...grpc.CallOption) error {
	return r.rules.Invoke(ctx, method, args, reply, opts...)
}

// NewStream returns an error: streams have no HTTP rules.
func (r *ruleConn) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return r.rules.NewStream(ctx, desc, method, opts...)
}

// httpAttach returns what adds metadata, a request id and the credentials of a call to calls
// by HTTP rules; the login is in the transport.
func (c *config) httpAttach(set *ClientSet) grpc.UnaryClientInterceptor {
	opts := []interceptors.Option{interceptors.WithLogger(c.logger)}
	if !c.withoutRequestID {
		opts = append(opts, interceptors.WithRequestID())
	}
	for _, m := range c.metadata {
		opts = append(opts, m)
	}
	if set.web.bare(c.plaintextCredentials) {
		guard := set.fail(opCall, ErrPlaintext)
		opts = append(opts, interceptors.WithTransportGuard(func() error { return guard }))
	}
	return interceptors.UnaryClientAuth(nil, opts...)
}

// refusingConn stands for a connection to an API that the backend does not have.
type refusingConn struct{ err error }

func (r refusingConn) Invoke(_ context.Context, _ string, _, _ any, opts ...grpc.CallOption) error {
	return notMade(opts, r.err)
}

func (r refusingConn) NewStream(
	_ context.Context, _ *grpc.StreamDesc, _ string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	return nil, notMade(opts, r.err)
}
