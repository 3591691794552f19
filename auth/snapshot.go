package auth

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// state says how credentials can be used.
type state int32

const (
	fresh     state = iota // calls carry it
	advisory               // calls carry it, and it is refreshed in the background
	mandatory              // about to expire: calls wait for a new one, unless a refresh is under way
	expired                // by a clock of this machine
	rejected               // by the server
	unread                 // the store has not been read yet
	closed                 // the Authenticator was closed
)

// snapshot holds the credentials that calls carry. Everything but its state is immutable.
//
// Its age is read from the clock at every call, and no timer counts it: a timer stands
// still while the machine sleeps. A call with fresh credentials loads the state and reads
// the clock.
type snapshot struct {
	creds *Credentials // nil: calls go without
	last  *Credentials // creds, or the credentials before them
	gen   uint64
	state atomic.Int32 // what an event made of it: fresh, rejected, unread, closed

	reinstated bool        // a server rejected creds, and calls carry them again for want of others
	byPerson   bool        // creds are those of a person who logged in during this process
	accepted   atomic.Bool // a server has accepted creds
	vain       atomic.Bool // a call was rejected with creds right after they replaced others

	clock                      clock.Clock
	advised, mandated, expires clock.Reading // when the next state begins; zero means never
}

// notRead is the snapshot before the store was read.
func notRead(gen uint64) *snapshot {
	s := &snapshot{gen: gen}
	s.state.Store(int32(unread))
	return s
}

// load returns the state that events and the clock have led to.
func (s *snapshot) load() state {
	reached := state(s.state.Load())
	if s.advised.IsZero() || reached > expired {
		return reached
	}
	now := s.clock.Read()
	switch {
	case !now.Reached(s.advised):
		return reached
	case now.Reached(s.expires):
		return max(reached, expired)
	case now.Reached(s.mandated):
		return max(reached, mandatory)
	default:
		return max(reached, advisory)
	}
}

// advance moves the state forward to to, never back.
func (s *snapshot) advance(to state) {
	for {
		cur := s.state.Load()
		if cur >= int32(to) || s.state.CompareAndSwap(cur, int32(to)) {
			return
		}
	}
}

// wasRejected reports whether a server has rejected the credentials. They may still be what
// calls carry.
func (s *snapshot) wasRejected() bool { return s.reinstated || s.load() == rejected }

// acceptedToken reports whether c has the access token of this snapshot and a server has
// accepted that.
func (s *snapshot) acceptedToken(c *Credentials) bool { return s.sameToken(c) && s.accepted.Load() }

// usable reports whether there is an access token that has not expired, rejected or not.
func (s *snapshot) usable() bool {
	return s.creds != nil && s.creds.AccessToken != "" && !s.clock.Read().Reached(s.expires)
}

// again returns s anew, for calls to carry its credentials although a server rejected them.
func (s *snapshot) again() *snapshot {
	next := &snapshot{
		creds: s.creds, last: s.last, gen: s.gen,
		clock: s.clock, advised: s.advised, mandated: s.mandated, expires: s.expires,
	}
	next.inherit(s)
	next.reinstated = true
	return next
}

// reinstate lets calls carry credentials again that a server rejected, until they expire,
// while no replacement can be had.
func reinstate(current *atomic.Pointer[snapshot]) {
	if s := current.Load(); s.load() == rejected && s.usable() {
		current.Store(s.again())
	}
}

// isClosed reports whether done is closed.
func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// inherit copies what is known about the access token of from, which is that of s too.
func (s *snapshot) inherit(from *snapshot) {
	s.reinstated, s.byPerson = from.reinstated, from.byPerson
	s.accepted.Store(from.accepted.Load())
	s.vain.Store(from.vain.Load())
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
		return s.wasRejected() && s.sameToken(c)
	}
	return c != nil && s.last != nil && c.AccessToken == s.last.AccessToken
}

// schedule sets when the snapshot ages, by the clock c. It is called before the snapshot
// is published.
func (s *snapshot) schedule(c clock.Clock, skew time.Duration) {
	if s.creds == nil || s.creds.Expiry.IsZero() {
		return
	}
	now := c.Read()
	s.clock, s.expires = c, now.Add(s.creds.left(now))
	advise, mandate := windows(s.creds, now.Wall(), skew)
	s.advised, s.mandated = s.expires.Add(-advise), s.expires.Add(-mandate)
}

const (
	maxAdvisory  = 5 * time.Minute
	maxMandatory = 10 * time.Second
)

// windows returns how long before its expiry a credential is refreshed in the
// background, and how long before it calls wait for the next one. Both shrink with
// the lifetime, so that short-lived tokens are not refreshed all the time. The first is
// anywhere in the advisory window but its last eighth, so that many machines whose tokens
// were issued together do not refresh them together.
func windows(c *Credentials, now time.Time, skew time.Duration) (advise, mandate time.Duration) {
	from := c.IssuedAt
	if from.IsZero() || from.After(now) {
		from = now
	}
	life := max(c.Expiry.Sub(from), 0)
	advise = min(maxAdvisory, life/5)
	mandate = min(maxMandatory, life/10)
	if skew > 0 {
		mandate = min(skew, life/2)
	}
	if spread := (advise - mandate) / 8 * 7; spread > 0 {
		advise -= time.Duration(rand.Int64N(int64(spread) + 1)) //nolint:gosec // spreads load, keeps no secret
	}
	return max(advise, mandate), mandate
}
