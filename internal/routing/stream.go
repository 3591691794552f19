package routing

import (
	"context"
	"errors"
	"io"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// NewStream begins a stream on the connection of the cluster that serves it. Which one that
// is shows the request, so that nothing is sent before SendMsg. A server stream that ends
// before its first message, as on a cluster that no longer serves the resource, begins
// anew if the backend names another one.
func (r *Router) NewStream(
	ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	if !Routes(method) || desc.ClientStreams {
		return r.cfg.Home.NewStream(ctx, desc, method, opts...)
	}
	return &stream{router: r, ctx: ctx, desc: desc, method: method, opts: opts}, nil
}

// stream is a server stream that begins with its request. One goroutine may send while
// others receive, as with every ClientStream.
type stream struct {
	router *Router
	ctx    context.Context //nolint:containedctx // that of the call, which the stream lives in
	desc   *grpc.StreamDesc
	method string
	opts   []grpc.CallOption

	answered bool // used by the receiver only: a message has arrived

	mu       sync.Mutex // guards everything below; not held while something is sent or awaited
	current  grpc.ClientStream
	err      error         // why there is none
	begun    chan struct{} // closed when one of the two above is set; nil while no method waits for that
	opening  bool          // one of them will be
	request  any           // until it is answered
	resource resource
	route    *route
	closed   bool // CloseSend was called
}

// SendMsg begins the stream with the first message that it is given.
func (s *stream) SendMsg(m any) error {
	s.mu.Lock()
	current, err := s.current, s.err
	s.mu.Unlock()
	switch {
	case current != nil:
		return current.SendMsg(m)
	case err != nil:
		return io.EOF // RecvMsg returns it
	}
	current, err = s.begin(m)
	if err != nil {
		return err
	}
	return current.SendMsg(m)
}

// begin opens the stream on the connection for a request; nil for none.
func (s *stream) begin(request any) (grpc.ClientStream, error) {
	r, to := s.router, &s.router.home
	res, ok := resourceOf(s.ctx, request, r.cfg.Org)
	var err error
	if ok {
		if to, err = r.find(s.ctx, res, s.opts); err != nil {
			return nil, s.fail(err)
		}
	}
	s.mu.Lock()
	err, s.opening = s.err, s.err == nil
	s.mu.Unlock()
	if err != nil { // a receiver has not waited
		return nil, err
	}
	opened, err := to.conn.NewStream(s.ctx, s.desc, s.method, s.opts...)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.err = opened, err
	s.resource, s.route, s.request = res, to, request
	if s.begun != nil {
		close(s.begun)
	}
	return opened, err
}

// fail ends a stream that is not being opened, and returns err.
func (s *stream) fail(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.err = err
	if s.begun != nil {
		close(s.begun)
	}
	return notMade(s.opts, err)
}

// CloseSend without a request leaves it to the backend what to make of that.
func (s *stream) CloseSend() error {
	s.mu.Lock()
	s.closed = true
	current, err := s.current, s.err
	s.mu.Unlock()
	if current == nil && err == nil {
		current, err = s.begin(nil)
	}
	if err != nil {
		return nil //nolint:nilerr // as gRPC: RecvMsg returns it
	}
	return current.CloseSend()
}

// wait returns the stream once it has begun.
func (s *stream) wait() (grpc.ClientStream, error) {
	s.mu.Lock()
	if s.current != nil || s.err != nil {
		defer s.mu.Unlock()
		return s.current, s.err
	}
	if s.begun == nil {
		s.begun = make(chan struct{})
	}
	begun := s.begun
	s.mu.Unlock()
	select {
	case <-begun:
	case <-s.ctx.Done():
		s.mu.Lock()
		opening := s.opening
		s.mu.Unlock()
		if !opening {
			return nil, s.fail(status.FromContextError(s.ctx.Err()).Err())
		}
		<-begun // soon, with the same end
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.err
}

// Header waits for the request to be sent, and then for headers.
func (s *stream) Header() (metadata.MD, error) {
	current, err := s.wait()
	if err != nil {
		return nil, err
	}
	return current.Header()
}

// RecvMsg receives the next message, once the request is sent.
func (s *stream) RecvMsg(m any) error {
	current, err := s.wait()
	if err != nil {
		return err
	}
	err = current.RecvMsg(m)
	switch {
	case s.answered:
	case err == nil:
		s.answered = true
		s.mu.Lock()
		s.request = nil
		s.mu.Unlock()
	case !errors.Is(err, io.EOF) && s.again(err):
		return s.RecvMsg(m)
	}
	return err
}

// again begins the stream anew after it has ended with err, and reports whether it could.
// After CloseSend nothing else is sent on it.
func (s *stream) again(err error) bool {
	s.mu.Lock()
	request, res, was, closed := s.request, s.resource, s.route, s.closed
	s.request = nil // once
	s.mu.Unlock()
	if request == nil || !closed {
		return false
	}
	next := s.router.instead(s.ctx, res, was, s.method, err, s.opts)
	if next == nil {
		return false
	}
	opened, failed := next.conn.NewStream(s.ctx, s.desc, s.method, s.opts...)
	if failed != nil || opened.SendMsg(request) != nil || opened.CloseSend() != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = opened
	return true
}

// Trailer returns the trailers of a stream that has ended.
func (s *stream) Trailer() metadata.MD {
	if current := s.now(); current != nil {
		return current.Trailer()
	}
	return nil
}

// Context returns the context of the stream. As gRPC documents, call it only after Header
// or RecvMsg has returned.
func (s *stream) Context() context.Context {
	if current := s.now(); current != nil {
		return current.Context()
	}
	return s.ctx
}

func (s *stream) now() grpc.ClientStream {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current
}
