package interceptors

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// authStream is a stream that can be made once more for each kind of
// credentials, until it is settled: by its first response message or by how it
// ended. From then on it only passes on.
//
// As with every ClientStream, one goroutine may send while another receives.
// Whoever receives never waits for the sender before the stream is settled,
// because a sender can be stuck until something is received; it only waits for
// one that sends on a stream already over, which cannot last.
type authStream struct {
	*client
	opener
	ctx  context.Context //nolint:containedctx // the caller's, which the stream lives in
	call call            // guarded by sending, once open

	current atomic.Pointer[attempt]
	first   attempt
	settled atomic.Bool

	sending sync.Mutex   // held while a message is sent, and during a replay
	kept    replayBuffer // guarded by sending
	verdict error        // guarded by sending: how the stream ended after a rejection

	sender   grpc.ClientStream // the sender's own: where to send once settled
	receiver grpc.ClientStream // the receiver's own: where to receive once settled
}

// opener is what opening a stream takes; it is the same for every attempt.
type opener struct {
	desc     *grpc.StreamDesc
	cc       *grpc.ClientConn
	streamer grpc.Streamer
	opts     []grpc.CallOption
}

// attempt is one stream of the server.
type attempt struct {
	grpc.ClientStream
	out headerContext // room for its context

	receiving sync.Mutex // Header may have to receive too
	err       error      // guarded by receiving: how it ended
}

// receive is RecvMsg that can be called by Header at the same time, and that
// goes on saying how the stream ended.
func (a *attempt) receive(m any) error {
	a.receiving.Lock()
	defer a.receiving.Unlock()
	if a.err == nil {
		a.err = a.RecvMsg(m)
	}
	return a.err
}

// open makes a the current attempt. The server can already reject that; the
// rest of the stream learns it by receiving.
func (s *authStream) open(a *attempt) error {
	for {
		out, err := s.outgoing(s.ctx, &s.call, &a.out)
		if err != nil {
			return err
		}
		a.ClientStream, err = s.streamer(out, s.desc, s.cc, s.call.method, s.opts...)
		if err == nil {
			s.current.Store(a)
			return nil
		}
		again, err := s.replace(s.ctx, &s.call, err)
		if !again {
			return err
		}
		a = new(attempt) // gRPC may still hold the other's context
	}
}

// SendMsg sends m, and keeps it until the stream is settled.
func (s *authStream) SendMsg(m any) error {
	if s.sender != nil {
		return s.sender.SendMsg(m)
	}
	s.sending.Lock()
	if s.settled.Load() || s.kept.overflow {
		s.sender = s.current.Load().ClientStream
		s.doneSending()
		return s.sender.SendMsg(m)
	}
	defer s.doneSending()
	s.kept.add(m, s.desc.ClientStreams)
	err := s.current.Load().SendMsg(m)
	if errors.Is(err, io.EOF) && !s.kept.overflow && !s.settled.Load() {
		return nil // the stream is over; how, and whether m is sent again, comes out by receiving
	}
	if err != nil {
		s.kept.removeLast()
	}
	return err
}

// CloseSend ends the sending side.
func (s *authStream) CloseSend() error {
	if s.sender != nil {
		return s.sender.CloseSend()
	}
	s.sending.Lock()
	defer s.doneSending()
	s.kept.closed = true
	return s.current.Load().CloseSend()
}

// RecvMsg receives the next message. If the server rejects the stream before
// the first one, it is made again here.
func (s *authStream) RecvMsg(m any) error {
	if s.receiver != nil {
		return identify(s.receiver.RecvMsg(m), s.call.id)
	}
	for {
		a := s.current.Load()
		err := a.receive(m)
		if err == nil {
			s.settle()
			s.receiver = a.ClientStream
			return nil
		}
		if err = s.recover(a, err); err != nil {
			return err
		}
	}
}

// Header waits for the headers of the attempt that counts. It does not settle
// the stream: some servers send headers before they reject a call.
func (s *authStream) Header() (metadata.MD, error) {
	for {
		a := s.current.Load()
		md, err := a.Header()
		settled := s.settled.Load()
		switch {
		case s.current.Load() != a:
			continue
		case md != nil || err != nil || settled:
			return md, err
		}
		// The stream has ended without headers; a message cannot follow.
		err = a.receive(new(emptypb.Empty))
		if err == nil {
			err = status.Error(codes.Internal, "a message arrived on a stream that had ended without headers")
		}
		if s.recover(a, err) != nil {
			return nil, nil //nolint:nilerr,nilnil // the error is RecvMsg's to tell
		}
	}
}

// Trailer returns the trailers of the attempt that counts.
func (s *authStream) Trailer() metadata.MD { return s.current.Load().Trailer() }

// Context returns the context of the attempt that counts.
func (s *authStream) Context() context.Context { return s.current.Load().Context() }

// settle says that the current attempt is the one.
func (s *authStream) settle() {
	s.settled.Store(true)
	s.tidy()
}

// tidy frees what was kept, unless somebody is sending: they tidy up when they
// are done. Waiting for them here could be for ever, see authStream.
func (s *authStream) tidy() {
	if s.settled.Load() && s.sending.TryLock() {
		s.kept.drop()
		s.sending.Unlock()
	}
}

// doneSending gives the sending side back.
func (s *authStream) doneSending() {
	s.sending.Unlock()
	s.tidy()
}

// recover deals with the end of an attempt. Nil means that there is another to
// receive from.
func (s *authStream) recover(ended *attempt, end error) error {
	if rejectionIn(end) == notRejected {
		s.settle()
		return identify(end, s.call.id)
	}
	s.sending.Lock()
	switch {
	case s.current.Load() != ended: // the other goroutine has already dealt with it
		s.doneSending()
		return nil
	case s.verdict == nil:
		s.verdict = s.reopen(end)
	}
	if s.verdict != nil {
		s.settled.Store(true)
		s.doneSending()
		return s.verdict
	}
	s.replay()
	return nil
}

// reopen gets new credentials and a new stream. Sending is held meanwhile, so
// that the sender waits instead of filling what is kept.
func (s *authStream) reopen(rejected error) error {
	again, err := s.replace(s.ctx, &s.call, rejected)
	if !again {
		return err
	}
	if s.kept.overflow {
		return s.call.fail("replay", rejected, ErrNotReplayed)
	}
	return s.open(new(attempt))
}

// replay sends again what was sent, then lets the sender go on. On a stream
// where both sides talk, the server may stop reading until somebody reads what
// it says, so the goroutine that receives must not be the one that sends. The
// other goroutine ends with the stream at the latest.
func (s *authStream) replay() {
	to := s.current.Load().ClientStream
	resend := func() {
		s.kept.resend(to)
		s.doneSending()
	}
	if s.desc.ClientStreams && s.desc.ServerStreams && len(s.kept.messages) > 0 {
		go resend()
		return
	}
	resend()
}
