package interceptors

import (
	"context"

	"google.golang.org/grpc"
)

// StreamClientAuth returns an interceptor that attaches the credentials of src
// to streams, and makes a rejected stream a second time with their replacement:
// once for src, and once for a proxy's source. That happens inside RecvMsg or
// Header, and only while no response message has been delivered; what was sent
// until then is sent again in the same order, with CloseSend if it was called.
//
// For that the stream keeps what is sent before the first response: the request
// of a server stream by reference, of the others copies of up to 64 messages and
// 256 KiB (by reference again, and not counted in bytes, where a codec other than
// protobuf's has types of its own). A stream that is rejected after more was sent
// ends with [ErrNotReplayed]. Until the first response a send on a stream that has ended
// says nothing, and the receiving side tells how it ended; so a client that only
// sends must look at what it receives, as gRPC asks for anyway.
//
// Install it innermost. A nil src attaches request metadata only. Call options
// hold for every attempt, and what they collect is the last one's; a
// [grpc.OnFinish] callback runs once, at the end of the stream.
func StreamClientAuth(src Source, opts ...Option) grpc.StreamClientInterceptor {
	return newClient(src, opts).stream
}

func (c *client) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string,
	streamer grpc.Streamer, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	k := c.begin(ctx, method)
	f, attemptOpts := takeFinish(opts)
	if err := c.authenticate(ctx, &k); err != nil {
		f.call(err)
		return nil, err
	}
	if !k.main && !k.proxy {
		return c.openPlain(ctx, &k, opener{desc, cc, streamer, opts})
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

// openPlain opens a stream that nothing can be done for when it is rejected.
func (c *client) openPlain(ctx context.Context, k *call, o opener) (grpc.ClientStream, error) {
	out, err := c.outgoing(ctx, k)
	if err != nil {
		return nil, err
	}
	s, err := o.streamer(out, o.desc, o.cc, k.method, o.opts...)
	switch {
	case err != nil:
		return nil, k.identify(err)
	case k.id != "":
		return &identifiedStream{s, k.id}, nil
	}
	return s, nil
}

// identifiedStream is a stream whose errors know its request id.
type identifiedStream struct {
	grpc.ClientStream
	id string
}

func (s *identifiedStream) RecvMsg(m any) error {
	return identify(s.ClientStream.RecvMsg(m), s.id)
}
