package auth

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// keptTries is how many times a renewal's lock is kept when its result could not be stored:
// about a quarter of a minute, in which no other program sends the old refresh token.
const keptTries = 4

// storing is what flights know of the stored login. Flights.mu guards it.
type storing struct {
	outdated bool         // the store does not hold the current login, but one before it
	over     string       // the ID of that, as far as it was read
	before   *Credentials // what this process had before
	owed     *Credentials // the current one, which is tried again
	tries    int          // to store it, in vain
	lease    lease        // of the renewal that could not

	watching bool
	stop     func()        // of the Watcher
	changed  bool          // others may have changed the store since looked
	looked   clock.Reading // when it was read because of a change
	wake     *time.Timer   // the next look at the store; nil: none so far
}

// begin hands over to t what the flight before it left; fs.mu is held.
func (fs *flights) begin(t *task) {
	st := &fs.storing
	if st.outdated && fs.renewal.storage.watched() && fs.held() != nil && !fs.owes() {
		st.outdated = false // it ended before it could be stored
	}
	t.outdated, t.stored, t.tries, t.lease = st.outdated, st.over, st.tries, st.takeLease()
	if t.before = st.before; t.mode > storeOnly {
		t.before = t.last
	}
}

// takeLease returns the lock that is kept, for the caller to release.
func (st *storing) takeLease() lease {
	l := st.lease
	st.lease = lease{}
	return l
}

// end returns a function that ends what runs by itself; it is called without the mutex.
func (st *storing) end() func() {
	kept, stop := st.takeLease(), st.stop
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

// quietly calls f, which is code of the program, where no caller waits for the error.
func quietly(f func()) {
	defer func() { _ = recover() }()
	f()
}

// after sees to the next look at the store after d, instead of any other.
func (st *storing) after(d time.Duration, look func()) {
	if st.wake != nil {
		st.wake.Stop()
	}
	st.wake = time.AfterFunc(d, look)
}

// stored sees to what the flight f could not store: a flight tries that again after 1, 2,
// 4 ... 60 seconds, and at once when a [Watcher] says that the store is back. Fs.mu is held.
func (fs *flights) stored(f *flight) {
	st, c := &fs.storing, fs.held()
	switch {
	case isClosed(fs.closed):
		return
	case !fs.owes():
		st.owed, st.tries, st.over, st.before = nil, 0, "", nil
	case c == st.owed && f.mode != storeOnly: // it changed nothing
		st.lease, f.lease = f.lease, lease{}
	default:
		if c != st.owed {
			st.owed, st.tries, st.over, st.before = c, 0, f.stored, f.last
		}
		st.tries++
		st.lease, f.lease = f.lease, lease{}
		d := doubled(st.tries)
		st.after(d/2+time.Duration(rand.Int64N(int64(d/2)+1)), fs.look) //nolint:gosec // spreads load, keeps no secret
	}
	if st.changed {
		st.after(minLook, fs.look)
	}
}

// owes reports whether there is a login to store, in a store that may be away for a while.
// Others stay as they are: a keyring might ask a person. Fs.mu is held.
func (fs *flights) owes() bool {
	if !fs.storing.outdated || !fs.renewal.storage.watched() {
		return false
	}
	c := fs.held()
	return c != nil && (c.RefreshToken != "" || c.usable(fs.renewal.clock.Read()))
}

// held returns the login that this process has; nil if none. Fs.mu is held.
func (fs *flights) held() *Credentials {
	if s := fs.current.Load(); s.creds != nil {
		return s.creds
	}
	return fs.initial
}

// letGo releases the lock of t, unless the stored login is outdated: as long as there is
// hope to store the next one soon, the others wait, and do not send the old refresh token.
func (r *renewal) letGo(ctx context.Context, t *task) {
	if t.outdated && t.tries < keptTries && r.storage.watched() && t.lease.held != nil && t.lease.exclusive() && ctx.Err() == nil {
		return
	}
	t.lease.release()
}

// settling is how long the first holder of a lock waits when the store was away: others store
// first what they have renewed meanwhile, and the refresh token that they used is not sent.
const settling = time.Second / 2

// settle waits for that.
func settle(ctx context.Context) {
	wait := time.NewTimer(settling)
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-ctx.Done():
	}
}

// compare reads the store once and returns what calls carry from now on: a newer login that
// others stored, or the current one, which it stores if the store does not hold it.
func (r *renewal) compare(ctx context.Context, t *task) (*Credentials, error) {
	current, owed := t.old.creds, t.outdated
	if current == nil {
		current = t.given
	}
	var stored *Credentials
	var err error
	if owed {
		var cancel context.CancelFunc
		ctx, cancel = extended(ctx)
		defer cancel()
		stored, err = r.overtake(ctx, t, current)
	} else {
		stored, err = r.storage.retrieve(ctx)
	}
	switch {
	case errors.Is(err, ErrLoggedOut):
		t.loggedOut, t.outdated = true, false
		return nil, nil //nolint:nilnil // as after a logout
	case errors.Is(err, ErrNoCredentials) && !owed: // it was lost
		return current, nil
	case err != nil:
		r.log.DebugContext(ctx, "cannot compare the login with the stored one", slog.Any("error", err))
		return nil, r.fail("renew", err)
	}
	t.outdated = false
	if stored == nil {
		r.log.InfoContext(ctx, "the login is stored now")
		return current, nil
	}
	return r.latest(ctx, t, current, stored), nil
}

// overtake stores c in place of the stored login, unless that is newer: then it returns it.
func (r *renewal) overtake(ctx context.Context, t *task, c *Credentials) (newer *Credentials, err error) {
	if _, ok := r.storage.store.(Swapper); !ok {
		r.storage.take(ctx, &t.lease, nil)
	}
	stored, err := r.storage.retrieve(ctx)
	switch {
	case err == nil && !r.outdoes(t, c, stored):
		return stored, nil
	case err != nil && (errors.Is(err, ErrLoggedOut) || !errors.Is(err, ErrNoCredentials)):
		return nil, err
	}
	return r.storage.replace(ctx, &t.lease, stored.ID(), c)
}

// outdoes reports whether c is to replace stored: it is newer. A program that can log in
// without a person keeps any token that others have stored meanwhile.
func (r *renewal) outdoes(t *task, c, stored *Credentials) bool {
	switch id := stored.ID(); {
	case id == t.stored, id == c.ID(), id == t.before.ID():
		return true
	case !r.traits.Interactive && c.RefreshToken == "" && stored.usable(t.clock.Read()) && !stored.olderThan(t.before):
		return false
	default:
		return stored.olderThan(c)
	}
}

// latest returns stored in the form that calls can carry, or current if it is none for them.
func (r *renewal) latest(ctx context.Context, t *task, current, stored *Credentials) *Credentials {
	kept, _ := r.vetted(stored)
	switch {
	case current != nil && stored.ID() == current.ID():
		if kept == nil || stored.saysAsMuch(current) {
			return current
		}
		return kept
	case t.canUse(kept) && !stored.olderThan(t.last) && !r.tooNarrow(ctx, t, stored):
		t.adopted = true
		r.log.DebugContext(ctx, "another process stored a newer login; it is used from now on")
		return kept
	case current != nil && stored.Ended != "" && stored.RefreshToken == current.RefreshToken && stored.RefreshToken != "":
		r.remember(stored.RefreshToken, errors.New(stored.Ended))
	}
	return current
}

// saysAsMuch reports whether c and o, which have one access token, are equal in what other
// programs may have noted.
func (c *Credentials) saysAsMuch(o *Credentials) bool {
	return c.RefreshToken == o.RefreshToken && c.Ended == o.Ended && c.Refusals == o.Refusals &&
		c.Refused == o.Refused && c.RetryAt.Equal(o.RetryAt)
}
