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
	until    time.Time // when it is worth another try
	failures int       // background failures in a row
	refusals int       // terminal refusals in a row
	declined error     // a person said no: remembered until Login
	repeated bool      // the flow handed back what the server had just refused
}

// failed remembers err, the end of a flight that went as far as r.
func (m *memory) failed(r reach, err error, now time.Time) {
	m.err, m.reach = err, r
	rest := failureRest
	switch {
	case errors.Is(err, ErrDeclined):
		m.declined = err
	case errors.Is(err, ErrRejected):
		m.refusals++
		rest = growing(m.refusals)
		m.repeated = errors.Is(err, errRepeated)
	case r == background:
		m.failures++
		limit := growing(m.failures)
		rest = max(failureRest/2, time.Duration(rand.Int64N(int64(limit)+1))) //nolint:gosec // spreads load, keeps no secret
	}
	m.until = now.Add(rest)
}

// growing doubles from a second to a minute.
func growing(n int) time.Duration {
	return min(failureRest<<min(n-1, 10), maxRest)
}

// succeeded forgets failures. A credential that was handed back unchanged after
// a rest is on probation: if it is refused again, the next rest is longer.
func (m *memory) succeeded(repeated bool) {
	refusals := m.refusals
	*m = memory{}
	if repeated {
		m.refusals = refusals
	}
}

// remembered returns the error that a flight as far as r would only repeat, or nil.
func (m *memory) remembered(r reach, now time.Time) error {
	switch {
	case r == forced:
		return nil
	case m.declined != nil && r >= attended:
		return fmt.Errorf("%w; call Login to be asked again", m.declined)
	case m.err == nil || !now.Before(m.until):
		return nil
	case m.reach < r && errors.Is(m.err, ErrInteractionRequired):
		return nil // it failed for want of what r may do
	default:
		return m.err
	}
}

// resting tells whether background renewal should leave the server alone.
func (m *memory) resting(now time.Time) bool { return m.err != nil && now.Before(m.until) }
