package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"

	"github.com/jetway-go/jetway/auth"
)

// FallbackStore stores logins in the first of several stores that works. It is safe
// for concurrent use and must not be copied. [Default] makes the usual one.
//
// A login stays where it is: once it was written to a later store it is read and refreshed
// there, by later programs as well, until it is deleted. So Retrieve reads the last store
// first, and no later command waits for a keyring that failed at the login.
//
// A store that fails is logged once, until it works again, and the next one is used
// instead. A keyring that is missing or does not answer is not called for five minutes
// (see [KeyringStore]), and causes one warning in all logs of the program. A locked
// keyring is not called for five minutes either, since another store is used instead. A
// store that is not there (no keyring, or a [FileStore] without a directory in a process
// without HOME) holds no login, so a login that is in no other store is no error.
type FallbackStore struct {
	// Stores are tried in this order. The last one should always work, as a
	// [MemoryStore] does.
	Stores []auth.Store
	// Logger receives which store fails and which is used instead, never a secret; nil
	// discards it.
	Logger *slog.Logger

	homes  homes
	failed failures
	told   warnings
}

// Store stores c where the login of k is stored already, else in the first store that
// works. Credentials without any token are an error.
func (f *FallbackStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if err := auth.CheckStorable(k, c); err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	err := errors.New("no store works: give FallbackStore a MemoryStore as its last one")
	for i := f.home(ctx, k); i < len(f.Stores); i++ {
		if f.failed.leaveAlone(i) {
			continue
		}
		if err = f.Stores[i].Store(ctx, k, c); err == nil {
			f.failed.forget(i)
			f.settle(ctx, k, i)
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		f.report(ctx, i, err)
	}
	return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
}

// Retrieve returns what is stored under k. The error does not wrap
// [auth.ErrNoCredentials] if there is no login in the others and a store failed with a
// transient error.
func (f *FallbackStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var best *auth.Credentials
	var trouble []error
	for i, s := range slices.Backward(f.Stores) {
		if f.failed.leaveAlone(i) {
			continue
		}
		c, err := s.Retrieve(ctx, k)
		if err == nil || errors.Is(err, auth.ErrNoCredentials) {
			f.failed.forget(i)
		}
		switch {
		case err == nil && better(c, best):
			best = c
			f.homes.set(k, i)
		case err == nil, errors.Is(err, auth.ErrNoCredentials):
		case ctx.Err() != nil:
			return nil, err
		default:
			if f.report(ctx, i, err); !lasting(err) {
				trouble = append(trouble, err)
			}
		}
		if best != nil && best.Ended == "" && persistent(s) {
			break // a login in memory only may have been refreshed by another process since
		}
	}
	if best != nil {
		return best, nil
	}
	f.homes.forget(k)
	err := auth.ErrNoCredentials
	if len(trouble) > 0 {
		err = errors.Join(trouble...)
	}
	return nil, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
}

// Find returns the key of the login that k matches, as the store finds it whose login
// Retrieve would return, or k.
func (f *FallbackStore) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	var list []match
	for i, s := range slices.Backward(f.Stores) {
		if f.failed.leaveAlone(i) {
			continue
		}
		found, c, err := auth.Find(ctx, s, k)
		if ctx.Err() != nil {
			return k, err
		}
		if err == nil {
			list = append(list, match{key: found, creds: c})
		}
		if best := newest(list); best != nil && best.creds.Ended == "" && persistent(s) {
			break
		}
	}
	if best := newest(list); best != nil {
		return best.key, nil
	}
	return k, nil // Retrieve says which store failed
}

// Delete deletes what is stored under k in every store. A store that cannot be reached
// is an error only if it may be the one that holds the login.
func (f *FallbackStore) Delete(ctx context.Context, k auth.Key) error {
	return f.everywhere(ctx, k, func(s auth.Store) error { return s.Delete(ctx, k) })
}

// Discard deletes, in every store, the login under k that has the refresh token of
// dead, and no other.
func (f *FallbackStore) Discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	return f.everywhere(ctx, k, func(s auth.Store) error { return discardFrom(ctx, s, k, dead) })
}

// Lock locks the login of k by the first of Stores that can, whichever of them stores
// it: so there is one lock per key among all processes that have the same Stores, even if
// some of them can use only the later ones. [KeyringStore] and [FileStore] lock the same
// file and need no keyring for it. A store that fails to lock is skipped; a lock that
// another process holds is waited for, until ctx ends. It is an error if every lock fails, or
// one with [auth.ErrLeaseRequired]: it is that of all machines, which no other replaces. If no
// store is a Locker, nothing is locked.
func (f *FallbackStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return f.LockUnless(ctx, k, nil)
}

// LockUnless is Lock, and gives up when done reports true, where the store that locks is an
// [auth.Queue]. A nil done never does.
func (f *FallbackStore) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	left := false
	ask := func() bool {
		left = done()
		return left
	}
	var errs []error
	for i, s := range f.Stores {
		l, ok := s.(auth.Locker)
		if !ok {
			continue
		}
		var lease auth.Lease
		var err error
		if q, ok := s.(auth.Queue); ok && done != nil {
			lease, err = q.LockUnless(ctx, k, ask)
		} else {
			lease, err = l.Lock(ctx, k)
		}
		if err == nil || left || ctx.Err() != nil || errors.Is(err, auth.ErrLeaseRequired) {
			return lease, err
		}
		if f.told.first("lock " + strconv.Itoa(i)) {
			orDiscard(f.Logger).InfoContext(ctx, "A store cannot lock a login; the lock of the next one is used.",
				slog.String("store", storeName(s)), slog.Any("error", err))
		}
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return nil, lockError(k, errors.Join(errs...))
	}
	return noLease{}, nil
}

// List returns the keys of the logins in all of Stores, each once. A store that fails or
// is no [auth.Lister] is left out and named in the error, beside the keys of the others.
// Keyrings are no Listers, so that with a [KeyringStore] among Stores there is always an
// error, which wraps [errors.ErrUnsupported].
func (f *FallbackStore) List(ctx context.Context) ([]auth.Key, error) {
	seen := map[auth.Key]bool{}
	var errs []error
	for _, s := range f.Stores {
		keys, err := listOf(ctx, s)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", storeName(s), err))
		}
		for _, k := range keys {
			seen[k] = true
		}
	}
	keys := slices.Collect(maps.Keys(seen))
	if len(errs) > 0 {
		return keys, &auth.Error{Op: "list", Err: errors.Join(errs...)}
	}
	return keys, nil
}

func (f *FallbackStore) everywhere(ctx context.Context, k auth.Key, remove func(auth.Store) error) error {
	var errs []error
	elsewhere := false // a later store held it, so no earlier one does
	for i, s := range slices.Backward(f.Stores) {
		if i > 0 {
			_, err := s.Retrieve(ctx, k)
			elsewhere = elsewhere || err == nil
		}
		err := remove(s)
		switch {
		case err == nil, absent(err):
		case elsewhere && lasting(err):
			orDiscard(f.Logger).WarnContext(ctx, "A login was deleted, but a store that cannot be read may hold an older one.",
				slog.String("store", storeName(s)), slog.Any("error", err))
		default:
			errs = append(errs, err)
		}
	}
	f.homes.forget(k)
	return errors.Join(errs...)
}

// Persistent reports whether a login may outlive the process.
func (f *FallbackStore) Persistent() bool {
	return slices.ContainsFunc(f.Stores, persistent)
}

// Location returns where the login of k is stored, or "" if this process has neither
// read nor written it.
func (f *FallbackStore) Location(k auth.Key) string {
	i, ok := f.homes.get(k)
	if !ok {
		return ""
	}
	return location(f.Stores[i], k)
}

// home returns the first store to try for k: the one that it has been moved to.
func (f *FallbackStore) home(ctx context.Context, k auth.Key) int {
	i, ok := f.homes.get(k)
	if ok && persistent(f.Stores[i]) {
		return i
	}
	for i, s := range slices.Backward(f.Stores) {
		if i == 0 || !persistent(s) || f.failed.leaveAlone(i) {
			continue
		}
		if _, err := s.Retrieve(ctx, k); err == nil {
			return i
		}
	}
	return 0
}

// settle remembers that store i holds k, and no later one does.
func (f *FallbackStore) settle(ctx context.Context, k auth.Key, i int) {
	f.homes.set(k, i)
	for _, s := range f.Stores[i+1:] {
		if err := s.Delete(ctx, k); err != nil {
			orDiscard(f.Logger).DebugContext(ctx, "cannot delete an older copy of a login", slog.Any("error", err))
		}
	}
}

// report logs that store i failed, the first time, and again when a lasting failure
// follows a lesser one.
func (f *FallbackStore) report(ctx context.Context, i int, err error) {
	if !f.failed.note(i, err) {
		return
	}
	level, next := slog.LevelWarn, "nothing"
	if s := f.after(i); s != nil {
		next = storeName(s)
		if errors.Is(err, ErrKeyringUnavailable) && !persistent(s) {
			level = slog.LevelInfo // many machines have no keyring
		}
	}
	if level == slog.LevelWarn && orDiscard(f.Logger).Enabled(ctx, level) && !isNews(err) {
		level = slog.LevelDebug
	}
	orDiscard(f.Logger).Log(ctx, level, "A store for logins cannot be used; another one is used.",
		slog.String("store", storeName(f.Stores[i])), slog.String("instead", next), slog.Any("error", err))
}

// after returns the store that is used instead of store i: the next one, or the one
// after it if that is for files and there is no directory for them. It is nil if there is
// none.
func (f *FallbackStore) after(i int) auth.Store {
	for _, s := range f.Stores[i+1:] {
		if file, ok := s.(*FileStore); ok {
			if _, err := file.path(); err != nil {
				continue
			}
		}
		return s
	}
	return nil
}

// better reports whether c is the one to return of two logins under one key: one that
// can still be refreshed, and the newer one. best may be nil.
func better(c, best *auth.Credentials) bool {
	if best == nil || (c.Ended == "") != (best.Ended == "") {
		return best == nil || c.Ended == ""
	}
	return olderThan(best, c)
}

// olderThan reports whether c is known to have been issued before o.
func olderThan(c, o *auth.Credentials) bool {
	return !c.IssuedAt.IsZero() && c.IssuedAt.Before(o.IssuedAt)
}

func storeName(s auth.Store) string {
	switch s.(type) {
	case *KeyringStore, *FlyteTools:
		return "keyring"
	case *FileStore:
		return "file"
	case *MemoryStore:
		return "memory"
	default:
		return fmt.Sprintf("%T", s)
	}
}
