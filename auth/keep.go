package auth

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"
)

// storeTimeout ends a call of a store that waits for something that may never
// come. Nobody's deadline covers it: a flight belongs to no caller.
const storeTimeout = 10 * time.Second

var errUnchanged = errors.New("renewing gave the same token again")

// keep stores next and hands it on. It is stored first: a rotated refresh token
// that is used before it is safe can lock its owner out. It is stored even where
// the access token is of no use, and handed on with the error that says so.
func (a *Authenticator) keep(ctx context.Context, t *task, next *Credentials) (*Credentials, error) {
	now := time.Now()
	t.repeated = t.old.holds(next)
	var useless error
	switch {
	case t.repeated && t.refused():
		useless = a.flightError("login", errRepeated)
	case t.repeated && t.old.load() < spent && t.reach < forced:
		useless = a.flightError("renew", errUnchanged)
	}
	if useless != nil && next.RefreshToken == t.old.creds.RefreshToken {
		return nil, useless
	}
	kept := *next
	if kept.IssuedAt.IsZero() {
		kept.IssuedAt = now
	}
	if kept.expired(now) { // clocks differ: only the server can tell
		a.log.WarnContext(ctx, "the new token has already ended by this machine's clock; is the clock right?")
		kept.Expiry = time.Time{}
	}
	if a.store != nil {
		t.vital.Store(true)
		err := a.save(ctx, t, &kept)
		if t.stale = err != nil; t.stale {
			a.log.WarnContext(ctx, "cannot store the login; it lasts as long as this process", slog.Any("error", err))
		}
	}
	a.log.DebugContext(ctx, "logged in", slog.String("flow", a.key.Flow), slog.Any("credentials", &kept))
	return &kept, useless
}

// save stores c, even if the flight is being cancelled: what the server has given
// is not thrown away.
func (a *Authenticator) save(ctx context.Context, t *task, c *Credentials) error {
	ctx, cancel := spared(ctx)
	defer cancel()
	t.others.take(ctx, a)
	ctx, stop := context.WithTimeout(ctx, storeTimeout)
	defer stop()
	return a.store.Store(ctx, a.key, c)
}

// retrieve reads what the store holds.
func (a *Authenticator) retrieve(ctx context.Context) (*Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	c, err := a.store.Retrieve(ctx, a.key)
	if err == nil && c == nil { // a store that does not know better
		err = ErrNoCredentials
	}
	return c, err
}

// forget deletes dead, whose refresh token was refused for good, from the store
// and returns what is left of it. If there is another login, which another process
// or tool has stored since, that one is returned instead.
func (a *Authenticator) forget(ctx context.Context, dead *Credentials) *Credentials {
	if a.store == nil {
		return withoutRefresh(dead)
	}
	if err := a.discard(ctx, dead); err != nil {
		a.log.WarnContext(ctx, "cannot delete the ended login", slog.Any("error", err))
	}
	return cmp.Or(a.newerThan(ctx, dead), withoutRefresh(dead))
}

// discard deletes dead from the store, and no other login.
func (a *Authenticator) discard(ctx context.Context, dead *Credentials) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return discard(ctx, a.store, a.key, dead)
}

// newerThan returns what is stored if it is another login than c, and no older one.
func (a *Authenticator) newerThan(ctx context.Context, c *Credentials) *Credentials {
	stored, err := a.retrieve(ctx)
	if err != nil || stored.RefreshToken == c.RefreshToken || stored.olderThan(c) {
		return nil
	}
	return stored
}

// withoutRefresh is what remains of c when it can no longer be renewed: nothing,
// once the access token has ended too.
func withoutRefresh(c *Credentials) *Credentials {
	if !c.live() {
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
