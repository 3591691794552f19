package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// lease is a lock that was granted. A goroutine extends it until Unlock, or until another
// process has it.
type lease struct {
	store *Store
	place place
	name  string // what Redis has as its holder
	fence uint64

	mu    sync.Mutex
	until clock.Reading // Redis has confirmed it until then
	gone  bool
	lost  chan struct{}

	unlocked chan struct{}
	released chan struct{}
	once     sync.Once
}

// unlockWait is how long Unlock waits for Redis; the release goes on after it.
const unlockWait = 250 * time.Millisecond

// granted returns the lease that Redis has granted until the given time at least.
func (s *Store) granted(ctx context.Context, p place, name string, fence uint64, until clock.Reading) (*lease, error) {
	l := &lease{
		store: s, place: p, name: name, fence: fence, until: until,
		lost: make(chan struct{}), unlocked: make(chan struct{}), released: make(chan struct{}),
	}
	s.turns.add(l)
	if !s.life.start(func(ctx context.Context) { l.hold(ctx) }) {
		s.turns.remove(l)
		return nil, ErrClosed
	}
	l.appear(ctx)
	return l, nil
}

// Lost returns a channel that is closed when the lease may have gone to another process:
// Redis says so, or has not confirmed it for two thirds of the lapse. A process that was
// suspended finds it closed if that was longer.
func (l *lease) Lost() <-chan struct{} {
	l.check()
	return l.lost
}

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

// hold extends the lease until it is unlocked, then releases it: after what was obtained
// under it, where that could not be stored, or the next holder would send the old refresh
// token. This process may ask for the next lease before.
func (l *lease) hold(ctx context.Context) {
	defer close(l.released)
	l.keep(ctx)
	owes := l.store.hub.owes(l.place.group)
	if !owes {
		l.release(ctx)
	}
	l.store.turns.remove(l)
	l.store.turns.of(l.place.group).give()
	if owes {
		l.settle(ctx)
		l.release(ctx)
	}
}

// settle waits until Redis has what it did not take before.
func (l *lease) settle(ctx context.Context) {
	for ctx.Err() == nil && l.store.hub.owes(l.place.group) && !l.store.catchUp(ctx, l.place.group) {
		_ = clock.Sleep(ctx, l.pause())
	}
}

// pause is the time between two tries where Redis cannot be reached.
func (l *lease) pause() time.Duration { return max(l.store.opts.lapse/15, 100*time.Millisecond) }

// keep extends the lease until it is unlocked.
func (l *lease) keep(ctx context.Context) {
	lapse := l.store.opts.lapse
	next := lapse / 5
	for {
		timer := time.NewTimer(next)
		select {
		case <-l.unlocked:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			l.lose()
			return
		case <-timer.C:
		}
		sent := l.store.clock.Read()
		held, err := l.extend(ctx)
		switch {
		case err == nil && !held:
			l.lose()
			next = lapse // nothing more to extend, but Unlock is to come
		case err == nil:
			l.confirmed(sent.Add(lapse * 2 / 3))
			next = lapse / 5
		default:
			next = l.pause()
		}
		l.check() // it may come back for Redis, but not for the holder
	}
}

func (l *lease) confirmed(until clock.Reading) {
	l.check()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until = until
}

// check ends the lease for its holder if Redis has not confirmed it in time.
func (l *lease) check() {
	l.mu.Lock()
	past := l.store.clock.Read().Reached(l.until)
	l.mu.Unlock()
	if past {
		l.lose()
	}
}

func (l *lease) lose() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gone {
		l.gone = true
		close(l.lost)
	}
}

// extend reports whether the lease is held.
func (l *lease) extend(ctx context.Context) (bool, error) {
	s := l.store
	answer, err := run(ctx, s, s.scripts.extend, l.place, l.name, l.fence,
		(s.opts.lapse * 2 / 3).Milliseconds(), s.opts.logouts.Milliseconds())
	return number(answer, 0) == 1, err
}

func (l *lease) release(ctx context.Context) {
	_, _ = run(ctx, l.store, l.store.scripts.release, l.place, l.name) // or it lapses
}

// abandon releases, in ctx's goroutine, what was granted too late for its caller.
func (s *Store) abandon(ctx context.Context, p place, name string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.limit)
	defer cancel()
	_, _ = onGroup(ctx, s.client, s.scripts.release, p, name)
}
