package tokenstore

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"

	"github.com/jetway-go/jetway/auth"
)

// KeyringStore stores logins in the keyring of the operating system: the Keychain
// of macOS, the Credential Manager of Windows, the Secret Service elsewhere. The
// zero value is ready, and it is safe for concurrent use, by several processes
// too. It must not be copied.
//
// A keyring may block: it waits for a person to answer a prompt, or for a service that
// has died. So each operation takes 3 seconds at most, and one runs at a time. After the
// keyring was unavailable or did not answer in time, it is not called for five minutes. A
// program has one keyring: this holds for all its KeyringStores together. Without a
// session bus the Secret Service is not called at all, since the attempt could start one.
//
// It is no [auth.Lister]: a program reaches only items that it can name. So for each
// endpoint an item lists for which clients and audiences there are logins.
//
// Errors wrap [auth.ErrNoCredentials], [ErrKeyringUnavailable], [ErrKeyringLocked],
// [ErrKeyringTooBig] or [ErrKeyringTimeout]. Values larger than the platform
// allows (2,560 bytes on Windows, about 3,000 on macOS) are split over several items; a
// login of more than 32 of them is too big.
type KeyringStore struct {
	// LockDir holds a lock file for each login, which is never deleted; empty means
	// jetway/locks in the directory of os.UserCacheDir.
	LockDir string
	// Logger receives warnings of items that cannot be used, never a secret; nil discards
	// them.
	Logger *slog.Logger

	system *systemKeyring // nil means theKeyring; tests bring their own
	warned warnings
}

// Store stores c under k. Credentials without any token are an error.
func (s *KeyringStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	login, err := auth.Encode(k, c)
	if err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	return s.keyring().do(ctx, "store", k, func(ctx context.Context) error {
		return s.own().write(ctx, k, login, nil)
	})
}

// Retrieve returns what is stored under k.
func (s *KeyringStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var found *auth.Credentials
	err := s.keyring().do(ctx, "retrieve", k, func(ctx context.Context) (err error) {
		found, _, err = s.own().read(ctx, k)
		return err
	})
	if err != nil {
		return nil, err // found may still be written to
	}
	return found, nil
}

// Find returns the key of the newest login that k matches, or k.
func (s *KeyringStore) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	found := k
	err := s.keyring().do(ctx, "retrieve", k, func(ctx context.Context) error {
		best, err := s.own().find(ctx, k)
		found = best
		return err
	})
	if err != nil {
		return k, err // found may still be written to
	}
	return found, nil
}

// Delete deletes what is stored under k; it is no error if there is nothing.
func (s *KeyringStore) Delete(ctx context.Context, k auth.Key) error {
	return s.keyring().do(ctx, "delete", k, func(ctx context.Context) error {
		return s.own().erase(ctx, k)
	})
}

// Discard deletes what is stored under k if it has the refresh token of dead.
func (s *KeyringStore) Discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	return s.keyring().do(ctx, "delete", k, func(ctx context.Context) error {
		return s.own().discard(ctx, k, dead)
	})
}

// Lock locks the login of k among all processes that use the same LockDir.
func (s *KeyringStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k, nil)
}

// LockUnless is Lock, and gives up when done reports true, which it asks when another
// process has released the lock, and at least every second.
func (s *KeyringStore) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k, done)
}

// Persistent returns true: logins outlive the process.
func (s *KeyringStore) Persistent() bool { return true }

// Location returns "keyring" and the service name of the item that holds the login
// of k.
func (s *KeyringStore) Location(k auth.Key) string {
	return fmt.Sprintf("keyring (%s)", ownService(k))
}

func (s *KeyringStore) keyring() *systemKeyring { return cmp.Or(s.system, theKeyring) }

func (s *KeyringStore) own() ownItems {
	return ownItems{system: s.keyring(), warn: s.warnOnce, choose: func(ctx context.Context, list []match) *match {
		return chosen(ctx, &s.warned, s.Logger, list)
	}}
}

func (s *KeyringStore) warnOnce(ctx context.Context, about, text string, args ...any) {
	s.warned.once(ctx, s.Logger, about, text, args...)
}
