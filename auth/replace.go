package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// task is what a flight has to do.
type task struct {
	old       *snapshot
	reach     reach
	vital     *atomic.Bool // see flight
	probation bool         // old was refused once, and may be handed out once more
	unsaved   bool         // the store lacks old
	others    *lease
}

// refused tells whether the server has rejected old, so that it will not do again.
func (t task) refused() bool { return t.old.load() == bad && !t.probation }

// outcome is what a flight brought: nil credentials mean that calls go without.
type outcome struct {
	creds    *Credentials
	unsaved  bool // the store could not take them
	repeated bool // they are the same that were rejected before
}

var (
	errRepeated = fmt.Errorf("%w: logging in again gave the very token that the server has just refused;"+
		" give this program another one", ErrRejected)
	errUnchanged = errors.New("renewing gave the same token again")
)

// replace finds a successor to t.old: one that another process has stored, a
// renewal, or a new login, in this order and as far as t.reach allows.
//
// Other processes wait from the renewal until its result is stored, and look
// again then. They never wait for a person.
func (a *Authenticator) replace(ctx context.Context, t task) (outcome, error) {
	var others lease
	defer others.release()
	t.others = &others

	prev, usable := a.look(ctx, t)
	if usable && t.reach < forced {
		return outcome{creds: prev}, nil
	}
	alone := a.canRenew(prev, t.reach) || (!a.traits.Interactive && t.reach >= unattended)
	if alone && t.reach < forced && others.take(ctx, a) {
		if prev, usable = a.look(ctx, t); usable {
			return outcome{creds: prev}, nil
		}
	}
	out, prev, refused, err := a.extend(ctx, t, prev)
	if out.creds != nil || err != nil {
		return out, err
	}
	if t.reach < unattended || (a.traits.Interactive && t.reach < attended) {
		return a.goOn(t, prev, refused != nil)
	}
	if a.traits.Interactive {
		others.release()
	}
	next, err := a.obtain(ctx, prev)
	switch {
	case err == nil:
		return a.keep(ctx, t, next)
	case errors.Is(err, configstore.ErrNoLogin) && t.reach < attended:
		return outcome{}, nil
	default:
		if refused != nil {
			err = fmt.Errorf("%w (the login before it: %v)", err, refused) //nolint:errorlint // history, not the cause
		}
		return outcome{}, a.flightError("login", err)
	}
}

// extend renews prev as far as that can be done. Without an outcome and an error
// it returns what is left of prev, and why the server will not renew it.
func (a *Authenticator) extend(ctx context.Context, t task, prev *Credentials) (out outcome, rest *Credentials, refused, err error) {
	for range 2 { // once more if somebody has stored another login meanwhile
		if !a.canRenew(prev, t.reach) {
			break
		}
		next, err := a.renew(ctx, t, prev)
		switch {
		case err == nil:
			out, err = a.keep(ctx, t, next)
			return out, nil, nil, err
		case !errors.Is(err, ErrRejected), !a.traits.Interactive && t.reach == background:
			return outcome{}, nil, nil, a.flightError("renew", err)
		case !a.traits.Interactive:
			return outcome{}, prev, err, nil
		}
		a.log.WarnContext(ctx, "the stored login ended, a new one is needed", slog.Any("error", err))
		newer := a.forget(ctx, prev)
		switch {
		case newer == nil:
			return outcome{}, withoutRefresh(prev), err, nil
		case newer.AccessToken != "" && !newer.expired(time.Now()):
			return outcome{creds: newer}, nil, nil, nil
		}
		prev, refused = newer, err
	}
	return outcome{}, prev, refused, nil
}

// look returns the best credentials there are, and whether they can be handed
// out as they are: those given at the start, or what a store holds and nobody
// here has seen rejected (another process may have been faster).
func (a *Authenticator) look(ctx context.Context, t task) (best *Credentials, usable bool) {
	prev, last := t.old.creds, t.old.last
	given := t.old.load() == unknown && a.initial != nil
	if given {
		prev, last = a.initial, a.initial
	}
	if given && prev.AccessToken != "" && !prev.expired(time.Now()) {
		return prev, true
	}
	if a.store == nil || t.unsaved {
		return prev, false
	}
	stored, err := a.retrieve(ctx)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return prev, false
	case err != nil:
		a.log.WarnContext(ctx, "cannot read the stored login", slog.Any("error", err))
		return prev, false
	case stored.olderThan(last):
		return prev, false
	}
	known := last != nil && stored.AccessToken == last.AccessToken
	usable = !known && stored.AccessToken != "" && !stored.expired(time.Now())
	if given && !usable {
		return prev, false
	}
	return stored, usable
}

// olderThan tells whether c is known to have been issued before o.
func (c *Credentials) olderThan(o *Credentials) bool {
	return o != nil && !c.IssuedAt.IsZero() && c.IssuedAt.Before(o.IssuedAt)
}

// canRenew tells whether a renewal is worth a request. Flows that need nobody
// simply log in again, unless they hold a refresh token or calls still have a
// good credential.
func (a *Authenticator) canRenew(prev *Credentials, r reach) bool {
	if _, ok := a.flow.(Renewer); !ok || prev == nil || r == forced {
		return false
	}
	return prev.RefreshToken != "" || (r == background && !a.traits.Interactive)
}

func (a *Authenticator) renew(ctx context.Context, t task, prev *Credentials) (*Credentials, error) {
	limit := DefaultTimeout
	if !a.traits.Interactive { // a person's time is not what a renewal takes
		limit = a.limit()
	}
	sending := ctx
	if prev.RefreshToken != "" && a.store != nil {
		t.vital.Store(true)
		defer t.vital.Store(false)
		var cancel context.CancelFunc
		sending, cancel = spared(ctx)
		defer cancel()
	}
	if err := ctx.Err(); err != nil { // only now: Close looks after it has cancelled
		return nil, err
	}
	sending, cancel := context.WithTimeout(sending, limit)
	defer cancel()
	next, err := a.flow.(Renewer).Renew(sending, a.env, prev) //nolint:forcetypeassert // canRenew has looked
	return checked(next, err)
}

func (a *Authenticator) obtain(ctx context.Context, prev *Credentials) (*Credentials, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := a.limit()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	next, err := a.flow.Obtain(ctx, a.env, prev)
	if err != nil && a.traits.Interactive && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("%w: nobody finished it within %v: %w", ErrDeclined, limit, err)
	}
	return checked(next, err)
}

// limit is how long the flow's login may take.
func (a *Authenticator) limit() time.Duration {
	if a.traits.Timeout > 0 {
		return a.traits.Timeout
	}
	return DefaultTimeout
}

// checked refuses an answer that is neither credentials nor an error.
func checked(c *Credentials, err error) (*Credentials, error) {
	if err == nil && (c == nil || c.AccessToken == "") {
		return nil, errors.New("the login ended without an access token")
	}
	return c, err
}

// goOn is the end of a flight that may not ask anybody: calls keep what there is.
func (a *Authenticator) goOn(t task, prev *Credentials, ended bool) (outcome, error) {
	if ended || t.old.load() == unknown {
		if prev != nil && prev.AccessToken == "" {
			prev = nil // it is in the store, for a flow that can renew it
		}
		return outcome{creds: prev}, nil
	}
	return outcome{}, a.flightError("renew", ErrInteractionRequired)
}
