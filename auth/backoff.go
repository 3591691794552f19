package auth

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/clock"
)

const (
	minBackoff = time.Second
	maxBackoff = time.Minute
	// maxRetryAfter is how long a server's Retry-After is followed. A longer one is more
	// often a mistake than a plan.
	maxRetryAfter = 5 * time.Minute
)

// backoff remembers failures, so that not every call repeats them. The zero value
// remembers none.
type backoff struct {
	err        error         // the last failure; nil once it is forgiven
	mode       mode          // of the flight that failed
	until      clock.Reading // when a call that waits may try again; zero: now
	background clock.Reading // when a refresh in the background may; zero: now
	failures   int           // background failures in a row
	rejections int           // ErrRejected in a row
	declined   error         // a person declined, or is not to be asked: remembered until Login
	pace       pace
	churn      churn
}

// failed remembers err, the result of a flight in mode m.
func (b *backoff) failed(m mode, err error, now clock.Reading) {
	b.err, b.mode = err, m
	wait, background := minBackoff, time.Duration(0)
	paused, isPaused := errors.AsType[*pausedError](err)
	switch {
	case errors.Is(err, ErrDeclined), isPaused && paused.wait == 0:
		b.declined = err
	case isPaused:
		wait = 0 // the time that the error names, no longer
	case errors.Is(err, ErrRejected):
		b.rejections++
		wait = doubled(b.rejections)
	case m == renewOnly:
		b.failures++
		limit := doubled(b.failures)
		background = time.Duration(rand.Int64N(int64(limit) + 1)) //nolint:gosec // spreads load, keeps no secret
	}
	wait = max(wait, retryAfter(err))
	b.until, b.background = now.Add(wait), now.Add(max(wait, background))
}

// doubled returns a second for the first failure and twice as much for each further one,
// up to a minute.
func doubled(n int) time.Duration {
	return min(minBackoff<<max(0, min(n-1, 10)), maxBackoff)
}

// retryAfter returns how long the server that err is from wants to be left alone, at most
// maxRetryAfter; zero if it did not say.
func retryAfter(err error) time.Duration {
	var said interface{ RetryAfter() time.Duration }
	if !errors.As(err, &said) {
		return 0
	}
	return min(max(said.RetryAfter(), 0), maxRetryAfter)
}

// succeeded forgets failures after a flight for t that found credentials, or that
// calls go without. A person's refusal is remembered until Login; if the flight found
// no credentials, it is the answer to calls for a while.
func (b *backoff) succeeded(t *task, found bool, now clock.Reading) {
	before := *b
	*b = backoff{}
	if t.mode == newLogin {
		return
	}
	b.pace, b.declined, b.churn = before.pace, before.declined, before.churn
	if t.old.wasRejected() && t.old.accepted.Load() && !t.fromStore {
		b.churn.count(now)
	}
	if b.declined != nil && !found {
		b.failed(t.mode, b.declined, now)
	}
}

// accepted forgets that new tokens were refused: a server has taken this one. The person
// whose login another server has refused before is still not asked.
func (b *backoff) accepted(rejected bool) {
	if paused, ok := errors.AsType[*pausedError](b.err); ok && paused.cause == ErrRejected { //nolint:errorlint // not what is around it
		b.until = clock.Reading{}
	}
	if _, paused := errors.AsType[*pausedError](b.declined); paused && !rejected {
		b.declined = nil
	}
}

// forgive lets the next flight start, whatever the last ones failed with.
func (b *backoff) forgive() { b.err, b.pace = nil, pace{} }

// forgiveLock lets the next flight start at once if the last one failed for want of a lock.
func (b *backoff) forgiveLock() {
	if errors.Is(b.err, ErrLeaseRequired) {
		b.forgiveLogin()
	}
}

// forgiveLogin forgets what was wrong with the login before this one, but not that the
// authorization server failed, or that a person declined.
func (b *backoff) forgiveLogin() {
	if errors.Is(b.err, ErrRejected) || errors.Is(b.err, ErrInteractionRequired) || errors.Is(b.err, ErrLeaseRequired) {
		*b = backoff{declined: b.declined, pace: b.pace}
	}
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
func (b *backoff) remembered(m mode, now clock.Reading) error {
	paused, isPaused := errors.AsType[*pausedError](b.err)
	switch {
	case m == newLogin:
		return nil
	case b.until.IsZero(), now.Reached(b.until):
		return nil
	case m < interactive && errors.Is(b.err, configstore.ErrNoLogin):
		return nil // Login failed; calls go without
	case b.declined != nil && m == interactive:
		return fmt.Errorf("%w; call Login to be asked again", b.declined)
	case isPaused && paused.wait > 0:
		return b.err
	case b.mode < m && errors.Is(b.err, ErrInteractionRequired),
		b.mode == renewOnly && m > renewOnly && errors.Is(b.err, ErrRejected):
		return nil // m may do what that flight was not allowed to
	default:
		return b.err
	}
}

// suspended reports whether background refreshes have to wait.
func (b *backoff) suspended(now clock.Reading) bool {
	return !b.background.IsZero() && !now.Reached(b.background)
}

// pausedError says that nothing is asked of the authorization server, or of a person,
// although a call needs another token.
type pausedError struct {
	text  string
	cause error         // what kind of error it is; nil: a transient one
	wait  time.Duration // until when; zero: until Login
}

func (e *pausedError) Error() string             { return e.text }
func (e *pausedError) Unwrap() error             { return e.cause }
func (e *pausedError) RetryAfter() time.Duration { return e.wait }
