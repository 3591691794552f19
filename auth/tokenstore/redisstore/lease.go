package redisstore

import (
	"context"
	"sync"
	"time"
)

// lease is a lock that was granted. A goroutine extends it until Unlock, or until another
// process has it.
type lease struct {
	store *Store
	place place
	name  string // what Redis has as its holder
	fence uint64

	lost     chan struct{}
	unlocked chan struct{}
	released chan struct{}
	once     sync.Once
}

// unlockWait is how long Unlock waits for Redis; the release goes on after it.
const unlockWait = 250 * time.Millisecond

// granted returns the lease that Redis has granted until the given time at least.
func (s *Store) granted(p place, name string, fence uint64, until time.Time) (*lease, error) {
	l := &lease{
		store: s, place: p, name: name, fence: fence,
		lost: make(chan struct{}), unlocked: make(chan struct{}), released: make(chan struct{}),
	}
	s.turns.add(l)
	if !s.life.start(func(ctx context.Context) { l.hold(ctx, until) }) {
		s.turns.remove(l)
		return nil, ErrClosed
	}
	return l, nil
}

// Lost returns a channel that is closed when the lease may have gone to another process:
// Redis says so, or has not confirmed it for two thirds of the lapse.
func (l *lease) Lost() <-chan struct{} { return l.lost }

// Unlock releases the lease and wakes those who wait for it.
func (l *lease) Unlock() {
	l.once.Do(func() {
		close(l.unlocked)
		timer := time.NewTimer(unlockWait)
		defer timer.Stop()
		select {
		case <-l.released:
		case <-timer.C:
		}
	})
}

// hold extends the lease until it is unlocked, then releases it.
func (l *lease) hold(ctx context.Context, until time.Time) {
	defer close(l.released)
	defer l.store.turns.of(l.place.group).give()
	defer l.store.turns.remove(l)
	lapse := l.store.opts.lapse
	next, alive := lapse/5, true
	for {
		timer := time.NewTimer(next)
		select {
		case <-l.unlocked:
			timer.Stop()
			l.release(ctx)
			return
		case <-ctx.Done():
			timer.Stop()
			l.lose(&alive)
			return
		case <-timer.C:
		}
		sent := time.Now()
		held, err := l.extend(ctx)
		switch {
		case err == nil && !held:
			l.lose(&alive)
			next = lapse // nothing more to extend, but Unlock is to come
		case err == nil:
			until, next = sent.Add(lapse*2/3), lapse/5
		default:
			next = max(lapse/15, 100*time.Millisecond)
		}
		if time.Now().After(until) {
			l.lose(&alive) // it may come back for Redis, but not for the holder
		}
	}
}

func (l *lease) lose(alive *bool) {
	if *alive {
		close(l.lost)
	}
	*alive = false
}

// extend reports whether the lease is held.
func (l *lease) extend(ctx context.Context) (bool, error) {
	s := l.store
	answer, err := run(ctx, s, extendScript, l.place, l.name, l.fence, (s.opts.lapse * 2 / 3).Milliseconds(), s.opts.logouts.Milliseconds())
	return number(answer, 0) == 1, err
}

func (l *lease) release(ctx context.Context) {
	_, _ = run(ctx, l.store, releaseScript, l.place, l.name) // or it lapses
}

// abandon releases, in ctx's goroutine, what was granted too late for its caller.
func (s *Store) abandon(ctx context.Context, p place, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.limit)
	defer cancel()
	_, _ = onGroup(ctx, s.client, releaseScript, p, name)
}
