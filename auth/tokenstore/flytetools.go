package tokenstore

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// FlyteTools is a [KeyringStore] that shares people's logins with Flyte's own tools
// on the same machine: flyte-sdk, its predecessor flytekit, and flytectl, which store
// theirs in the keyring too. The zero value is ready, and it is safe for concurrent
// use, by several processes too. It must not be copied.
//
// A login is shared if its key has the flow [auth.StoredFlow], and neither a user nor a
// profile. If the KeyringStore has none, Retrieve returns that of a tool. When that login
// is refreshed it is written back there, since the refresh may have used up its refresh
// token; when the tool refreshes it, Retrieve returns what the tool stored. Delete deletes
// it there too, so that after a logout no tool finds a token. The item of the KeyringStore
// says that a login is shared, so this holds for every program that uses FlyteTools. Other
// logins are those of the KeyringStore alone.
//
// Limits and errors are those of the KeyringStore: an operation takes 3 seconds
// at most, the tools' items included.
type FlyteTools struct {
	// Keyring stores the logins of this program; nil means the zero KeyringStore.
	Keyring *KeyringStore
	// Mirror also stores people's logins where flyte-sdk (Flyte's Python client)
	// looks, so that it needs no login of its own. It has no effect on macOS and
	// Windows, where the two write items in ways that the other cannot read.
	Mirror bool

	zero   KeyringStore
	mu     sync.Mutex
	shared map[auth.Key]string // the layout that a login was found in
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
		shared := ""
		if kept.Ended == "" { // a tool has no use for the reason
			shared = f.share(ctx, k, &kept)
		}
		return f.keyring().own().write(ctx, k, login, shared)
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

// Delete deletes what is stored under k, and what Flyte's own tools have stored for
// it; it is no error if there is nothing.
func (f *FlyteTools) Delete(ctx context.Context, k auth.Key) error {
	return f.system().do(ctx, "delete", k, func(ctx context.Context) error {
		if err := f.keyring().own().erase(ctx, k); err != nil {
			return err
		}
		for _, l := range layoutsFor(k) {
			if err := l.erase(ctx, f.system(), k); err != nil {
				return err
			}
		}
		f.setShared(k, "")
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
	case err == nil && shared == "":
		return ours, nil
	case err == nil:
		return f.newest(ctx, k, ours, shared)
	case !errors.Is(err, auth.ErrNoCredentials):
		return nil, err
	}
	for _, l := range layoutsFor(k) {
		theirs, lerr := f.read(ctx, l, k)
		if lerr == nil {
			f.setShared(k, l.name)
			return theirs, nil
		}
		if !errors.Is(lerr, auth.ErrNoCredentials) {
			return nil, lerr
		}
	}
	return ours, err
}

// newest compares ours with the tool's item: if they differ, the tool has refreshed the
// login since, and our refresh token is used up.
func (f *FlyteTools) newest(ctx context.Context, k auth.Key, ours *auth.Credentials, shared string) (*auth.Credentials, error) {
	l, ok := layoutNamed(shared, k)
	if !ok {
		return ours, nil
	}
	f.setShared(k, shared)
	theirs, err := f.read(ctx, l, k)
	switch {
	case errors.Is(err, auth.ErrNoCredentials):
		return ours, nil
	case err != nil:
		return nil, err
	case theirs.AccessToken == ours.AccessToken && theirs.RefreshToken == ours.RefreshToken:
		return ours, nil
	}
	merged := *theirs
	merged.HeaderKey, merged.ClientID = ours.HeaderKey, ours.ClientID
	merged.TokenOrigin, merged.RevocationOrigin = ours.TokenOrigin, ours.RevocationOrigin
	if merged.RefreshToken == "" { // flyte-sdk drops one that an answer does not repeat
		merged.RefreshToken = ours.RefreshToken
	}
	return &merged, nil
}

// share writes c into the item of another tool, if the login is shared, and returns the
// name of that layout for the KeyringStore's item. If it fails the tool has to log in
// again, and this program does not.
func (f *FlyteTools) share(ctx context.Context, k auth.Key, c *auth.Credentials) string {
	f.mu.Lock()
	name := f.shared[k]
	f.mu.Unlock()
	if name == "" && f.Mirror {
		name = layoutSDK
	}
	l, ok := layoutNamed(name, k)
	if !ok || (l.application != "" && !f.system().host.secretService()) {
		return ""
	}
	if err := l.write(ctx, f.system(), k, c); err != nil {
		if _, ok := errors.AsType[*outage](err); ok {
			return "" // our own item cannot be written either, and that is the error
		}
		f.keyring().warnOnce(ctx, "mirror", "cannot store the login for Flyte's own tools; they may have to log in themselves",
			slog.String("layout", l.name), slog.Any("error", err))
		return ""
	}
	return l.name
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

func (f *FlyteTools) setShared(k auth.Key, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shared == nil {
		f.shared = map[auth.Key]string{}
	}
	f.shared[k] = name
}

func (f *FlyteTools) unshare(k auth.Key, name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.shared[k] == name {
		delete(f.shared, k)
	}
}
