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
	method   string
	oneReply bool // the first response is also the last
	answered bool // a message has arrived

	// Guarded by the lock of the streams under way; nil when it is none of them any more.
	before, after *stream
}

func newStream(ctx context.Context, c *ClientSet, desc *grpc.StreamDesc, method string, s grpc.ClientStream) *stream {
	begun := &stream{ClientStream: s, set: c, ctx: ctx, method: method, oneReply: !desc.ServerStreams}
	c.streams.add(begun)
	return begun
}

func (s *stream) SendMsg(m any) error {
	err := s.ClientStream.SendMsg(m)
	if err != nil && !errors.Is(err, io.EOF) { // after io.EOF, RecvMsg returns the status
		s.leave()
		return s.set.explain(s.ctx, operation{op: opCall, method: s.method}, err)
	}
	return err
}

func (s *stream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	switch {
	case err == nil && !s.oneReply:
		s.answered = true
		return nil
	case err == nil, errors.Is(err, io.EOF):
		s.leave()
		return err
	default:
		s.leave()
		return s.set.explain(s.ctx, operation{opCall, s.method, s.answered}, err)
	}
}

func (s *stream) leave() { s.set.streams.end(s) }

// streams are those under way. One that the program does not read to its end is over when
// its context is: to watch each context would cost several allocations a stream, so a look
// at a few of them when another stream begins has to do, until Shutdown waits for them. The
// zero value is ready.
type streams struct {
	mu      sync.Mutex
	ring    stream // its neighbours are the newest stream and the oldest
	watched bool   // Shutdown waits
}

// looks is how many streams are looked at when one begins: more than one, so that those
// that are over do not pile up.
const looks = 2

func (r *streams) add(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ring.after == nil {
		r.ring.before, r.ring.after = &r.ring, &r.ring
	}
	for range looks {
		oldest := r.ring.after
		if oldest == &r.ring {
			break
		}
		if oldest.ctx.Err() != nil {
			r.remove(oldest)
			continue
		}
		oldest.unlink()
		r.link(oldest)
	}
	r.link(s)
	if r.watched {
		context.AfterFunc(s.ctx, s.leave)
	}
}

// end takes s out of the streams under way; calling it again does nothing.
func (r *streams) end(s *stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(s)
}

// watch has all streams leave when their context ends, from now on.
func (r *streams) watch() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watched = true
	for s := r.ring.after; s != nil && s != &r.ring; s = s.after {
		context.AfterFunc(s.ctx, s.leave)
	}
}

func (r *streams) link(s *stream) {
	s.before, s.after = r.ring.before, &r.ring
	s.before.after, r.ring.before = s, s
}

func (r *streams) remove(s *stream) {
	if s.after != nil {
		s.unlink()
		s.set.gate.leave()
	}
}

func (s *stream) unlink() {
	s.before.after, s.after.before = s.after, s.before
	s.before, s.after = nil, nil
}
