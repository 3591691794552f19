package clientset

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
)

// stream leaves the gate when it ends.
type stream struct {
	grpc.ClientStream

	set      *ClientSet
	ctx      context.Context //nolint:containedctx // that of the call, which the stream lives in
	oneReply bool            // the first response is also the last
	leave    func()
}

func newStream(ctx context.Context, c *ClientSet, desc *grpc.StreamDesc, s grpc.ClientStream) *stream {
	leave := sync.OnceFunc(c.gate.leave)
	stop := context.AfterFunc(ctx, leave) // for streams that the program does not read to their end
	return &stream{
		ClientStream: s, set: c, ctx: ctx, oneReply: !desc.ServerStreams,
		leave: func() { stop(); leave() },
	}
}

func (s *stream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err != nil && !errors.Is(err, io.EOF) { // after io.EOF, RecvMsg returns the status
		s.leave()
		return s.set.explain(s.ctx, err)
	}
	return err
}

func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case err == nil && !s.oneReply:
		return nil
	case err == nil, errors.Is(err, io.EOF):
		s.leave()
		return err
	default:
		s.leave()
		return s.set.explain(s.ctx, err)
	}
}
