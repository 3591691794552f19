package mockserver

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

type delayRule struct {
	pattern string
	d       time.Duration
}

type countedRule struct {
	pattern string
	left    int
	status  *status.Status
}

// everyRule fails one call in so many, until it is stopped.
type everyRule struct {
	pattern string
	n, seen int
	status  *status.Status
}

// streamRule ends one stream early.
type streamRule struct {
	pattern string
	after   int // messages that pass first
	verdict *status.Status
}

// before applies the faults to a call whose access token was accepted.
func (c *Script) before(ctx context.Context, method string) error {
	delay, verdict, hold := c.plan(method)
	if err := c.server.pause(ctx, delay); err != nil {
		return err
	}
	if verdict != nil {
		return verdict.Err()
	}
	if hold != nil {
		defer c.forget(hold)
		return hold.wait(ctx, c.server, method)
	}
	return nil
}

// forget removes a hold whose call has continued or ended. Until then [Script.Reset]
// has to find it.
func (c *Script) forget(hold *Hold) {
	c.edit(func() { c.holds = slices.DeleteFunc(c.holds, func(h *Hold) bool { return h == hold }) })
}

// plan takes the faults that are due for one call of method.
func (c *Script) plan(method string) (delay time.Duration, verdict *status.Status, hold *Hold) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.delays {
		if matches(r.pattern, method) {
			delay += r.d
		}
	}
	if c.rejects > 0 && !isOpen(method) {
		c.rejects--
		return delay, status.New(codes.Unauthenticated, "rejected by script"), nil
	}
	for i := range c.fails {
		if r := &c.fails[i]; matches(r.pattern, method) {
			verdict = r.status
			if r.left--; r.left == 0 {
				c.fails = slices.Delete(c.fails, i, i+1)
			}
			return delay, verdict, nil
		}
	}
	if verdict = c.planEvery(method); verdict != nil {
		return delay, verdict, nil
	}
	for _, h := range c.holds {
		if !h.taken && matches(h.pattern, method) {
			h.taken = true
			return delay, nil, h
		}
	}
	return delay, nil, nil
}

// planEvery returns the status of a call that is due to fail; nil if none is. The caller
// holds c.mu.
func (c *Script) planEvery(method string) (verdict *status.Status) {
	for i := range c.every {
		if r := &c.every[i]; matches(r.pattern, method) {
			if r.seen++; r.seen == r.n {
				r.seen, verdict = 0, r.status
			}
		}
	}
	return verdict
}

func (c *Script) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if err := c.before(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

func (c *Script) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := c.before(ss.Context(), info.FullMethod); err != nil {
		return err
	}
	rule, ok := c.planStream(info.FullMethod)
	if !ok {
		return next(srv, ss)
	}
	breaking := &breakingStream{ServerStream: ss, left: rule.after}
	err := next(srv, breaking)
	if breaking.broken {
		return rule.verdict.Err()
	}
	return err
}

// planStream takes the fault that is due for one stream of method.
func (c *Script) planStream(method string) (streamRule, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.streams {
		if matches(r.pattern, method) {
			c.streams = slices.Delete(c.streams, i, i+1)
			return r, true
		}
	}
	return streamRule{}, false
}

// errBroken ends the handler of a broken stream; the client gets the script's status.
var errBroken = errors.New("the script broke the stream")

// breakingStream sends a number of messages and fails then. Handlers send from one
// goroutine at a time and return when SendMsg fails.
type breakingStream struct {
	grpc.ServerStream

	left   int
	broken bool
}

func (s *breakingStream) SendMsg(m any) error {
	if s.left == 0 {
		s.broken = true
		return errBroken
	}
	s.left--
	return s.ServerStream.SendMsg(m)
}
