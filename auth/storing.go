package auth

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// keptTries is how many times a renewal's lock is kept when its result could not be stored:
// about a quarter of a minute, in which no other program sends the old refresh token.
const keptTries = 4

// storing is what one flight leaves to the next about a store: what it could not store there,
// and when to look at the store again. The second part is for a [Watcher] only. Flights.mu
// guards it.
type storing struct {
	outdated bool         // the store does not hold the current login, but one before it
	storedID string       // the ID of the one that it holds; empty if that is not known
	before   *Credentials // the login that the current one has replaced
	owed     *Credentials // the current one, if it is to be stored once the store is back
	tries    int          // failed tries to store it
	lock     lock         // of the renewal that obtained it, kept so that others wait

	watching bool
	stop     func()        // ends the watching
	changed  bool          // others may have changed the store since it was looked at
	looked   clock.Reading // when it was looked at last
	wake     *time.Timer   // starts the next look; nil: none was planned yet
}

// handOver gives t what the flight before it left; fs.mu is held.
func (fs *flights) handOver(t *task) {
	st := &fs.storing
	if st.outdated && fs.renewal.storage.watched() && fs.currentLogin() != nil && !fs.owes() {
		st.outdated = false // it ended before it could be stored
	}
	t.outdated, t.stored, t.tries, t.lock = st.outdated, st.storedID, st.tries, st.takeLock()
	if t.before = st.before; t.mode > storeOnly {
		t.before = t.last
	}
}

// planStoring takes over from f what it could not store, and plans the next try: after 1, 2,
// 4 ... 60 seconds, or at once when a [Watcher] reports that the store is back. Fs.mu is held.
func (fs *flights) planStoring(f *flight) {
	st, c := &fs.storing, fs.currentLogin()
	switch {
	case isClosed(fs.closed):
		return
	case !fs.owes():
		st.owed, st.tries, st.storedID, st.before = nil, 0, "", nil
	case c == st.owed && f.mode != storeOnly: // f changed nothing, so this was no try
		st.lock, f.lock = f.lock, lock{}
	default:
		if c != st.owed {
			st.owed, st.tries, st.storedID, st.before = c, 0, f.stored, f.last
		}
		st.tries++
		st.lock, f.lock = f.lock, lock{}
		d := doubled(st.tries)
		st.lookAfter(d/2+time.Duration(rand.Int64N(int64(d/2)+1)), fs.look) //nolint:gosec // spreads load, keeps no secret
	}
	if st.changed {
		st.lookAfter(minLook, fs.look)
	}
}

// owes reports whether a flight has to store the current login later: it is still of use, and
// the store is a [Watcher], which may be away for a while. With other stores nothing is tried
// again, since a keyring might ask a person. Fs.mu is held.
func (fs *flights) owes() bool {
	if !fs.storing.outdated || !fs.renewal.storage.watched() {
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

// lookAfter plans the next look at the store, in place of the one that was planned before.
func (st *storing) lookAfter(d time.Duration, look func()) {
	if st.wake != nil {
		st.wake.Stop()
	}
	st.wake = time.AfterFunc(d, look)
}

// takeLease returns the lock that is kept, for the caller to release.
func (st *storing) takeLock() lock {
	l := st.lock
	st.lock = lock{}
	return l
}

// end cancels the next look. It returns a function that releases the lock and stops watching,
// to be called without the mutex, since both run code of the store.
func (st *storing) end() func() {
	kept, stop := st.takeLock(), st.stop
	st.stop = nil
	if st.wake != nil {
		st.wake.Stop()
	}
	return func() {
		quietly(kept.release)
		if stop != nil {
			quietly(stop)
		}
	}
}

// quietly calls f, code of the program whose panic no caller could be told of.
func quietly(f func()) {
	defer func() { _ = recover() }()
	f()
}

// unlock releases the lock of t. It keeps the lock while the stored login is outdated and may
// soon be replaced: others wait for that, and do not send the old refresh token.
func (r *renewal) unlock(ctx context.Context, t *task) {
	if t.outdated && t.tries < keptTries && r.storage.watched() && t.lock.lease != nil && t.lock.exclusive() && ctx.Err() == nil {
		return
	}
	t.lock.release()
}

// settling is how long the first holder of a lock waits when the store was away: others store
// first what they have renewed meanwhile, and the refresh token that they used is not sent.
const settling = time.Second / 2
