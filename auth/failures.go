package auth

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	failureRest = time.Second // how long a failure is remembered at first
	maxRest     = time.Minute // and at most, when it keeps coming back
)

// memory is what is remembered of failures, so that they are not repeated by
// everybody who comes next. The zero value remembers nothing.
type memory struct {
	err      error     // the last failure
	reach    reach     // how far it had gone
	until    time.Time // when it is worth another try to a caller who waits
	quiet    time.Time // and in the background
	failures int       // background failures in a row
	refusals int       // terminal refusals in a row
	declined error     // a person said no: remembered until Login
	repeated bool      // the flow handed back what the server had just refused
}

// failed remembers err, the end of a flight that went as far as r.
func (m *memory) failed(r reach, err error, now time.Time) {
	m.err, m.reach = err, r
	rest, quiet := failureRest, time.Duration(0)
	switch {
	case errors.Is(err, ErrDeclined):
		m.declined = err
	case errors.Is(err, ErrRejected):
		m.refusals++
		rest = growing(m.refusals)
		m.repeated = r > background && errors.Is(err, errRepeated)
	case r == background:
		m.failures++
		limit := growing(m.failures)
		quiet = time.Duration(rand.Int64N(int64(limit) + 1)) //nolint:gosec // spreads load, keeps no secret
	}
	m.until, m.quiet = now.Add(rest), now.Add(max(rest, quiet))
}

// growing doubles from a second to a minute.
func growing(n int) time.Duration {
	return min(failureRest<<min(n-1, 10), maxRest)
}

// succeeded forgets failures after flight f. A credential that was handed back
// unchanged after a rest is on probation: if it is refused again, the next rest is
// longer. A person's no stands until Login, and where nothing was found that could
// do without, it is the answer for a while.
func (m *memory) succeeded(f *flight, now time.Time) {
	before := *m
	*m = memory{}
	if f.repeated {
		m.refusals = before.refusals
	}
	if before.declined == nil || f.reach == forced {
		return
	}
	m.declined = before.declined
	if f.creds == nil {
		m.failed(f.reach, before.declined, now)
	}
}

// permitted is how far a flight may go for a caller who would go as far as r. A
// person who said no is not asked again, but may have logged in elsewhere since.
func (m *memory) permitted(r reach) reach {
	if m.declined != nil && r == attended {
		return unattended
	}
	return r
}

// remembered returns the error that a flight as far as r would only repeat, or nil.
func (m *memory) remembered(r reach, now time.Time) error {
	switch {
	case r == forced:
		return nil
	case !now.Before(m.until):
		return nil
	case m.declined != nil && r == attended:
		return fmt.Errorf("%w; call Login to be asked again", m.declined)
	case m.reach < r && errors.Is(m.err, ErrInteractionRequired),
		m.reach == background && r > background && errors.Is(m.err, ErrRejected):
		return nil // it failed for want of what r may do
	default:
		return m.err
	}
}

// resting tells whether background renewal should leave the server alone.
func (m *memory) resting(now time.Time) bool { return now.Before(m.quiet) }
