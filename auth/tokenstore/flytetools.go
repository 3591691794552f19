package tokenstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// FlyteTools is a [KeyringStore] that shares people's logins with Flyte's own tools
// on the same machine: flyte-sdk, its predecessor flytekit, flyte-sdk-go and flytectl, which
// store theirs in the keyring too. The zero value is ready, and it is safe for concurrent
// use, by several processes too. It must not be copied.
//
// A login is shared if its key has the flow [auth.StoredFlow], and neither a user nor a
// profile. If the KeyringStore has none, Retrieve returns that of a tool. When that login
// is refreshed it is written back there, since the refresh may have used up its refresh
// token: the item keeps its attributes, and another item of the same name is deleted only if it
// holds the token before. A login that a tool stores under the host alone is found for every
// port of it; when the tool refreshes it, Retrieve returns what the tool stored. Delete deletes
// it there too, so that after a logout no tool finds a token. The item of the KeyringStore
// says that a login is shared, so this holds for every program that uses FlyteTools. Other
// logins are those of the KeyringStore alone.
//
// Limits and errors are those of the KeyringStore: an operation takes 3 seconds
// at most, the tools' items included.
type FlyteTools struct {
	// Keyring stores the logins of this program; nil means the zero KeyringStore.
	Keyring *KeyringStore
	// Mirror also stores people's logins where Flyte's own tools look, so that they need no
	// login of their own: flyte-sdk (Python), flyte-sdk-go and flytectl. On macOS and
	// Windows that is flytectl only, since Python and Go write items there in ways that the
	// other cannot read.
	Mirror bool

	zero KeyringStore
	mu   sync.Mutex
	// shared are the layouts that a login was found in, and seen is that login, which the next
	// one supersedes: behind a function, which package fmt cannot print.
	shared map[auth.Key][]string
	seen   map[auth.Key]func() auth.Credentials
}

// Store stores c under k, and in the tool's item where the login of k was found, or that
// Mirror names. A tool's item that cannot be written is no error, but a warning in the
// log: the tool may have to log in again. Credentials without any token are an error.
func (f *FlyteTools) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	login, err := auth.Encode(k, c)
	if err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	kept := *c // the caller may leave, and change it
	return f.system().do(ctx, "store", k, func(ctx context.Context) error {
		var shared []string
		if kept.Ended == "" { // a tool has no use for the reason
			shared = f.share(ctx, k, &kept)
		}
		if err := f.keyring().own().write(ctx, k, login, shared); err != nil || len(shared) == 0 {
			return err
		}
		return f.keyring().own().unshare(ctx, k, shared)
	})
}

// Retrieve returns what is stored under k, or the login of one of Flyte's own tools.
func (f *FlyteTools) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var found *auth.Credentials
	err := f.system().do(ctx, "retrieve", k, func(ctx context.Context) (err error) {
		found, err = f.find(ctx, k)
		return err
	})
	if err != nil {
		return nil, err // found may still be written to
	}
	return found, nil
}

// Find is that of the KeyringStore. A login that only another tool has is under every key:
// it does not say what it was made for.
func (f *FlyteTools) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	return f.keyring().Find(ctx, k)
}

// Delete deletes what is stored under k, and what Flyte's own tools have stored for
// it; it is no error if there is nothing.
func (f *FlyteTools) Delete(ctx context.Context, k auth.Key) error {
	return f.system().do(ctx, "delete", k, func(ctx context.Context) error {
		_, shared, err := f.keyring().own().read(ctx, k)
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return err
		}
		shared = append(shared, f.layoutsShared(k)...)
		if err := f.keyring().own().erase(ctx, k); err != nil {
			return err
		}
		layouts, err := f.layoutsOf(ctx, k)
		if err != nil {
			return err
		}
		for _, l := range layouts {
			if l.bare && !slices.Contains(shared, l.name) {
				continue // of another port, as far as is known
			}
			if err := l.erase(ctx, f.system(), k); err != nil {
				return err
			}
		}
		f.remember(k, nil)
		return nil
	})
}

// Discard deletes the logins with the refresh token of dead, here and in the items of
// Flyte's own tools, and no others: a tool may have logged in since.
func (f *FlyteTools) Discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	return f.system().do(ctx, "delete", k, func(ctx context.Context) error {
		if err := f.keyring().own().discard(ctx, k, dead); err != nil {
			return err
		}
		for _, l := range layoutsFor(k) {
			theirs, err := f.read(ctx, l, k)
			if err == nil && theirs.RefreshToken == dead.RefreshToken {
				err = l.erase(ctx, f.system(), k)
				f.unshare(k, l.name) // the next login is ours alone
			}
			if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
				return err
			}
		}
		return nil
	})
}

// Lock locks the login of k as the KeyringStore does.
func (f *FlyteTools) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return f.keyring().Lock(ctx, k)
}

// LockUnless locks the login of k as the KeyringStore does.
func (f *FlyteTools) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	return f.keyring().LockUnless(ctx, k, done)
}

// Persistent returns true: logins outlive the process.
func (f *FlyteTools) Persistent() bool { return f.keyring().Persistent() }

// Location returns where the KeyringStore stores the login of k.
func (f *FlyteTools) Location(k auth.Key) string { return f.keyring().Location(k) }

func (f *FlyteTools) keyring() *KeyringStore { return cmp.Or(f.Keyring, &f.zero) }

func (f *FlyteTools) system() *systemKeyring { return f.keyring().keyring() }

// find is Retrieve within an operation on the keyring.
func (f *FlyteTools) find(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	ours, shared, err := f.keyring().own().read(ctx, k)
	switch {
	case err == nil && ours.Ended != "": // a tool may have logged in since
	case err == nil && len(shared) == 0:
		f.remember(k, ours)
		return ours, nil
	case err == nil:
		newest, err := f.newest(ctx, k, ours, shared)
		if err == nil {
			f.remember(k, newest, shared...)
		}
		return newest, err
	case !errors.Is(err, auth.ErrNoCredentials):
		return nil, err
	}
	layouts, lerr := f.layoutsOf(ctx, k)
	if lerr != nil {
		return nil, lerr
	}
	for _, l := range layouts {
		theirs, lerr := f.read(ctx, l, k)
		if lerr == nil {
			f.remember(k, theirs, l.name)
			return theirs, nil
		}
		if !errors.Is(lerr, auth.ErrNoCredentials) {
			return nil, lerr
		}
	}
	return ours, err
}

// layoutsOf returns the layouts that may hold a login for k. Those with a login that we
// share for another client or audience do not.
func (f *FlyteTools) layoutsOf(ctx context.Context, k auth.Key) ([]layout, error) {
	layouts := layoutsFor(k)
	if len(layouts) == 0 {
		return nil, nil
	}
	if k == anyPurpose(k) {
		return layouts, nil // matches all
	}
	others, err := f.keyring().own().others(ctx, k)
	return slices.DeleteFunc(layouts, func(l layout) bool {
		return slices.ContainsFunc(others, func(m match) bool { return slices.Contains(m.shared, l.name) && !k.Matches(m.key, m.creds) })
	}), err
}

// newest compares ours with the tools' items: if one differs, that tool has refreshed the
// login since, and our refresh token is used up.
func (f *FlyteTools) newest(ctx context.Context, k auth.Key, ours *auth.Credentials, shared []string) (*auth.Credentials, error) {
	var theirs *auth.Credentials
	for _, name := range shared {
		l, ok := layoutNamed(name, k)
		if !ok {
			continue
		}
		c, err := f.read(ctx, l, k)
		switch {
		case errors.Is(err, auth.ErrNoCredentials):
		case err != nil:
			return nil, err
		case theirs == nil && (c.AccessToken != ours.AccessToken || c.RefreshToken != ours.RefreshToken):
			theirs = c
		}
	}
	if theirs == nil {
		return ours, nil
	}
	merged := *theirs
	merged.HeaderKey, merged.ClientID = ours.HeaderKey, ours.ClientID
	merged.TokenOrigin, merged.RevocationOrigin = ours.TokenOrigin, ours.RevocationOrigin
	merged.Audience, merged.Scope, merged.PurposeKnown = ours.Audience, ours.Scope, ours.PurposeKnown
	if merged.RefreshToken == "" { // flyte-sdk drops one that an answer does not repeat
		merged.RefreshToken = ours.RefreshToken
	}
	return &merged, nil
}

// share writes c into the items of other tools, if the login is shared, and returns the
// names of those layouts for the KeyringStore's item. If one fails, that tool has to log in
// again, and this program does not.
func (f *FlyteTools) share(ctx context.Context, k auth.Key, c *auth.Credentials) (written []string) {
	names, old := f.layoutsShared(k), f.lastSeen(k)
	for _, l := range layoutsFor(k) {
		if !slices.Contains(names, l.name) && (!f.Mirror || !l.mirrored) ||
			l.application != "" && !f.system().host.secretService() {
			continue
		}
		err := l.write(ctx, f.system(), k, c, old)
		if _, ok := errors.AsType[*outage](err); ok {
			return nil // our own item cannot be written either, and that is the error
		}
		if err != nil {
			f.keyring().warnOnce(ctx, "mirror", "cannot store the login for Flyte's own tools; they may have to log in themselves",
				slog.String("layout", l.name), slog.Any("error", err))
			continue
		}
		written = append(written, l.name)
	}
	f.remember(k, c, written...)
	return written
}

// read returns the login in the items of l, and warns of unusable ones.
func (f *FlyteTools) read(ctx context.Context, l layout, k auth.Key) (*auth.Credentials, error) {
	c, err := l.read(ctx, f.system(), k)
	if unusable, ok := errors.AsType[unusableError](err); ok {
		f.keyring().warnOnce(ctx, unusable.tool, "A login that another tool has stored in the keyring cannot be used.",
			slog.String("tool", unusable.tool), slog.String("reason", unusable.reason.Error()))
	}
	return c, err
}

// remember notes what was found or stored under k, and in which layouts; nil forgets it.
func (f *FlyteTools) remember(k auth.Key, c *auth.Credentials, layouts ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c == nil {
		delete(f.shared, k)
		delete(f.seen, k)
		return
	}
	if f.shared == nil {
		f.shared, f.seen = map[auth.Key][]string{}, map[auth.Key]func() auth.Credentials{}
	}
	kept := *c
	f.shared[k], f.seen[k] = layouts, func() auth.Credentials { return kept }
}

func (f *FlyteTools) layoutsShared(k auth.Key) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.shared[k])
}

func (f *FlyteTools) lastSeen(k auth.Key) *auth.Credentials {
	f.mu.Lock()
	defer f.mu.Unlock()
	if seen, ok := f.seen[k]; ok {
		c := seen()
		return &c
	}
	return nil
}

// unshare notes that a layout does not hold the login of k any more.
func (f *FlyteTools) unshare(k auth.Key, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if names, ok := f.shared[k]; ok {
		f.shared[k] = slices.DeleteFunc(names, func(n string) bool { return n == name })
	}
}
