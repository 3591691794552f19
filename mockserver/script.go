package mockserver

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Script makes a server misbehave. Its methods may be called at any time, also
// during calls. Faults combine: a call is first delayed, then rejected, then failed,
// then held.
//
// A method is named in full ("/package.Service/Method"), or as all methods of a
// service ("/package.Service/*"), or as "*": every method that needs an access token.
// Methods that need none, such as those of AuthMetadataService, must be named.
// Faults apply to calls whose access token was accepted; a call without one is
// rejected and does not count. A name that no method of the server has causes a panic,
// or an error if the method of Script returns one; both name the nearest method.
type Script struct {
	server *Server

	mu         sync.Mutex // guards everything below
	rejects    int
	delays     []delayRule
	fails      []countedRule
	every      []everyRule
	holds      []*Hold // until their call goes on
	streams    []streamRule
	answers    []answerRule
	rejections *HTTPAnswer
}

// RejectNext rejects the next n calls that need an access token with Unauthenticated,
// although their token is valid; streams before any message.
func (c *Script) RejectNext(n int) { c.edit(func() { c.rejects += max(n, 0) }) }

// FailNext answers the next n calls of method with code and message, before the
// handler runs. Code OK is no failure and does nothing.
func (c *Script) FailNext(method string, n int, code codes.Code, message string) {
	rule := countedRule{pattern: c.pattern(method), left: n, status: status.New(code, message)}
	if code == codes.OK || n <= 0 {
		return
	}
	c.edit(func() { c.fails = append(c.fails, rule) })
}

// Delay delays every call of method by d; zero stops that.
func (c *Script) Delay(method string, d time.Duration) {
	pattern := c.pattern(method)
	c.edit(func() {
		c.delays = slices.DeleteFunc(c.delays, func(r delayRule) bool { return r.pattern == pattern })
		if d > 0 {
			c.delays = append(c.delays, delayRule{pattern, d})
		}
	})
}

// FailEvery answers every n-th call of method with code and message, until it is called with
// zero or the script is reset: 1 fails each. Calls that another fault ends do not count. It
// replaces what was set for the same method before. Code OK is no failure and stops it.
func (c *Script) FailEvery(method string, n int, code codes.Code, message string) {
	rule := everyRule{pattern: c.pattern(method), n: n, status: status.New(code, message)}
	c.edit(func() {
		c.every = slices.DeleteFunc(c.every, func(r everyRule) bool { return r.pattern == rule.pattern })
		if n > 0 && code != codes.OK {
			c.every = append(c.every, rule)
		}
	})
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

// maxFailures is how many codes of one call of [Script.FailNext] are listed at most.
const maxFailures = 100

// Faults are the faults of a [Script] that are on, without the faults of the authorization
// server's endpoints: for these see faults.Set.On.
type Faults struct {
	// Rejections is how many calls are still rejected as by [Script.RejectNext].
	Rejections int
	// Failures are the codes of [Script.FailNext], one for each call that is still to fail.
	Failures []codes.Code
	// Every are the codes of [Script.FailEvery], one for each method, or pattern of methods.
	Every []codes.Code
	// Holds, Breaks and Answers are how many calls and streams still wait for, or are
	// still to meet, a fault of [Script.Hold], [Script.BreakStream] and [Script.AnswerHTTP].
	Holds, Breaks, Answers int
	// Delays is for how many methods, or patterns of methods, calls are delayed.
	Delays int
	// BareRejections is the HTTP status of [Script.AnswerRejections]; zero without one.
	BareRejections int
	// EarlyEnds reports whether watches end by [Script.EndWatchesAtDeadline], and Drops is
	// how many updates are still dropped by [Script.DropUpdates].
	EarlyEnds bool
	Drops     int
}

// On returns the faults that are on now.
func (c *Script) On() Faults {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := Faults{
		Rejections: c.rejects, Holds: len(c.holds), Breaks: len(c.streams), Delays: len(c.delays),
	}
	if c.rejections != nil {
		f.BareRejections = c.rejections.status()
	}
	for _, r := range c.every {
		f.Every = append(f.Every, r.status.Code())
	}
	f.EarlyEnds, f.Drops = c.server.backend.WatchFaults()
	for _, r := range c.fails {
		f.Failures = append(f.Failures, slices.Repeat([]codes.Code{r.status.Code()}, min(r.left, maxFailures))...)
	}
	for _, r := range c.answers {
		f.Answers += r.left
	}
	return f
}

// ReleaseAll releases every call that waits because of [Script.Hold], and forgets the holds
// that no call has met.
func (c *Script) ReleaseAll() {
	c.edit(func() {
		for _, h := range c.holds {
			h.Release()
		}
		c.holds = nil
	})
}

// Reset stops every fault, releases every call that is held, and resets the faults
// of the authorization server. Revoked tokens stay revoked.
func (c *Script) Reset() {
	c.edit(func() {
		for _, h := range c.holds {
			h.Release()
		}
		c.rejects, c.delays, c.fails, c.holds, c.streams = 0, nil, nil, nil, nil
		c.answers, c.rejections, c.every = nil, nil, nil
	})
	c.EndWatchesAtDeadline(false)
	c.DropUpdates(0)
	c.server.oauth.ResetFaults()
}

func (c *Script) edit(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}
