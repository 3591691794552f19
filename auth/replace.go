package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"
)

// task is what a flight has to do, and how far it has come. Only the flight's own
// goroutine looks at it before the flight lands; vital is for everybody.
type task struct {
	reach     reach
	old       *snapshot    // what is to be replaced
	given     *Credentials // what the program started with, while nobody has looked at it
	last      *Credentials // what is no successor
	probation bool         // old was refused once, and may be handed out once more
	stale     bool         // nor is what the store holds; see Authenticator

	vital  atomic.Bool // the only refresh token that is any good may be on its way
	others lease
	prev   *Credentials // what a successor can be made of
	ended  error        // why prev cannot be renewed

	anew     bool // the result is a login, not a renewal
	repeated bool // or the same token as before
}

// refused tells whether the server has rejected old, so that it will not do again.
func (t *task) refused() bool { return t.old.load() == bad && !t.probation }

// fits tells whether c can be handed out as it is.
func (t *task) fits(c *Credentials) bool {
	return c.live() && (t.last == nil || c.AccessToken != t.last.AccessToken)
}

// live tells whether there is an access token that is good by the clock.
func (c *Credentials) live() bool {
	return c != nil && c.AccessToken != "" && !c.expired(time.Now())
}

var errRepeated = fmt.Errorf("%w: logging in again gave the very token that the server has just refused;"+
	" give this program another one", ErrRejected)

// replace finds a successor to t.old, nil where calls go without. It is the first
// of these that there is, as far as t.reach allows:
//
//  1. what was given at the start,
//  2. what another process has stored,
//  3. a renewal,
//  4. what is left, where nobody may be asked to log in,
//  5. a new login.
//
// Other processes wait from the renewal until its result is stored, and look
// again then. They never wait for a person.
func (a *Authenticator) replace(ctx context.Context, t *task) (*Credentials, error) {
	defer t.others.release()
	if a.find(ctx, t) {
		return t.prev, nil
	}
	next, err := a.extend(ctx, t)
	switch {
	case !errors.Is(err, errNotRenewed):
		return next, err
	case a.mayLogIn(t.reach):
		return a.logIn(ctx, t)
	default:
		return a.goOn(t)
	}
}

// mayLogIn tells whether a flight as far as r may end in a new login.
func (a *Authenticator) mayLogIn(r reach) bool {
	return r >= attended || (r == unattended && !a.traits.Interactive)
}

// find looks for what can be handed out as it is, and once more when it is our
// turn to ask the server, because another process may just have done so.
func (a *Authenticator) find(ctx context.Context, t *task) (found bool) {
	found = a.look(ctx, t)
	if t.reach == forced {
		return false
	}
	asks := a.canRenew(t.prev, t.reach) || a.mayLogIn(t.reach)
	if !found && asks && t.others.take(ctx, a) {
		found = a.look(ctx, t)
	}
	return found
}

// look sets t.prev to the best credentials there are, and tells whether they can
// be handed out as they are.
func (a *Authenticator) look(ctx context.Context, t *task) (usable bool) {
	t.prev = cmp.Or(t.given, t.old.creds)
	switch {
	case t.given.live():
		return true
	case a.store == nil, t.stale:
		return false
	}
	stored, err := a.retrieve(ctx)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return false
	case err != nil:
		a.log.WarnContext(ctx, "cannot read the stored login", slog.Any("error", err))
		return false
	case stored.olderThan(t.last):
		return false
	}
	usable = t.fits(stored)
	if usable || t.given == nil {
		t.prev = stored
	}
	return usable
}

// olderThan tells whether c is known to have been issued before o.
func (c *Credentials) olderThan(o *Credentials) bool {
	return o != nil && !c.IssuedAt.IsZero() && c.IssuedAt.Before(o.IssuedAt)
}

// goOn is the end of a flight that may not log in: calls keep what is left.
func (a *Authenticator) goOn(t *task) (*Credentials, error) {
	if !errors.Is(t.ended, ErrRejected) && t.old.load() != unknown {
		return nil, a.flightError("renew", ErrInteractionRequired)
	}
	if t.prev != nil && t.prev.AccessToken == "" {
		t.prev = nil // it is in the store, for a flow that can renew it
	}
	return t.prev, nil
}
