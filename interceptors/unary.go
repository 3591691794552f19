package interceptors

import (
	"context"

	"google.golang.org/grpc"
)

// UnaryClientAuth returns an interceptor that attaches the credentials of src to
// unary calls, and makes a call a second time with their replacement when the
// server rejects them: once for src, and once for a proxy's source, up to twice more with
// credentials from a store ([auth.Credentials.FromStore]), and once with those that src
// Doubted. The caller's deadline covers all attempts; call options apply to each of them, but
// a [grpc.OnFinish] callback runs once. A nil src attaches request metadata only.
//
// It does not know whether the connection has TLS, and sends credentials over one without
// it too, where others on the network can read them: set [WithTransportGuard] if that
// may happen. Package clientset does.
//
// Install it innermost. It is safe for concurrent use. Give the same src to
// [StreamClientAuth], so that unary calls and streams share a login.
func UnaryClientAuth(src Source, opts ...Option) grpc.UnaryClientInterceptor {
	return newClient(src, opts).unary
}

// invocation holds the arguments of a unary call; they are the same for every attempt.
type invocation struct {
	req, reply any
	cc         *grpc.ClientConn
	invoker    grpc.UnaryInvoker
	opts       []grpc.CallOption
}

func (c *client) unary(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn,
	invoker grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	k := c.begin(ctx, method)
	f, attemptOpts := takeFinish(opts)
	i := invocation{req, reply, cc, invoker, c.takePerCall(&k, attemptOpts)}
	answered, err := c.invoke(ctx, &k, i)
	if err != nil && answered && c.retry != nil {
		err = c.invokeAgain(ctx, k, i, err)
	}
	f.call(err)
	return err
}

// invoke makes one call, with one more attempt for each kind of credentials, and one for
// each replacement that was only found in a store. answered reports whether err is the server's answer.
func (c *client) invoke(ctx context.Context, k *call, i invocation) (answered bool, err error) {
	if err := c.authenticate(ctx, k); err != nil {
		return false, err
	}
	for {
		out, h, err := c.outgoing(ctx, k)
		if err != nil {
			return false, err
		}
		err = i.invoker(out, k.method, i.req, i.reply, i.cc, i.opts...)
		c.accepted(h, err)
		k.perCall.accepted(err)
		if err == nil {
			return true, nil
		}
		again, err := c.replace(ctx, k, err)
		if !again {
			return !isOwn(err), err
		}
	}
}

// invokeAgain passes a call to the retry interceptor, with the failed first attempt as
// the result of that interceptor's own first attempt.
func (c *client) invokeAgain(ctx context.Context, k call, i invocation, first error) error {
	attempt := func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, opts ...grpc.CallOption) error {
		if err := first; err != nil {
			first = nil
			return err
		}
		next := k // without what the attempt before found out
		next.method, next.mainNow, next.proxyNow, next.mainReplaced, next.proxyReplaced = method, nil, nil, false, false
		if next.perCall != nil {
			next.perCall.now.Store(nil)
		}
		_, err := c.invoke(ctx, &next, invocation{req, reply, cc, i.invoker, opts})
		return err
	}
	err := c.retry(ctx, k.method, i.req, i.reply, i.cc, attempt, i.opts...)
	if RequestID(err) == "" { // made by the retry, such as for a deadline that passed between two attempts
		err = k.identify(err)
	}
	return err
}
