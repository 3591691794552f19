package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// lock is the lock on the stored login during one renewal. The zero value is unlocked.
type lock struct {
	lease   Lease
	tried   bool
	missing error // why there is no lease, if a refresh token must not be sent without one
	late    bool  // an earlier one was missing
	ended   func(Result)
}

// lock locks the login for l, where the store can, and reports whether l was
// unlocked before. Without a lock a renewal is less safe, but better than none unless the
// store says otherwise; see [storage.mayRefresh]. While it waits it calls done, which may be
// nil, where the store can, and stops when that reports true.
func (s *storage) lock(ctx context.Context, l *lock, done func() bool) bool {
	locker, ok := s.store.(Locker)
	if !ok || l.tried {
		return false
	}
	l.tried = true
	limited, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	var err error
	left := false
	limited, locked := s.report.locking(limited)
	func() {
		defer func() { locked(left, err) }()
		defer recovered(ctx, s.log, s.name(), &err)
		queue, ok := s.store.(Queue)
		if !ok || done == nil {
			l.lease, err = locker.Lock(limited, s.at())
			return
		}
		l.lease, err = queue.LockUnless(limited, s.at(), func() bool {
			left = done()
			return left
		})
	}()
	s.report.leasing(ctx, l)
	switch {
	case errors.Is(err, ErrLeaseRequired):
		l.missing = err
		if !s.lockFailed.Swap(true) {
			s.log.WarnContext(ctx, "cannot lock the login that is shared; its refresh token is not sent until it can be locked",
				slog.Any("error", err))
		}
	case err == nil:
		l.late = s.lockFailed.Swap(false)
	case left || ctx.Err() != nil:
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		s.log.WarnContext(ctx, "another process holds the lock of the login for too long; continuing without the lock",
			slog.Duration("waited", lockTimeout))
	default:
		s.noLock.Do(func() {
			s.log.InfoContext(ctx, "cannot lock the login, so that two processes may refresh it at the same time; continuing without a lock",
				slog.Any("error", err))
		})
	}
	return true
}

// personTimeout is how long a person who logs in or out waits for machines that renew the
// login. One of them may be suspended.
const personTimeout = 2 * time.Second

// lockForPerson is lock before a login or a logout. Where machines share the store these count
// without the lock, and a renewal under way does not replace them; with it they come after it.
func (s *storage) lockForPerson(ctx context.Context, l *lock) {
	if s.watched() {
		limited, cancel := context.WithTimeout(ctx, personTimeout)
		defer cancel()
		ctx = limited
	}
	s.lock(ctx, l, nil)
}

// release unlocks the login, if it is locked.
func (l *lock) release() {
	held, ended := l.lease, l.ended
	*l = lock{}
	if held != nil {
		held.Unlock()
		ended(Result{})
	}
}

// exclusive reports whether no other holder can have replaced the stored login
// since l was taken, as far as the store can tell.
func (l *lock) exclusive() bool {
	switch {
	case !l.tried: // a store without locks
		return true
	case l.lease == nil:
		return false
	}
	select {
	case <-l.lease.Lost():
		return false
	default:
		return true
	}
}

var errLeaseLost = fmt.Errorf("%w: the lock was lost before the refresh token was sent", ErrLeaseRequired)

// mayRefresh returns an error if the refresh token must not be sent now, since another holder
// of the login may send it too, or has replaced it already.
func (s *storage) mayRefresh(e *entry) error {
	l := &e.lock
	switch {
	case l.missing != nil:
		return s.needsLock(l.missing)
	case l.lease != nil && !l.exclusive():
		return s.needsLock(errLeaseLost)
	case l.lease != nil && !e.read && !e.outdated && s.watched():
		return &unreadError{why: e.err}
	default:
		return nil
	}
}

// needsLock says what a lock was needed for, and what to do.
func (s *storage) needsLock(err error) error {
	return fmt.Errorf("%w; no refresh token is sent without the lock: see that %s can be reached, later calls try again", err, s.name())
}

// unreadError says why the refresh token of a shared login is not sent although it is locked.
type unreadError struct{ why error }

func (e *unreadError) Error() string {
	return "the login is shared and cannot be read; no refresh token is sent, since another program may have replaced it: " +
		e.why.Error() + "; later calls try again, and a new login replaces what is stored"
}

func (e *unreadError) Unwrap() []error { return []error{ErrLeaseRequired, e.why} }
