package auth

import (
	"context"
	"errors"
	"fmt"
)

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
	case f.storeErr != nil:
		return true, a.fail(opAdopt, fmt.Errorf("it is used, but could not be stored: %w", f.storeErr))
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
	r.storage.lock(ctx, &t.entry.lock, nil)
	stored, err := r.storage.retrieve(ctx)
	if err == nil && (stored.ID() == before.ID() || t.entry.outdated && stored.olderThan(before)) {
		if stored.ID() == before.ID() { // other programs may have noted something
			next.inherit(before, stored)
		}
		var newer *Credentials
		newer, err = r.storage.replace(ctx, &t.entry.lock, stored.ID(), &next)
		t.entry.outdated = t.entry.outdated && (err != nil || newer != nil)
		stored = newer
	}
	switch {
	case errors.Is(err, ErrLoggedOut):
		t.entry.loggedOut = true
		return nil
	case errors.Is(err, ErrNoCredentials), errors.Is(err, errDeleted):
		r.log.DebugContext(ctx, "a renewed session is not stored, since the one before it is not")
	case err != nil:
		t.storeErr, t.entry.outdated = err, true
	case stored != nil && before.olderThan(stored) && !r.tooNarrow(ctx, t, stored):
		if stored, _ = r.vetted(stored); r.canUse(t, stored) {
			t.fromStore, t.entry.outdated = true, false
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
	if t.session != nil && !t.fromStore {
		s.byPerson = t.old.byPerson
		s.accepted.Store(t.old.accepted.Load())
	}
}
