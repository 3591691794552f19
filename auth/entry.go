package auth

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// keptTries is how many times a renewal's lock is kept when its result could not be stored:
// about a quarter of a minute, in which no other program sends the old refresh token.
const keptTries = 4

// entry is what a flight knows of the login in the store.
type entry struct {
	// Flights hand these over from one to the next.
	outdated bool         // it is not the current login, but one before it
	id       string       // of what is stored, as it was read last; empty: nothing, or not known
	replaces *Credentials // the login that the current one, or the result, takes the place of
	tries    int          // to store the current one, in vain, since it is outdated
	lock     lock         // kept, so that others wait until the current one is stored

	// The rest is of one flight.
	read      bool         // whether the store said what it holds, if anything
	err       error        // why it did not
	loggedOut bool         // it was deleted by a logout
	note      *Credentials // what others stored where there is no login
}

// answered sets what the store has answered: c or err.
func (e *entry) answered(c *Credentials, err error) {
	e.id, e.read, e.err, e.note = c.ID(), err == nil || errors.Is(err, ErrNoCredentials), err, nil
	e.loggedOut = errors.Is(err, ErrLoggedOut)
	if said, ok := errors.AsType[*noteError](err); ok {
		e.note = said.note
	}
}

// handOver returns the entry for a renewal in mode m of what replaces last; fs.mu is held.
func (fs *flights) handOver(m mode, last *Credentials) entry {
	if fs.entry.outdated && fs.renewal.storage.watched() && fs.currentLogin() != nil && !fs.mustStore() {
		fs.entry.outdated = false // it ended before it could be stored
	}
	next := fs.entry
	next.lock = fs.takeLock()
	if m > storeOnly {
		next.replaces = last
	}
	return next
}

// takeOver keeps what f leaves of its entry while the current login has to be stored later,
// and plans the next try: after 1, 2, 4 ... 60 seconds, or at once when a [Watcher] reports
// that the store is back. Fs.mu is held.
func (fs *flights) takeOver(f *flight) {
	e, c := &fs.entry, fs.currentLogin()
	switch {
	case isClosed(fs.closed):
		return
	case !fs.mustStore():
		fs.unsaved, e.tries, e.id, e.replaces = nil, 0, "", nil
	case c == fs.unsaved && f.mode != storeOnly: // f changed nothing, so this was no try
		e.lock, f.entry.lock = f.entry.lock, lock{}
	default:
		if c != fs.unsaved {
			fs.unsaved, e.tries, e.id, e.replaces = c, 0, f.entry.id, f.last
		}
		e.tries++
		e.lock, f.entry.lock = f.entry.lock, lock{}
		d := doubled(e.tries)
		fs.compareAfter(d/2 + time.Duration(rand.Int64N(int64(d/2)+1))) //nolint:gosec // spreads load, keeps no secret
	}
	if fs.watching.changed {
		fs.compareAfter(minComparison)
	}
}

// mustStore reports whether a flight has to store the current login later: it is still of use,
// and the store is a [Watcher], which may be away for a while. With other stores nothing is
// tried again, since a keyring might ask a person. Fs.mu is held.
func (fs *flights) mustStore() bool {
	if !fs.entry.outdated || !fs.renewal.storage.watched() {
		return false
	}
	c := fs.currentLogin()
	return c != nil && (c.RefreshToken != "" || c.usable(fs.renewal.clock.Read()))
}

// currentLogin returns the login that this process has; nil if none. Fs.mu is held.
func (fs *flights) currentLogin() *Credentials {
	if s := fs.current.Load(); s.creds != nil {
		return s.creds
	}
	return fs.initial
}

// takeLock returns the lock that is kept, for the caller to release; fs.mu is held.
func (fs *flights) takeLock() lock {
	l := fs.entry.lock
	fs.entry.lock = lock{}
	return l
}

// unlock releases the lock of t. It keeps the lock while the stored login is outdated and may
// soon be replaced: others wait for that, and do not send the old refresh token.
func (r *renewal) unlock(ctx context.Context, t *task) {
	e := &t.entry
	if e.outdated && e.tries < keptTries && r.storage.watched() && e.lock.lease != nil && e.lock.exclusive() && ctx.Err() == nil {
		return
	}
	e.lock.release()
}

// settling is how long the first holder of a lock waits when the store was away: others store
// first what they have renewed meanwhile, and the refresh token that they used is not sent.
const settling = time.Second / 2
