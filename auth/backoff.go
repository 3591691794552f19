package auth

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	minBackoff = time.Second
	maxBackoff = time.Minute
)

// backoff remembers failures, so that not every call repeats them. The zero value
// remembers none.
type backoff struct {
	err        error     // the last failure; nil once it is forgiven
	mode       mode      // of the flight that failed
	until      time.Time // when a call that waits may try again
	background time.Time // when a refresh in the background may
	failures   int       // background failures in a row
	refusals   int       // terminal refusals in a row
	declined   error     // a person declined: remembered until Login
}

// failed remembers err, the result of a flight in mode m.
func (b *backoff) failed(m mode, err error, now time.Time) {
	b.err, b.mode = err, m
	wait, background := minBackoff, time.Duration(0)
	switch {
	case errors.Is(err, ErrDeclined):
		b.declined = err
	case errors.Is(err, ErrRejected):
		b.refusals++
		wait = doubled(b.refusals)
	case m == renewOnly:
		b.failures++
		limit := doubled(b.failures)
		background = time.Duration(rand.Int64N(int64(limit) + 1)) //nolint:gosec // spreads load, keeps no secret
	}
	b.until, b.background = now.Add(wait), now.Add(max(wait, background))
}

// doubled returns a second for the first failure and twice as much for each further one,
// up to a minute.
func doubled(n int) time.Duration {
	return min(minBackoff<<min(n-1, 10), maxBackoff)
}

// succeeded forgets failures after a flight in mode m that found credentials, or that
// calls go without. If the flight returned a token that the server had rejected, the
// next wait is longer. A person's refusal is remembered until Login; if the flight found
// no credentials, it is the answer to calls for a while.
func (b *backoff) succeeded(m mode, found, repeated bool, now time.Time) {
	before := *b
	*b = backoff{}
	if repeated {
		b.refusals = before.refusals
	}
	if before.declined == nil || m == newLogin {
		return
	}
	b.declined = before.declined
	if !found {
		b.failed(m, before.declined, now)
	}
}

// repeated reports whether the last flight failed because the flow returned the
// token that the server had just rejected. After the backoff that token may be tried
// again: the server may have been wrong.
func (b *backoff) repeated() bool {
	return b.mode > renewOnly && errors.Is(b.err, errRepeated)
}

// permitted returns the mode of a flight for a caller who asks for m. A person who
// declined is not asked again, but another program may have stored a login since.
func (b *backoff) permitted(m mode) mode {
	if b.declined != nil && m == interactive {
		return unattended
	}
	return m
}

// remembered returns the error that a flight in mode m would repeat, or nil.
func (b *backoff) remembered(m mode, now time.Time) error {
	switch {
	case m == newLogin:
		return nil
	case !now.Before(b.until):
		return nil
	case b.declined != nil && m == interactive:
		return fmt.Errorf("%w; call Login to be asked again", b.declined)
	case b.mode < m && errors.Is(b.err, ErrInteractionRequired),
		b.mode == renewOnly && m > renewOnly && errors.Is(b.err, ErrRejected):
		return nil // m may do what that flight was not allowed to
	default:
		return b.err
	}
}

// suspended reports whether background refreshes have to wait.
func (b *backoff) suspended(now time.Time) bool { return now.Before(b.background) }
