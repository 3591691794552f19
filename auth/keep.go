package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// keep stores next and returns it. It stores first: if the process ended with a rotated
// refresh token that is used but not stored, the login would be lost. It stores even if
// the access token is useless, and returns the error that says so beside it.
func (r *renewal) keep(ctx context.Context, t *task, next *Credentials) (*Credentials, error) {
	now := r.clock.Read()
	t.repeated = t.old.sameToken(next)
	var useless error
	switch {
	case t.repeated && t.old.wasRejected() && t.old.usable() && (t.mode < newLogin || !t.old.accepted.Load()):
		useless = r.fail("login", errRepeated)
	case t.repeated && t.old.load() < expired && t.mode < newLogin:
		useless = r.fail("renew", errUnchanged)
	}
	if useless != nil && next.RefreshToken == t.old.creds.RefreshToken {
		return nil, useless
	}
	kept := *next
	if kept.IssuedAt.IsZero() {
		kept.IssuedAt = now.Wall()
	}
	kept.Ended, kept.Refused, kept.RetryAt, kept.Refusals = "", "", time.Time{}, t.refusals(cmp.Or(t.prev, t.old.creds), now)
	if kept.hasExpired(now) { // clocks differ: only the server can tell
		r.log.WarnContext(ctx, "the new token has already expired by this machine's clock; is the clock right?")
		kept.Expiry = time.Time{}
	}
	if r.storage.store != nil {
		newer, err := r.save(ctx, t, &kept)
		switch {
		case errors.Is(err, ErrLoggedOut): // during the renewal
			t.prev, t.entry.loggedOut, t.entry.outdated = nil, true, false
			return nil, errNotRenewed
		case err != nil:
			r.cannotStore(ctx, err)
		case r.canUse(t, newer):
			t.fromStore, t.isLogin, t.repeated, t.entry.outdated = true, false, false, false
			r.log.InfoContext(ctx, "another process stored a newer login meanwhile; it is used instead")
			return newer, nil
		}
		t.entry.outdated = err != nil
	}
	r.log.DebugContext(ctx, "logged in", slog.String("flow", r.storage.key.Flow), slog.Any("credentials", &kept))
	return &kept, useless
}

// save stores c, even if the flight is being cancelled: the server has issued it and may
// have ended the tokens before it. A login that was asked for replaces the stored one;
// any other gives way to a newer stored login, which is returned.
func (r *renewal) save(ctx context.Context, t *task, c *Credentials) (newer *Credentials, err error) {
	t.critical.Store(true)
	ctx, cancel := extended(ctx)
	defer cancel()
	asked := t.isLogin && (r.traits.Interactive || t.mode == newLogin)
	if asked {
		r.storage.lockForPerson(ctx, &t.entry.lock)
	} else {
		r.storage.lock(ctx, &t.entry.lock, nil)
	}
	switch {
	case asked, !t.entry.read && !r.storage.watched():
		return nil, r.storage.put(ctx, c)
	case !t.entry.read:
		newer, err = r.replaceOlder(ctx, t, c)
	default:
		newer, err = r.storage.replace(ctx, &t.entry.lock, t.entry.id, c)
	}
	if t.isLogin && errors.Is(err, ErrLoggedOut) { // that was the login before
		return nil, r.storage.put(ctx, c)
	}
	return newer, err
}

// cannotStore logs why a login is not stored.
func (r *renewal) cannotStore(ctx context.Context, err error) {
	if r.storage.watched() {
		r.log.WarnContext(ctx, "cannot store the login now; it is tried again", slog.Any("error", err))
		return
	}
	r.log.WarnContext(ctx, "cannot store the login; it lasts as long as this process", slog.Any("error", err))
}

// keepRefresh stores the present login with another refresh token, and returns it: the
// answer that this one came in was of no other use, but the server may have ended the one
// before it.
func (r *renewal) keepRefresh(ctx context.Context, t *task, token string) *Credentials {
	kept := *t.prev
	kept.RefreshToken, kept.Ended = token, ""
	if r.storage.store != nil {
		newer, err := r.save(ctx, t, &kept)
		t.entry.loggedOut = errors.Is(err, ErrLoggedOut)
		if newer != nil || t.entry.loggedOut {
			return nil
		}
		if t.entry.outdated = err != nil; t.entry.outdated {
			r.cannotStore(ctx, err)
		}
	}
	return &kept
}

// keepCurrent returns the existing credentials when a login is not permitted.
func (r *renewal) keepCurrent(t *task) (*Credentials, error) {
	if t.entry.loggedOut {
		return nil, nil //nolint:nilnil // as after a logout: calls go without
	}
	if !errors.Is(t.failure, ErrRejected) && t.old.load() != unread {
		cause := ErrLoginEnded
		if t.prev == nil && t.last == nil {
			cause = ErrNotLoggedIn
		}
		if t.failure != nil {
			cause = fmt.Errorf("%w: log in again: %v", cause, t.failure) //nolint:errorlint // history, not the cause
		}
		return nil, r.fail("renew", cause)
	}
	if t.prev != nil && t.prev.AccessToken == "" {
		t.prev = nil // it stays stored for a flow that can refresh it
	}
	return t.prev, nil
}

// rotates reports whether next has another refresh token than what was refreshed.
func (t *task) rotates(next *Credentials) bool {
	return next != nil && next.RefreshToken != "" && next.RefreshToken != t.prev.RefreshToken
}
