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
	call call            // guarded by sending, once open
	ctx  context.Context //nolint:containedctx // the caller's, for the attempts to come

	current atomic.Pointer[attempt]
	first   attempt

	sending sync.Mutex   // held while a message is sent, and during a replay
	kept    replayBuffer // guarded by sending
	verdict error        // guarded by sending: how the stream ended after a rejection

	settled    atomic.Bool
	closed     bool // guarded by sending: CloseSend was called
	sendDirect bool // the sender's own: nothing needs to be kept any more
	recvDirect bool // the receiver's own: a message has arrived
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

// receiveEnd tells how a stream ended whose headers are nil: by gRPC's rules no
// message follows. One that does is not lost in silence.
func (a *attempt) receiveEnd() error {
	a.receiving.Lock()
	defer a.receiving.Unlock()
	if a.err != nil {
		return a.err
	}
	if a.err = a.RecvMsg(new(emptypb.Empty)); a.err == nil {
		a.err = status.Error(codes.Internal, "a message arrived on a stream that had ended without headers")
	}
	return a.err
}

// open makes a the current attempt. The server can already reject that; the
// rest of the stream learns it by receiving.
func (s *authStream) open(a *attempt) error {
	for {
		out, err := s.outgoing(s.ctx, &s.call)
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
		a = new(attempt)
	}
}

// SendMsg sends m, and keeps it until the stream is settled.
func (s *authStream) SendMsg(m any) error {
	if s.sendDirect {
		return s.current.Load().SendMsg(m)
	}
	s.sending.Lock()
	if s.settled.Load() || s.kept.overflow() {
		s.sendDirect = true // to what stays the current attempt
		s.doneSending()
		return s.current.Load().SendMsg(m)
	}
	defer s.doneSending()
	s.kept.add(m, s.desc.ClientStreams)
	err := s.current.Load().SendMsg(m)
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		s.settled.Store(true) // m cannot be sent, for which gRPC ends the stream
	case !s.kept.overflow() && !s.settled.Load():
		return nil // the stream is over; how, and whether m is sent again, comes out by receiving
	}
	return err
}

// CloseSend ends the sending side.
func (s *authStream) CloseSend() error {
	if s.sendDirect {
		return s.current.Load().CloseSend()
	}
	s.sending.Lock()
	defer s.doneSending()
	s.closed = true
	return s.current.Load().CloseSend()
}

// RecvMsg receives the next message. If the server rejects the stream before
// the first one, it is made again here.
func (s *authStream) RecvMsg(m any) error {
	if s.recvDirect {
		return s.call.identify(s.current.Load().RecvMsg(m))
	}
	for {
		a := s.current.Load()
		err := a.receive(m)
		if err == nil {
			s.settle()
			s.recvDirect = true
			return nil
		}
		if err = s.recover(a, err); err != nil {
			return err
		}
	}
}

// Header waits for headers. It does not settle the stream, because some servers
// send headers before they reject a call; the headers are that attempt's then.
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
		if s.recover(a, a.receiveEnd()) != nil {
			return nil, nil //nolint:nilerr,nilnil // the error is RecvMsg's to tell
		}
	}
}

// Trailer returns the trailers of the attempt that counts.
func (s *authStream) Trailer() metadata.MD { return s.current.Load().Trailer() }

// Context returns the context of the current attempt. As gRPC says, it is not
// the stream's for sure before something has been received.
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
		s.kept = replayBuffer{}
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
		return s.call.identify(end)
	}
	s.sending.Lock()
	switch {
	case s.current.Load() != ended: // the other goroutine has already dealt with it
		s.doneSending()
		return nil
	case s.verdict == nil:
		s.verdict = s.reopen(end)
	}
	if verdict := s.verdict; verdict != nil {
		s.settled.Store(true)
		s.doneSending()
		return s.failed(verdict)
	}
	s.replay()
	return nil
}

// reopen gets new credentials and a new stream. Sending is held meanwhile, so
// that the sender waits instead of filling what is kept.
func (s *authStream) reopen(rejected error) error {
	if s.settled.Load() { // by a message that could not be sent
		return s.call.identify(rejected)
	}
	again, err := s.replace(s.ctx, &s.call, rejected)
	if !again {
		return err
	}
	if s.kept.overflow() {
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
		defer s.doneSending()
		if s.kept.resend(to) == nil && s.closed {
			_ = to.CloseSend()
		}
	}
	if s.desc.ClientStreams && s.desc.ServerStreams && s.kept.many != nil {
		go resend()
		return
	}
	resend()
}

// attemptFinished is what gRPC calls at the end of every attempt. Whether a
// rejection is the end of the stream too is not known yet; then failed says it.
func (s *authStream) attemptFinished(err error) {
	if rejectionIn(err) == notRejected || s.settled.Load() {
		finishIn(s.opts).call(err)
	}
}

// failed ends the stream with err after a rejection.
func (s *authStream) failed(err error) error {
	finishIn(s.opts).call(err)
	return err
}
