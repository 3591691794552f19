package mockserver

import (
	"slices"

	"google.golang.org/grpc/codes"
)

// maxFailures is how many codes of one call of [Script.FailNext] are listed at most.
const maxFailures = 100

// Faults are the faults of a [Script] that are on, without the faults of the authorization
// server's endpoints: for these see faults.Set.On.
type Faults struct {
	// Rejections is how many calls are still rejected as by [Script.RejectNext].
	Rejections int
	// Failures are the codes of [Script.FailNext], one for each call that is still to fail.
	Failures []codes.Code
	// Every is for how many methods, or patterns of methods, calls fail by [Script.FailEvery].
	Every int
	// Holds, Breaks and Answers are how many calls and streams still wait for, or are
	// still to meet, a fault of [Script.Hold], [Script.BreakStream] and [Script.AnswerHTTP].
	Holds, Breaks, Answers int
	// Delays is for how many methods, or patterns of methods, calls are delayed.
	Delays int
	// BareRejections reports whether rejections are answered by [Script.AnswerRejections].
	BareRejections bool
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
		Rejections: c.rejects, Holds: len(c.holds), Breaks: len(c.streams), Delays: len(c.delays), Every: len(c.every),
		BareRejections: c.rejections != nil,
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
