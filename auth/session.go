package auth

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Accepted says that a server has taken c. The interceptors call it once for each
// credential. A token that is rejected before any server has accepted it was issued for
// something else, as a rule, and so was the next one: then a replacement is requested after
// 1, 2, 4 ... 60 seconds, and a person is not asked again before the next Login. A program
// that calls Refresh by itself calls Accepted too.
func (a *Authenticator) Accepted(c *Credentials) {
	s := a.current.Load()
	if c == nil || !s.published(c) || s.accepted.Swap(true) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backoff.accepted(s.wasRejected())
}

// Refused says that a call was rejected with c, which Refresh had returned for it in place
// of others: a new token does not help that call. The interceptors call it. The next
// replacement is requested after 1, 2, 4 ... 60 seconds. If c is from a person, that person
// is not asked again before the next Login.
func (a *Authenticator) Refused(c *Credentials) {
	s := a.current.Load()
	if c == nil || !s.published(c) || s.vain.Swap(true) {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.backoff.pace.inVain(a.renewal.clock.Read())
}

// Doubted reports whether a call that was rejected with c is to be made once more with c
// itself, before Refresh: tokens that a server had accepted were rejected and replaced one
// after another, as happens where one of several backends rejects what the others accept.
// The interceptors ask once for each call. It sends nothing.
func (a *Authenticator) Doubted(ctx context.Context, c *Credentials) bool {
	s := a.current.Load()
	if c == nil || !s.published(c) || !s.accepted.Load() || s.wasRejected() {
		return false
	}
	a.mu.Lock()
	many := a.backoff.turns.many(a.renewal.clock.Read())
	a.mu.Unlock()
	if many {
		a.renewal.seen.moment(ctx, Rejection)
	}
	return many
}

// Adopt makes next the current credentials if prev still is: the other side has renewed the
// session prev by itself, as a proxy does that sets a new cookie on any answer. It reports
// whether it did. Of several for one prev the first is adopted, and the others wait for it.
// A renewal under way, which replaces prev anyway, has precedence.
//
// Next takes the place of prev in the store, too, and of nothing else: a newer login that
// another program has stored is used instead, and no login is stored anew after a logout.
// An error beside true means that next could not be stored, and lasts as long as this
// process. An adoption completes even if ctx ends before; Close waits for it as for a
// refresh. The error is an [*Error].
func (a *Authenticator) Adopt(ctx context.Context, prev, next *Credentials) (bool, error) {
	f, first, err := a.offer(prev, next)
	if f == nil || ctx.Value(flightOf{&a.flights}) != nil {
		return false, err
	}
	select {
	case <-f.done:
	case <-a.closed:
		return false, a.fail(opAdopt, ErrClosed)
	case <-ctx.Done():
		return false, a.fail(opAdopt, ctx.Err())
	}
	switch {
	case !first:
		return false, nil
	case f.err != nil:
		return false, f.err
	case f.creds == nil: // there was a logout elsewhere
		return false, nil
	case f.creds.AccessToken != next.AccessToken: // another program's
		return false, nil
	case f.unstored != nil:
		return true, a.fail(opAdopt, fmt.Errorf("it is used, but could not be stored: %w", f.unstored))
	default:
		return true, nil
	}
}

const opAdopt = "adopt a renewed session"

// offer returns the flight that adopts a session in place of prev, and whether it is for
// next; none if next is not to be adopted.
func (a *Authenticator) offer(prev, next *Credentials) (f *flight, first bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.current.Load()
	switch {
	case isClosed(a.closed):
		return nil, false, a.fail(opAdopt, ErrClosed)
	case prev == nil || !s.published(prev):
		return nil, false, nil
	case !next.usable(a.renewal.clock.Read()):
		return nil, false, a.fail(opAdopt, fmt.Errorf("%w: it is empty or has expired", errUnusable))
	case next.sendable() != nil:
		return nil, false, a.fail(opAdopt, fmt.Errorf("%w: %w", errUnusable, next.sendable()))
	case next.AccessToken == prev.AccessToken:
		return nil, false, nil
	case a.flight == nil:
		session := *next
		if next.RefreshToken == prev.RefreshToken {
			session.RefreshToken = s.creds.RefreshToken // which may have changed since
		}
		return a.launch(s, renewOnly, &session), true, nil
	case a.flight.session != nil:
		return a.flight, false, nil
	default:
		return nil, false, nil
	}
}

// adopt stores t.session in place of the session that it continues, if that is stored, and
// returns it, or another program's newer login. It does so even if the flight is being
// cancelled: the other side may have ended the session before.
func (r *renewal) adopt(ctx context.Context, t *task) *Credentials {
	before, next := t.old.creds, *t.session
	next.inherit(before, before)
	if now := r.clock.Read().Wall(); next.IssuedAt.IsZero() || next.IssuedAt.After(now) {
		next.IssuedAt = now
	}
	if r.storage.store == nil {
		return &next
	}
	ctx, cancel := extended(ctx)
	defer cancel()
	r.storage.take(ctx, &t.lease, nil)
	stored, err := r.storage.retrieve(ctx)
	if err == nil && (stored.ID() == before.ID() || t.outdated && stored.olderThan(before)) {
		if stored.ID() == before.ID() { // other programs may have noted something
			next.inherit(before, stored)
		}
		var newer *Credentials
		newer, err = r.storage.replace(ctx, &t.lease, stored.ID(), &next)
		t.outdated = t.outdated && (err != nil || newer != nil)
		stored = newer
	}
	switch {
	case errors.Is(err, ErrLoggedOut):
		t.loggedOut = true
		return nil
	case errors.Is(err, ErrNoCredentials), errors.Is(err, errDeleted):
		r.log.DebugContext(ctx, "a renewed session is not stored, since the one before it is not")
	case err != nil:
		t.unstored, t.outdated = err, true
	case stored != nil && before.olderThan(stored) && !r.tooNarrow(ctx, t, stored):
		if stored, _ = r.vetted(stored); t.canUse(stored) {
			t.adopted, t.outdated = true, false
			r.log.InfoContext(ctx, "another process stored a newer login meanwhile; it is used instead")
			return stored
		}
	}
	return &next
}

// inherit makes what is known about the session before hold for c, which continues it, too.
func (c *Credentials) inherit(before, known *Credentials) {
	c.Refusals, c.Refused, c.RetryAt = known.Refusals, known.Refused, known.RetryAt
	if c.RefreshToken == before.RefreshToken {
		c.RefreshToken, c.Ended = known.RefreshToken, known.Ended
	}
}

// continues makes what is known about a session hold for the one that continues it.
func (s *snapshot) continues(t *task) {
	if t.session != nil && !t.adopted {
		s.asked = t.old.asked
		s.accepted.Store(t.old.accepted.Load())
	}
}

// Login logs in now, even if there is a usable login, and even if a person has refused
// an earlier one. It may ask a person. If a login is under way already, Login waits for
// it and returns its result; it does not take the result of a refresh for a login.
// Programs that only make calls do not need it. The error is an [*Error].
func (a *Authenticator) Login(ctx context.Context) error {
	_, err := a.join(ctx, a.current.Load().gen, newLogin)
	return err
}

// Close ends a login under way. Callers that wait for it get [ErrClosed], and so do
// later calls. The stored login is not deleted. The error is always nil, and calling
// Close again does nothing.
//
// It waits, for three seconds at most, for a refresh under way: its answer may hold a
// rotated refresh token, without which a person would have to log in again. It tries once
// more to store a login that could not be stored, within the same time.
func (a *Authenticator) Close() error {
	a.close()
	a.renewal.seen.moment(context.Background(), Closing) //nolint:forbidigo // of no call
	return nil
}

// close ends the flight under way, and waits for a refresh in it, for extraTime at
// most.
func (fs *flights) close() {
	fs.mu.Lock()
	if !isClosed(fs.closed) {
		if fs.flight == nil && fs.owes() {
			fs.launch(fs.current.Load(), storeOnly, nil)
		}
		close(fs.closed)
		fs.current.Load().advance(closed)
	}
	f := fs.flight
	end := fs.storing.end()
	fs.mu.Unlock()
	end()
	if f == nil {
		return
	}
	f.cancel()
	if f.critical.Load() {
		limit := time.NewTimer(extraTime)
		defer limit.Stop()
		select {
		case <-f.done:
		case <-limit.C:
		}
	}
}

// Logout deletes the login, here and in the store, and revokes its tokens if the flow is a
// [Revoker]. With a [Key] without a ClientID or an Audience these are the logins of all of
// them, because the next call would find any. The next call starts without a login; a call in flight keeps its token.
//
// If the flow is interactive, a later call that the server rejects asks a person again.
//
// The login is deleted even if the server cannot be reached; the error then says that the
// tokens stay valid until they expire. If the store cannot delete it, the error says so:
// this Authenticator does not use it again, but another program will find it.
func (a *Authenticator) Logout(ctx context.Context) error {
	var ended []*Credentials
	var failed error
	for {
		count, err := a.settle(ctx)
		if err != nil {
			return a.fail("logout", err)
		}
		ended, failed = a.erase(ctx, ended)
		if a.clear(count, failed != nil) {
			break
		}
	}
	for _, c := range ended {
		failed = errors.Join(failed, a.revoke(ctx, c))
	}
	if failed != nil {
		return a.fail("logout", failed)
	}
	return nil
}

// maxLogins bounds how many logins a logout deletes.
const maxLogins = 16

// erase deletes the login from the store, every one that the key matches, and adds it to
// ended.
func (a *Authenticator) erase(ctx context.Context, ended []*Credentials) ([]*Credentials, error) {
	stored := a.renewal.storage
	var held lease
	defer held.release()
	stored.takeForPerson(ctx, &held) // or a renewal elsewhere would store the login again

	initial, _ := a.unstored()
	ended = withLogin(ended, a.current.Load().creds)
	ended = withLogin(ended, initial)
	if stored.store == nil {
		return ended, nil
	}
	for range maxLogins { // a key without a client or an audience may find several
		c, err := stored.retrieve(ctx)
		if err == nil {
			ended = withLogin(ended, c)
		}
		if failed := stored.remove(ctx); failed != nil || err != nil {
			return ended, failed
		}
	}
	return ended, nil
}

// withLogin adds c to list unless its tokens are there already.
func withLogin(list []*Credentials, c *Credentials) []*Credentials {
	if c == nil {
		return list
	}
	for _, o := range list {
		if o.AccessToken == c.AccessToken && o.RefreshToken == c.RefreshToken {
			return list
		}
	}
	return append(list, c)
}

func (a *Authenticator) revoke(ctx context.Context, c *Credentials) (err error) {
	r, ok := a.renewal.flow.(Revoker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	defer recovered(ctx, a.renewal.log, a.renewal.flowName(), &err)
	if err := r.Revoke(ctx, a.renewal.env, c); err != nil {
		return fmt.Errorf("the login is deleted here, but its tokens could not be revoked: %w", err)
	}
	return nil
}

// settle cancels the flight under way, waits for its result, and returns how many flights
// there have been.
func (fs *flights) settle(ctx context.Context) (count int, err error) {
	fs.mu.Lock()
	f, count := fs.flight, fs.count
	kept := fs.storing.takeLease()
	fs.mu.Unlock()
	quietly(kept.release)
	if f == nil {
		return count, nil
	}
	f.cancel()
	select {
	case <-f.done:
		return count, nil
	case <-ctx.Done():
		return count, ctx.Err()
	}
}

// clear drops the current credentials, and reports whether it did: not if there was a
// flight since count was taken, which may have stored a login. kept says that the store
// still holds one.
func (fs *flights) clear(count int, kept bool) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.count != count {
		return false
	}
	fs.current.Store(notRead(fs.current.Load().gen))
	fs.initial, fs.backoff, fs.storing.outdated = nil, backoff{}, kept
	return true
}

func (fs *flights) busy() bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.flight != nil
}
