package mockserver

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// streamRule ends one stream early.
type streamRule struct {
	pattern string
	after   int // messages that pass first
	verdict *status.Status
}

// BreakStream ends the next stream of method with code and message instead of its
// response number after+1: 0 ends it before the first response, after the handler has
// started. With code OK the stream ends as if it were complete.
func (c *Script) BreakStream(method string, after int, code codes.Code, message string) {
	rule := streamRule{pattern: c.pattern(method), after: max(after, 0), verdict: status.New(code, message)}
	c.edit(func() { c.streams = append(c.streams, rule) })
}

// EndWatchesAtDeadline makes watches opened from now on end with OK shortly before
// the caller's deadline, as a backend does that notices the deadline first. A caller
// must not take that for the end of the run that it watches.
func (c *Script) EndWatchesAtDeadline(on bool) { c.server.backend.EndWatchesAtDeadline(on) }

// DropUpdates sends no update to any watch for the next n changes, as when a slow
// watcher loses them; see [backend.Backend.DropUpdates].
func (c *Script) DropUpdates(n int) { c.server.backend.DropUpdates(n) }

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
