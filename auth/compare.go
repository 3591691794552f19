package auth

import (
	"context"
	"errors"
	"log/slog"
)

// compare reads the store once and returns the credentials that calls carry from now on: a
// newer login that others stored, or the current one. It stores that one if the store holds an
// older one. It asks no server and no person.
func (r *renewal) compare(ctx context.Context, t *task) (*Credentials, error) {
	current, outdated := t.old.creds, t.entry.outdated
	if current == nil {
		current = t.given
	}
	var stored *Credentials
	var err error
	if outdated {
		var cancel context.CancelFunc
		ctx, cancel = extended(ctx)
		defer cancel()
		stored, err = r.replaceOlder(ctx, t, current)
	} else {
		stored, err = r.storage.retrieve(ctx)
	}
	switch {
	case errors.Is(err, ErrLoggedOut):
		t.entry.loggedOut, t.entry.outdated = true, false
		return nil, nil //nolint:nilnil // as after a logout
	case errors.Is(err, ErrNoCredentials) && !outdated: // it was lost
		return current, nil
	case err != nil:
		r.log.DebugContext(ctx, "cannot compare the login with the stored one", slog.Any("error", err))
		return nil, r.fail("renew", err)
	}
	t.entry.outdated = false
	if stored == nil {
		r.log.InfoContext(ctx, "the login is stored now")
		return current, nil
	}
	return r.latest(ctx, t, current, stored), nil
}

// replaceOlder stores c in place of the stored login. If that one is newer it stays, and is
// returned.
func (r *renewal) replaceOlder(ctx context.Context, t *task, c *Credentials) (newer *Credentials, err error) {
	if _, ok := r.storage.store.(Swapper); !ok {
		r.storage.lock(ctx, &t.entry.lock, nil)
	}
	stored, err := r.storage.retrieve(ctx)
	switch {
	case err == nil && !r.outdoes(t, c, stored):
		return stored, nil
	case err != nil && (errors.Is(err, ErrLoggedOut) || !errors.Is(err, ErrNoCredentials)):
		return nil, err
	}
	return r.storage.replace(ctx, &t.entry.lock, stored.ID(), c)
}

// outdoes reports whether c is to replace stored: c is newer, or was made from stored. A program
// that can log in without a person leaves any valid token that others have stored meanwhile,
// since either serves.
func (r *renewal) outdoes(t *task, c, stored *Credentials) bool {
	switch id := stored.ID(); {
	case id == t.entry.id, id == c.ID(), id == t.entry.replaces.ID():
		return true
	case !r.traits.Interactive && c.RefreshToken == "" && stored.usable(r.clock.Read()) && !stored.olderThan(t.entry.replaces):
		return false
	default:
		return stored.olderThan(c)
	}
}

// latest returns the one that calls carry from now on: stored, if it is newer and they can
// carry it, else current. Where others have noted that the refresh token of current was
// rejected, that token is not sent again.
func (r *renewal) latest(ctx context.Context, t *task, current, stored *Credentials) *Credentials {
	kept, _ := r.vetted(stored)
	switch {
	case current != nil && stored.ID() == current.ID():
		if kept == nil || stored.saysAsMuch(current) {
			return current
		}
		return kept
	case r.canUse(t, kept) && !stored.olderThan(t.last) && !r.tooNarrow(ctx, t, stored):
		t.fromStore = true
		r.log.DebugContext(ctx, "another process stored a newer login; it is used from now on")
		return kept
	case current != nil && stored.Ended != "" && stored.RefreshToken == current.RefreshToken && stored.RefreshToken != "":
		r.rememberRejected(stored.RefreshToken, errors.New(stored.Ended))
	}
	return current
}

// saysAsMuch reports whether c and o, which have the same access token, are also equal in what
// other programs may have changed or noted since.
func (c *Credentials) saysAsMuch(o *Credentials) bool {
	return c.RefreshToken == o.RefreshToken && c.Ended == o.Ended && c.Refusals == o.Refusals &&
		c.Refused == o.Refused && c.RetryAt.Equal(o.RetryAt)
}

// compared publishes the result of a comparison with the store; fs.mu is held.
func (fs *flights) compared(f *flight, creds *Credentials, err error) {
	switch {
	case fs.current.Load() != f.old: // a logout here, or elsewhere
	case err != nil:
		f.err = err
	default:
		fs.backoff.forgiveLock()
		fs.entry.outdated = f.entry.outdated
		if creds != f.old.creds && creds != f.given {
			f.creds = fs.publish(f, creds)
		}
		if f.fromStore {
			fs.backoff.forgiveLogin()
		}
	}
}

// drop forgets the login s, which a logout elsewhere has ended, as [Authenticator.Logout] here
// would; fs.mu is held.
func (fs *flights) drop(s *snapshot) {
	if s.creds != nil {
		fs.backoff.forgiveLogin()
	}
	fs.current.Store(notRead(s.gen))
	fs.initial, fs.entry.outdated = nil, false
}
