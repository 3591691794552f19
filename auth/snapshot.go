package auth

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// state is how far a credential can be trusted. Timers and rejections only ever
// move it forward, so the warm path is one atomic load and no clock.
type state int32

const (
	fresh   state = iota // hand it out
	soft                 // hand it out and renew it in the background
	hard                 // about to end: wait for a new one unless that is on its way
	spent                // ended by the clock
	bad                  // refused by the server
	unknown              // nobody has looked yet whether there is one
	shut                 // the Authenticator was closed
)

// snapshot is one published credential. Everything but its state is immutable.
type snapshot struct {
	creds *Credentials // nil: calls go without
	last  *Credentials // creds, or what there was before they ended
	gen   uint64
	state atomic.Int32

	timers [3]*time.Timer
}

// unseen is what there is before anybody has looked.
func unseen(gen uint64) *snapshot {
	s := &snapshot{gen: gen}
	s.state.Store(int32(unknown))
	return s
}

func (s *snapshot) load() state { return state(s.state.Load()) }

// advance moves the state forward to to, never back.
func (s *snapshot) advance(to state) {
	for {
		cur := s.state.Load()
		if cur >= int32(to) || s.state.CompareAndSwap(cur, int32(to)) {
			return
		}
	}
}

// is tells whether c is what this snapshot handed out.
func (s *snapshot) is(c *Credentials) bool {
	if c == nil || s.creds == nil {
		return c == nil && s.creds == nil
	}
	return (c.gen == 0 || c.gen == s.gen) && c.AccessToken == s.creds.AccessToken
}

// holds tells whether the access token of c is the one of this snapshot.
func (s *snapshot) holds(c *Credentials) bool {
	return c != nil && s.creds != nil && c.AccessToken == s.creds.AccessToken
}

// over tells whether c is what the server has refused, or what was given up.
func (s *snapshot) over(c *Credentials) bool {
	if s.creds != nil {
		return s.load() == bad && s.holds(c)
	}
	return c != nil && s.last != nil && c.AccessToken == s.last.AccessToken
}

// expired tells whether the credential has ended by the clock.
func (c *Credentials) expired(now time.Time) bool {
	return !c.Expiry.IsZero() && !now.Before(c.Expiry)
}

// watch lets timers age the snapshot. It must be called before it is published.
func (s *snapshot) watch(now time.Time, skew time.Duration) {
	if s.creds == nil || s.creds.Expiry.IsZero() {
		return
	}
	early, late := windows(s.creds, now, skew)
	for i, step := range [...]struct {
		at time.Time
		to state
	}{
		{s.creds.Expiry.Add(-early), soft},
		{s.creds.Expiry.Add(-late), hard},
		{s.creds.Expiry, spent},
	} {
		wait := step.at.Sub(now)
		if wait <= 0 {
			s.advance(step.to)
			continue
		}
		s.timers[i] = time.AfterFunc(wait, func() { s.advance(step.to) })
	}
}

// stop ends the timers of a snapshot that was replaced.
func (s *snapshot) stop() {
	for _, t := range s.timers {
		if t != nil {
			t.Stop()
		}
	}
}

const (
	maxEarly = 5 * time.Minute
	maxLate  = 10 * time.Second
)

// windows returns how long before its expiry a credential is renewed in the
// background, and how long before it is no longer handed out. Both shrink with
// the lifetime, so that short-lived tokens are not renewed all the time; the
// first varies a little, so that a fleet does not renew in step.
func windows(c *Credentials, now time.Time, skew time.Duration) (early, late time.Duration) {
	from := c.IssuedAt
	if from.IsZero() || from.After(now) {
		from = now
	}
	life := max(c.Expiry.Sub(from), 0)
	early = min(maxEarly, life/5)
	early -= time.Duration(rand.Int64N(int64(early)/5 + 1)) //nolint:gosec // spreads load, keeps no secret
	late = min(maxLate, life/10)
	if skew > 0 {
		late = min(skew, life/2)
	}
	return max(early, late), late
}
