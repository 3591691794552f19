package auth

import (
	"context"
	"time"
)

// minLook is the least time between two looks at the store that its changes cause.
const minLook = 100 * time.Millisecond

// watched reports whether the store says when others change it.
func (s *storage) watched() bool {
	_, ok := s.store.(Watcher)
	return ok
}

// watch starts to watch the store, if it is a [Watcher] and is not watched yet.
func (fs *flights) watch(ctx context.Context) {
	w, ok := fs.renewal.storage.store.(Watcher)
	fs.mu.Lock()
	first := ok && !fs.storing.watching
	fs.storing.watching = ok
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
		fs.storing.stop = stop
	}
	fs.mu.Unlock()
	if over && stop != nil {
		quietly(stop)
	}
}

// storeChanged starts a look at the store: now, or when the flight under way has ended. Any
// number of changes meanwhile cause one look.
func (fs *flights) storeChanged() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.storing.changed = true
	now, next := fs.renewal.clock.Read(), fs.storing.looked.Add(minLook)
	switch {
	case isClosed(fs.closed), fs.flight != nil: // a look follows the flight
	case !fs.storing.looked.IsZero() && !now.Reached(next):
		fs.storing.lookAfter(now.Until(next), fs.look)
	default:
		fs.lookNow()
	}
}

// look is lookNow for a timer, which does not know whether a flight is under way.
func (fs *flights) look() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case isClosed(fs.closed):
	case fs.flight != nil:
		fs.storing.changed = true // a look follows the flight
	default:
		fs.lookNow()
	}
}

// lookNow starts a flight that compares the login with the stored one, if there is a reason
// to; fs.mu is held, and there is no flight.
func (fs *flights) lookNow() {
	s, st := fs.current.Load(), &fs.storing
	unused := s.load() == unread && fs.initial != nil && !st.outdated // WithInitial comes first
	wanted := st.changed && !st.outdated && !unused || fs.owes()
	st.changed, st.looked = false, fs.renewal.clock.Read()
	if wanted {
		fs.launch(s, storeOnly, nil)
	}
}
