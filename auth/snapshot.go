package auth

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// state says how credentials can be used. Timers and rejections only move it forward, so
// that a call with fresh ones needs one atomic load and no clock.
type state int32

const (
	fresh     state = iota // calls carry it
	advisory               // calls carry it, and it is refreshed in the background
	mandatory              // about to expire: calls wait for a new one, unless a refresh is under way
	expired                // by the clock
	rejected               // by the server
	unread                 // the store has not been read yet
	closed                 // the Authenticator was closed
)

// snapshot holds the credentials that calls carry. Everything but its state is immutable.
type snapshot struct {
	creds *Credentials // nil: calls go without
	last  *Credentials // creds, or the credentials before them
	gen   uint64
	state atomic.Int32

	timers [3]*time.Timer
}

// notRead is the snapshot before the store was read.
func notRead(gen uint64) *snapshot {
	s := &snapshot{gen: gen}
	s.state.Store(int32(unread))
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

// published reports whether c came from this snapshot.
func (s *snapshot) published(c *Credentials) bool {
	if c == nil || s.creds == nil {
		return c == nil && s.creds == nil
	}
	return (c.gen == 0 || c.gen == s.gen) && c.AccessToken == s.creds.AccessToken
}

// sameToken reports whether c has the access token of this snapshot.
func (s *snapshot) sameToken(c *Credentials) bool {
	return c != nil && s.creds != nil && c.AccessToken == s.creds.AccessToken
}

// wasDiscarded reports whether c was rejected or replaced.
func (s *snapshot) wasDiscarded(c *Credentials) bool {
	if s.creds != nil {
		return s.load() == rejected && s.sameToken(c)
	}
	return c != nil && s.last != nil && c.AccessToken == s.last.AccessToken
}

// schedule starts the timers that age the snapshot. It is called before the
// snapshot is published.
func (s *snapshot) schedule(now time.Time, skew time.Duration) {
	if s.creds == nil || s.creds.Expiry.IsZero() {
		return
	}
	advise, mandate := windows(s.creds, now, skew)
	for i, step := range [...]struct {
		at time.Time
		to state
	}{
		{s.creds.Expiry.Add(-advise), advisory},
		{s.creds.Expiry.Add(-mandate), mandatory},
		{s.creds.Expiry, expired},
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
	maxAdvisory  = 5 * time.Minute
	maxMandatory = 10 * time.Second
)

// windows returns how long before its expiry a credential is refreshed in the
// background, and how long before it calls wait for the next one. Both shrink with
// the lifetime, so that short-lived tokens are not refreshed all the time; the
// first varies a little, so that many machines do not refresh in step.
func windows(c *Credentials, now time.Time, skew time.Duration) (advise, mandate time.Duration) {
	from := c.IssuedAt
	if from.IsZero() || from.After(now) {
		from = now
	}
	life := max(c.Expiry.Sub(from), 0)
	advise = min(maxAdvisory, life/5)
	advise -= time.Duration(rand.Int64N(int64(advise)/5 + 1)) //nolint:gosec // spreads load, keeps no secret
	mandate = min(maxMandatory, life/10)
	if skew > 0 {
		mandate = min(skew, life/2)
	}
	return max(advise, mandate), mandate
}
