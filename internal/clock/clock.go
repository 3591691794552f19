// Package clock reads the time for everything that expires. A machine that sleeps, or a
// virtual machine that is paused, stops its monotonic clock and its timers; a wall clock
// can be set back. So an instant has come as soon as one of the two clocks says so, and
// timers are only hints. Read a [Clock], keep the [Reading] with the time to live added,
// and ask a later Reading whether it [Reading.Reached] that one.
package clock

import "time"

// Clock reads both clocks of the machine. The zero value is the system's. It is passed as
// a value, so that a test can give a package one whose wall clock jumps, and comparable, as
// the types that hold it are.
type Clock struct{ jump *func() time.Duration }

// Jumping returns a clock whose wall clock differs from the system's by what jump
// returns, while its monotonic clock does not: a positive value is a machine that slept,
// a negative one a wall clock that was set back. It is for tests. Jump must be safe for
// concurrent use.
func Jumping(jump func() time.Duration) Clock { return Clock{&jump} }

// Read returns the present time.
func (c Clock) Read() Reading {
	r := Reading{at: time.Now()}
	if c.jump != nil {
		r.jump = (*c.jump)()
	}
	return r
}

// Reading is an instant by both clocks. The zero value is no instant.
type Reading struct {
	at   time.Time // with its monotonic reading
	jump time.Duration
}

// Wall returns the instant by the wall clock, in the form that can be stored or compared
// with what another machine or a file says.
func (r Reading) Wall() time.Time { return r.at.Round(0).Add(r.jump) }

// IsZero reports whether r is no instant.
func (r Reading) IsZero() bool { return r.at.IsZero() }

// Add returns the instant d after r by both clocks.
func (r Reading) Add(d time.Duration) Reading { return Reading{r.at.Add(d), r.jump} }

// AtWall returns the instant at which, seen from r, the wall clock will say wall. It turns
// an expiry that a server or a file gave into one that both clocks can judge.
func (r Reading) AtWall(wall time.Time) Reading { return r.Add(wall.Sub(r.Wall())) }

// Reached reports whether, at r, one of the two clocks has reached instant. A zero
// instant is never reached.
func (r Reading) Reached(instant Reading) bool {
	return !instant.IsZero() && (!r.at.Before(instant.at) || !r.Wall().Before(instant.Wall()))
}

// Past reports whether, at r, t has come: by the wall clock or, if t still has its
// monotonic reading, by that one.
func (r Reading) Past(t time.Time) bool {
	wall := t.Round(0)
	return !r.Wall().Before(wall) || t != wall && !r.at.Before(t)
}

// Until returns how long it takes from r to instant: the shorter time of the two clocks.
// It is zero or negative once instant is reached.
func (r Reading) Until(instant Reading) time.Duration {
	return min(instant.at.Sub(r.at), instant.Wall().Sub(r.Wall()))
}
