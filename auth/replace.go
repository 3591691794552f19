package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jetway-go/jetway/configstore"
)

// task is what a flight has to do.
type task struct {
	old     *snapshot
	reach   reach
	refused bool // the server has just rejected old
	unsaved bool // the store lacks old
	others  *lease
}

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
	var refused error
	if a.canRenew(prev, t.reach) {
		next, err := a.renew(ctx, prev)
		switch {
		case err == nil:
			return a.keep(ctx, t, next)
		case errors.Is(err, ErrRejected) && a.traits.Interactive:
			a.log.WarnContext(ctx, "the stored login ended, a new one is needed", slog.Any("error", err))
			if newer := a.forget(ctx, prev); newer != nil {
				return outcome{creds: newer}, nil
			}
			prev, refused = withoutRefresh(prev), err
		case errors.Is(err, ErrRejected) && t.reach > background:
			refused = err
		default:
			return outcome{}, a.flightError("renew", err)
		}
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

// look returns the best credentials there are, and whether they can be handed
// out as they are: those given at the start, or what a store holds and nobody
// here has seen rejected (another process may have been faster).
func (a *Authenticator) look(ctx context.Context, t task) (prev *Credentials, usable bool) {
	now := time.Now()
	prev = t.old.creds
	given := t.old.load() == unknown && a.initial != nil
	if given {
		prev = a.initial
	}
	if given && !prev.expired(now) {
		return prev, true
	}
	if a.store == nil || t.unsaved {
		return prev, false
	}
	stored, err := a.store.Retrieve(ctx, a.key)
	switch {
	case errors.Is(err, ErrNoCredentials):
		return prev, false
	case err != nil:
		a.log.WarnContext(ctx, "cannot read the stored login", slog.Any("error", err))
		return prev, false
	case stored.olderThan(prev):
		return prev, false
	}
	known := prev != nil && stored.AccessToken == prev.AccessToken
	usable = !known && stored.AccessToken != "" && !stored.expired(now)
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

func (a *Authenticator) renew(ctx context.Context, prev *Credentials) (*Credentials, error) {
	limit := DefaultTimeout
	if !a.traits.Interactive { // a person's time is not what a renewal takes
		limit = a.limit()
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	next, err := a.flow.(Renewer).Renew(ctx, a.env, prev) //nolint:forcetypeassert // canRenew has looked
	return checked(next, err)
}

func (a *Authenticator) obtain(ctx context.Context, prev *Credentials) (*Credentials, error) {
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
		return outcome{creds: prev}, nil
	}
	return outcome{}, a.flightError("renew", ErrInteractionRequired)
}

// keep stores next and hands it on. It is stored first: a rotated refresh token
// that is used before it is safe can lock its owner out.
func (a *Authenticator) keep(ctx context.Context, t task, next *Credentials) (outcome, error) {
	now := time.Now()
	same := t.old.creds != nil && next.AccessToken == t.old.creds.AccessToken
	switch {
	case same && t.refused:
		return outcome{}, a.flightError("login", errRepeated)
	case same && t.old.load() < spent && t.reach < forced:
		return outcome{}, a.flightError("renew", errUnchanged)
	}
	kept := *next
	if kept.IssuedAt.IsZero() {
		kept.IssuedAt = now
	}
	if kept.expired(now) { // clocks differ: only the server can tell
		a.log.WarnContext(ctx, "the new token has already ended by this machine's clock; is the clock right?")
		kept.Expiry = time.Time{}
	}
	out := outcome{creds: &kept, repeated: same}
	if a.store != nil {
		t.others.take(ctx, a)
		if err := a.store.Store(ctx, a.key, &kept); err != nil {
			out.unsaved = true
			a.log.WarnContext(ctx, "cannot store the login; it lasts as long as this process", slog.Any("error", err))
		}
	}
	a.log.DebugContext(ctx, "logged in", slog.String("flow", a.key.Flow), slog.Any("credentials", &kept))
	return out, nil
}

// forget deletes what is stored once its refresh token was refused for good. If
// there is another login, which another process or tool has stored since, that
// one is returned instead.
func (a *Authenticator) forget(ctx context.Context, dead *Credentials) (newer *Credentials) {
	if a.store == nil {
		return nil
	}
	if stored, err := a.store.Retrieve(ctx, a.key); err == nil && stored.RefreshToken != dead.RefreshToken {
		return stored
	}
	if err := discard(ctx, a.store, a.key, dead); err != nil {
		a.log.WarnContext(ctx, "cannot delete the ended login", slog.Any("error", err))
		return nil
	}
	if stored, err := a.store.Retrieve(ctx, a.key); err == nil && stored.RefreshToken != dead.RefreshToken {
		return stored
	}
	return nil
}

// withoutRefresh is what remains of c when it can no longer be renewed: nothing,
// once the access token has ended too.
func withoutRefresh(c *Credentials) *Credentials {
	if c.AccessToken == "" || c.expired(time.Now()) {
		return nil
	}
	rest := *c
	rest.RefreshToken = ""
	return &rest
}

// flightError is the error of everybody who waited.
func (a *Authenticator) flightError(op string, err error) *Error {
	e := a.fail(op, err)
	e.shared = true
	return e
}
