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

// authStream is a stream that can be opened once more for each kind of credentials,
// until it is settled: by its first response message, or by its final status. From
// then on it only passes calls on to the current attempt.
//
// As with every ClientStream, one goroutine may send while another receives. The
// receiver does not wait for the sender before the stream is settled, because a sender
// can block until something is received. It only waits for a sender on an attempt that
// has already failed, which returns at once.
type authStream struct {
	*client
	opener
	call call            // guarded by sending, once open
	ctx  context.Context //nolint:containedctx // the caller's, for the attempts to come

	current atomic.Pointer[attempt]
	first   attempt

	sending sync.Mutex   // held while a message is sent, and during a replay
	kept    replayBuffer // guarded by sending
	verdict error        // guarded by sending: the final error after a rejection

	settled    atomic.Bool
	closed     bool // guarded by sending: CloseSend was called
	sendDirect bool // used by the sender only: no message needs to be kept any more
	recvDirect bool // used by the receiver only: a message has arrived
}

// opener holds the arguments for opening a stream; they are the same for every attempt.
type opener struct {
	desc     *grpc.StreamDesc
	cc       *grpc.ClientConn
	streamer grpc.Streamer
	opts     []grpc.CallOption
}

// attempt is one stream of the server.
type attempt struct {
	grpc.ClientStream
	headers *headers // what it carries

	receiving sync.Mutex // Header may have to receive too
	err       error      // guarded by receiving: the error that ended it
}

// receive is a RecvMsg that Header may call at the same time, and that returns the
// final error again when it is called after the end.
func (a *attempt) receive(m any) error {
	a.receiving.Lock()
	defer a.receiving.Unlock()
	if a.err == nil {
		a.err = a.RecvMsg(m)
	}
	return a.err
}

// receiveEnd returns the final error of a stream whose headers are nil. By gRPC's
// rules no message follows; if one does, that is an error of its own.
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

// open opens a and makes it the current attempt. A rejection by the server at this
// point is handled here, a later one when the stream is received from.
func (s *authStream) open(a *attempt) error {
	for {
		out, h, err := s.outgoing(s.ctx, &s.call)
		if err != nil {
			return err
		}
		a.headers = h
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
		s.sendDirect = true // the current attempt no longer changes
		s.doneSending()
		return s.current.Load().SendMsg(m)
	}
	defer s.doneSending()
	s.kept.add(m, s.desc.ClientStreams)
	err := s.current.Load().SendMsg(m)
	switch {
	case err == nil:
	case !errors.Is(err, io.EOF):
		s.settled.Store(true) // m cannot be sent, and gRPC ends the stream for that
	case !s.kept.overflow() && !s.settled.Load():
		return nil // the attempt has failed; RecvMsg returns why, or sends m again
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

// RecvMsg receives the next message. If the server rejects the stream before the
// first message, RecvMsg opens it again.
func (s *authStream) RecvMsg(m any) error {
	if s.recvDirect {
		if err := s.current.Load().RecvMsg(m); err != nil {
			return s.call.identify(err)
		}
		return nil
	}
	for {
		a := s.current.Load()
		err := a.receive(m)
		s.accepted(a.headers, err)
		s.call.perCall.accepted(err)
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
// send headers before they reject a call; then it has returned those of the first
// attempt.
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
			return nil, nil //nolint:nilerr,nilnil // RecvMsg returns the error
		}
	}
}

// Trailer returns the trailers of the current attempt.
func (s *authStream) Trailer() metadata.MD { return s.current.Load().Trailer() }

// Context returns the context of the current attempt. As gRPC documents, call it only
// after Header or RecvMsg has returned.
func (s *authStream) Context() context.Context { return s.current.Load().Context() }

// settle makes the current attempt the final one.
func (s *authStream) settle() {
	s.settled.Store(true)
	s.tidy()
}

// tidy frees the kept messages, unless a send is in progress: then that send frees
// them when it is done. Waiting for it here could block for ever, see authStream.
func (s *authStream) tidy() {
	if s.settled.Load() && s.sending.TryLock() {
		s.kept = replayBuffer{}
		s.sending.Unlock()
	}
}

// doneSending releases the sending side.
func (s *authStream) doneSending() {
	s.sending.Unlock()
	s.tidy()
}

// recover handles the end of an attempt. It returns nil if there is another attempt
// to receive from.
func (s *authStream) recover(ended *attempt, end error) error {
	if rejectionIn(end) == notRejected {
		s.settle()
		return s.call.identify(end)
	}
	s.sending.Lock()
	switch {
	case s.current.Load() != ended: // the other goroutine has already handled it
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

// reopen gets new credentials and opens a new attempt. The caller holds sending, so
// that the sender waits meanwhile instead of filling the buffer.
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

// replay sends the kept messages again, then releases the sender. On a bidirectional
// stream the server may stop reading until its responses are read, so the goroutine
// that receives must not be the one that sends. The other goroutine ends with the
// stream at the latest.
func (s *authStream) replay() {
	to := s.current.Load().ClientStream
	resend := func() {
		defer s.doneSending()
		if s.kept.resend(to) == nil && s.closed {
			_ = to.CloseSend()
		}
	}
	if s.desc.ClientStreams && s.desc.ServerStreams && s.kept.many() != nil {
		go resend()
		return
	}
	resend()
}

// attemptFinished is the OnFinish callback of every attempt. After a rejection the
// stream may continue with another attempt; if it does not, failed runs the callbacks.
func (s *authStream) attemptFinished(err error) {
	if rejectionIn(err) == notRejected || s.settled.Load() {
		finishIn(s.opts).call(err)
	}
}

// failed runs the callbacks of a stream that ends with err, and returns err.
func (s *authStream) failed(err error) error {
	finishIn(s.opts).call(err)
	return err
}
