package auth

import (
	"context"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// minComparison is the least time between two comparisons with the store that its changes
// cause.
const minComparison = 100 * time.Millisecond

// watching plans the comparisons with a store that is a [Watcher]; flights.mu guards it. They
// are flights, so one waits while another flight is under way.
type watching struct {
	started  bool
	stop     func()        // ends the watching
	changed  bool          // others may have changed the store since the last comparison
	compared clock.Reading // when that began
	timer    *time.Timer   // starts the next one; nil: none was planned yet
}

// watched reports whether the store says when others change it.
func (s *storage) watched() bool {
	_, ok := s.store.(Watcher)
	return ok
}

// watch starts to watch the store, if it is a [Watcher] and is not watched yet.
func (fs *flights) watch(ctx context.Context) {
	w, ok := fs.renewal.storage.store.(Watcher)
	fs.mu.Lock()
	first := ok && !fs.watching.started
	fs.watching.started = ok
	fs.mu.Unlock()
	if !first {
		return
	}
	var stop func()
	var err error
	func() {
		defer recovered(ctx, fs.renewal.log, fs.renewal.storage.name(), &err)
		stop = w.Watch(fs.renewal.storage.key, fs.storeChanged)
	}()
	fs.mu.Lock()
	over := isClosed(fs.closed)
	if !over {
		fs.watching.stop = stop
	}
	fs.mu.Unlock()
	if over && stop != nil {
		quietly(stop)
	}
}

// unwatch cancels the next comparison, and returns a function that stops the watching: it is
// code of the store, to be called without fs.mu, which is held here.
func (fs *flights) unwatch() func() {
	stop := fs.watching.stop
	fs.watching.stop = nil
	if fs.watching.timer != nil {
		fs.watching.timer.Stop()
	}
	return func() {
		if stop != nil {
			quietly(stop)
		}
	}
}

// storeChanged starts a comparison: now, or when the flight under way has ended. Any number
// of changes meanwhile cause one.
func (fs *flights) storeChanged() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.watching.changed = true
	now, next := fs.renewal.clock.Read(), fs.watching.compared.Add(minComparison)
	switch {
	case isClosed(fs.closed), fs.flight != nil: // a comparison follows the flight
	case !fs.watching.compared.IsZero() && !now.Reached(next):
		fs.compareAfter(now.Until(next))
	default:
		fs.startComparison()
	}
}

// compareAfter plans the next comparison, in place of the one that was planned before; fs.mu
// is held.
func (fs *flights) compareAfter(d time.Duration) {
	if fs.watching.timer != nil {
		fs.watching.timer.Stop()
	}
	fs.watching.timer = time.AfterFunc(d, func() {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		switch {
		case isClosed(fs.closed):
		case fs.flight != nil:
			fs.watching.changed = true // a comparison follows the flight
		default:
			fs.startComparison()
		}
	})
}

// startComparison starts a flight that compares the login with the stored one, if there is a
// reason to; fs.mu is held, and there is no flight.
func (fs *flights) startComparison() {
	s, w, outdated := fs.current.Load(), &fs.watching, fs.entry.outdated
	unused := s.load() == unread && fs.initial != nil && !outdated // WithInitial comes first
	wanted := w.changed && !outdated && !unused || fs.mustStore()
	w.changed, w.compared = false, fs.renewal.clock.Read()
	if wanted {
		fs.launch(s, storeOnly, nil)
	}
}
