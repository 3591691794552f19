package mockserver

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Hold is one call that waits on the server; see [Script.Hold].
type Hold struct {
	pattern string
	taken   bool // by a call; guarded by Script.mu
	arrived chan struct{}
	release chan struct{}
	once    sync.Once
}

// Hold makes the next call of method wait after its access token was accepted and
// before the handler runs. On release the server checks the token again: if it was
// revoked or has expired meanwhile, the call ends with Unauthenticated before any
// response message, unary calls and streams alike.
func (c *Script) Hold(method string) *Hold {
	h := &Hold{pattern: c.pattern(method), arrived: make(chan struct{}), release: make(chan struct{})}
	c.edit(func() { c.holds = append(c.holds, h) })
	return h
}

// Arrived returns a channel that is closed when a call waits.
func (h *Hold) Arrived() <-chan struct{} { return h.arrived }

// Release lets the call continue, also one that has not arrived yet. Calling it again
// does nothing.
func (h *Hold) Release() { h.once.Do(func() { close(h.release) }) }

func (h *Hold) wait(ctx context.Context, s *Server, method string) error {
	close(h.arrived)
	if err := await(ctx, s, h.release); err != nil {
		return err
	}
	return s.checkAgain(ctx, method)
}

// await waits until done is closed or has a value. It returns early, with a status, if
// the call ends or the server closes.
func await[T any](ctx context.Context, s *Server, done <-chan T) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-s.done:
		return status.Error(codes.Unavailable, "the mock server is closing")
	}
}

// pause waits for d. It returns early, with a status, if ctx ends or the server closes.
func (s *Server) pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	return await(ctx, s, timer.C)
}
