package auth

import (
	"context"
	"errors"
	"time"
)

// minLook is the least time between two looks at the store that its changes cause.
const minLook = 100 * time.Millisecond

// watched reports whether the store says when others change it.
func (s *storage) watched() bool {
	_, ok := s.store.(Watcher)
	return ok
}

// watch begins to watch the store, if that is possible and has not begun.
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

// storeChanged has the store looked at: now, or once the flight under way has ended. Any
// number of changes meanwhile cause one look.
func (fs *flights) storeChanged() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.storing.changed = true
	now, next := fs.renewal.clock.Read(), fs.storing.looked.Add(minLook)
	switch {
	case isClosed(fs.closed), fs.flight != nil: // which looks when it has ended
	case !fs.storing.looked.IsZero() && !now.Reached(next):
		fs.storing.after(now.Until(next), fs.look)
	default:
		fs.lookNow()
	}
}

// look is lookNow for a timer.
func (fs *flights) look() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case isClosed(fs.closed):
	case fs.flight != nil:
		fs.storing.changed = true // it looks when it has ended
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

// compared publishes the result of a comparison with the store; fs.mu is held.
func (fs *flights) compared(f *flight, creds *Credentials, err error) {
	switch {
	case fs.current.Load() != f.old: // a logout here, or elsewhere
	case err != nil:
		f.err = err
	default:
		fs.backoff.unlocked()
		fs.storing.outdated = f.outdated
		if creds != f.old.creds && creds != f.given {
			f.creds = fs.publish(f, creds)
		}
		if f.adopted {
			fs.backoff.replaced()
		}
	}
}

// drop forgets the login s, which a logout elsewhere has ended; fs.mu is held. What comes
// next is what comes after [Authenticator.Logout].
func (fs *flights) drop(s *snapshot) {
	if s.creds != nil {
		fs.backoff.replaced()
	}
	fs.current.Store(notRead(s.gen))
	fs.initial, fs.storing.outdated = nil, false
}

// unlocked lets the next flight start at once if the last one had no lock.
func (b *backoff) unlocked() {
	if errors.Is(b.err, ErrLeaseRequired) {
		b.replaced()
	}
}

// replaced forgets what was wrong with the login before this one, but not that the
// authorization server failed, or that a person declined.
func (b *backoff) replaced() {
	if errors.Is(b.err, ErrRejected) || errors.Is(b.err, ErrInteractionRequired) || errors.Is(b.err, ErrLeaseRequired) {
		*b = backoff{declined: b.declined, pace: b.pace}
	}
}
