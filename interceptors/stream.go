package interceptors

import (
	"context"

	"google.golang.org/grpc"
)

// StreamClientAuth returns an interceptor that attaches the credentials of src
// to streams, and opens a rejected stream a second time with their replacement:
// once for src, and once for a proxy's source, and up to twice more with credentials from
// a store ([auth.Credentials.FromStore]). That happens inside RecvMsg or
// Header, and only while no response message has been delivered; the messages sent
// until then are sent again in the same order, with CloseSend if it was called.
//
// For that the stream keeps the messages sent before the first response: the request
// of a server stream by reference; of other streams copies of up to 64 messages and
// 256 KiB (messages other than protobuf messages are kept by reference and not counted
// in bytes). A stream that is rejected after more was sent fails with [ErrNotReplayed].
// Until the first response SendMsg on a failed stream returns nil, and RecvMsg returns
// the status; so a client that only sends must call RecvMsg, as gRPC requires anyway.
//
// As [UnaryClientAuth] it sends credentials over a connection without TLS too; see
// [WithTransportGuard].
//
// Install it innermost. A nil src attaches request metadata only. Call options
// apply to every attempt, and those that collect something return that of the last; a
// [grpc.OnFinish] callback runs once, at the end of the stream.
func StreamClientAuth(src Source, opts ...Option) grpc.StreamClientInterceptor {
	return newClient(src, opts).stream
}

// ClientAuth returns [UnaryClientAuth] and [StreamClientAuth] for one connection, which
// share what they prepare, and warn of a long token once.
func ClientAuth(src Source, opts ...Option) (grpc.UnaryClientInterceptor, grpc.StreamClientInterceptor) {
	c := newClient(src, opts)
	return c.unary, c.stream
}

func (c *client) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string,
	streamer grpc.Streamer, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	k := c.begin(ctx, method)
	f, attemptOpts := takeFinish(opts)
	attemptOpts = c.takePerCall(&k, attemptOpts)
	if err := c.authenticate(ctx, &k); err != nil {
		f.call(err)
		return nil, err
	}
	if !k.main && !k.proxy {
		return c.openPlain(ctx, &k, opener{desc, cc, streamer, opts}, f)
	}
	s := &authStream{client: c, opener: opener{desc, cc, streamer, attemptOpts}, call: k, ctx: ctx}
	if f != nil {
		s.opts = append(s.opts, grpc.OnFinish(s.attemptFinished))
	}
	if err := s.open(&s.first); err != nil {
		return nil, s.failed(err)
	}
	return s, nil
}

// openPlain opens a stream without credentials of a source, which has no second attempt.
func (c *client) openPlain(ctx context.Context, k *call, o opener, f *finish) (grpc.ClientStream, error) {
	out, _, err := c.outgoing(ctx, k)
	if err != nil {
		f.call(err)
		return nil, err
	}
	s, err := o.streamer(out, o.desc, o.cc, k.method, o.opts...)
	if err != nil {
		return nil, k.identify(err)
	}
	return &identifiedStream{s, k.id}, nil
}

// identifiedStream is a stream that adds its request id to its errors, and makes them safe
// to print.
type identifiedStream struct {
	grpc.ClientStream
	id string
}

func (s *identifiedStream) RecvMsg(m any) error {
	if err := s.ClientStream.RecvMsg(m); err != nil {
		return identify(err, s.id)
	}
	return nil
}
