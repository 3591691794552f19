package redisstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Lock waits until the lease of k is granted, or until ctx ends. The error wraps
// [auth.ErrLeaseRequired], and [ErrBusy] or [ErrUnreachable].
func (s *Store) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return s.LockUnless(ctx, k, nil)
}

// LockUnless is Lock, and gives up when done reports true, which it asks whenever the holder
// has stored something or released the lease, and every ten seconds.
func (s *Store) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	p := s.place(k)
	turn := s.turns.of(p.group)
	waited, err := turn.take(ctx, s.life.ctx.Done())
	if err != nil {
		return nil, failed(opLock, k, s.unlocked(err))
	}
	if waited && done != nil && done() {
		turn.give()
		return nil, failed(opLock, k, errLeft)
	}
	l, err := s.lock(ctx, p, done)
	if err != nil {
		turn.give()
		return nil, failed(opLock, k, s.unlocked(err))
	}
	return l, nil
}

// unlocked returns why there is no lease, as the engine is to read it.
func (s *Store) unlocked(err error) error {
	if errors.Is(err, errLeft) {
		return err
	}
	return &lockError{why: err, required: !s.opts.unlocked}
}

// lock tries until the lease is granted. The caller has the turn of this process.
func (s *Store) lock(ctx context.Context, p place, done func() bool) (*lease, error) {
	attempt := s.turns.attempt()
	// Where the channel is subscribed already, nothing tells of a release between the first
	// try and the wait.
	var woken <-chan struct{}
	var leave func()
	if s.hub.hears(p) {
		woken, leave = s.hub.listen(p)
	}
	defer func() {
		if leave != nil {
			leave()
		}
	}()
	l, wait, err := s.acquire(ctx, p, attempt)
	if err != nil || l != nil {
		return l, err
	}
	if woken == nil {
		woken, leave = s.hub.listen(p)
	}
	for {
		timer := time.NewTimer(min(wait, s.opts.poll) + jitter(250*time.Millisecond))
		select {
		case <-woken:
		case <-timer.C:
		case <-s.life.ctx.Done():
			timer.Stop()
			return nil, ErrClosed
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		}
		timer.Stop()
		if done != nil && done() {
			return nil, errLeft
		}
		l, wait, err = s.acquire(ctx, p, attempt)
		if err != nil && ctx.Err() != nil { // the last answer was that it is busy
			err = fmt.Errorf("%w: %w", ErrBusy, ctx.Err())
		}
		if err != nil || l != nil {
			return l, err
		}
	}
}

// acquire asks for the lease once. Without one it returns how long the present one lasts.
func (s *Store) acquire(ctx context.Context, p place, attempt uint64) (*lease, time.Duration, error) {
	sent := s.clock.Read()
	lapse, patience := s.opts.lapse, s.opts.patience
	if p.key.Flow != auth.StoredFlow {
		patience = 0 // to lose it costs a request, no person's time
	}
	name := leaseName(s.instance, attempt)
	ttl, quarantine := lapse*2/3, lapse/3
	// What is granted after the time limit is released where it arrives: the caller is gone.
	answer, err := call(ctx, s, func(ctx context.Context) ([]any, error) {
		answer, err := s.confirmed(ctx, p, name, func(client scripter) ([]any, error) {
			return onGroup(ctx, client, s.scripts.acquire, p, s.instance, attempt, ttl.Milliseconds(), quarantine.Milliseconds(),
				s.seen.fence(p, 0), s.opts.logouts.Milliseconds(), patience.Milliseconds())
		})
		if ctx.Err() != nil && (err != nil || number(answer, 0) == 1) {
			s.abandon(ctx, p, name)
			return nil, ctx.Err()
		}
		return answer, err
	})
	if err != nil {
		return nil, 0, err
	}
	fence := uint64(number(answer, 1)) //nolint:gosec // not negative
	s.seen.fence(p, fence)
	if number(answer, 0) != 1 {
		return nil, max(time.Duration(number(answer, 2))*time.Millisecond, 0), nil
	}
	l, err := s.granted(ctx, p, name, fence, sent.Add(ttl))
	return l, 0, err
}

func jitter(most time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(most) + 1)) //nolint:gosec // spreads load, keeps no secret
}
