package tokenstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// KeyringStore keeps logins in the keyring of the operating system: the Keychain
// of macOS, the Credential Manager of Windows, the Secret Service elsewhere. The
// zero value is ready, and it is safe for concurrent use, by several processes
// too. It must not be copied.
//
// Keyrings hang: they wait for a person to answer a prompt, or for a service that
// is gone. So each operation takes 3 seconds at most and none runs beside another.
// Once the keyring has not answered in time or has turned out to be unavailable,
// it is left alone for five minutes. A program has one keyring: all of this holds
// for all its KeyringStores together. Where there is no session bus the Secret
// Service is not called at all, since the attempt could start one.
//
// Logins of people (see [PersonFlow]) that are kept under neither a user nor a
// profile are also found where Flyte's own tools keep theirs: flyte-sdk's item,
// the two items of its predecessor, and flytectl's. A login that was found there
// is written back there when it is renewed, since its refresh token may be used
// up by that. Delete removes it there too, so that after a logout nobody finds
// a token.
//
// Errors wrap [ErrNoCredentials], [ErrKeyringUnavailable], [ErrKeyringLocked],
// [ErrKeyringTooBig] or [ErrKeyringTimeout]. Values larger than the platform
// takes (2,560 bytes on Windows, about 3,000 on macOS) are split over several
// items; a login of more than 32 of them is too big.
type KeyringStore struct {
	// Mirror also keeps people's logins where flyte-sdk (Flyte's Python client)
	// looks, so that it needs no login of its own. It has no effect on macOS and
	// Windows, where the two write items in ways that the other cannot read.
	Mirror bool
	// LockDir holds a lock file for each login, which is never deleted; empty means
	// jetway/locks in the directory of os.UserCacheDir.
	LockDir string
	// Logger hears of items that cannot be used, never a secret; nil discards.
	Logger *slog.Logger

	system *systemKeyring // nil means theKeyring; tests bring their own

	mu     sync.Mutex
	shared map[auth.Key]string // the layout that a login is also kept in
	warned map[string]bool
}

// Store keeps c under k. Credentials without any token are an error.
func (s *KeyringStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	login, err := encode(k, c)
	if err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	kept := *c
	return s.keyring().do(ctx, "store", k, func(ctx context.Context) error {
		shared := s.share(ctx, k, &kept)
		return s.write(ctx, k, login, shared)
	})
}

// Retrieve returns what is kept under k, or the login of one of Flyte's own tools.
func (s *KeyringStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var found *auth.Credentials
	err := s.keyring().do(ctx, "retrieve", k, func(ctx context.Context) (err error) {
		found, err = s.find(ctx, k)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Delete forgets k, and what Flyte's own tools keep for it. Nothing to forget is
// no error.
func (s *KeyringStore) Delete(ctx context.Context, k auth.Key) error {
	return s.keyring().do(ctx, "delete", k, func(ctx context.Context) error {
		if err := s.erase(ctx, k); err != nil {
			return err
		}
		for _, l := range layoutsFor(k) {
			if err := s.eraseLayout(ctx, l, k); err != nil {
				return err
			}
		}
		s.setShared(k, "")
		return nil
	})
}

// Lock locks the login of k among all processes that use the same LockDir.
func (s *KeyringStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k)
}

// Persistent reports that logins outlive the process.
func (s *KeyringStore) Persistent() bool { return true }

// Location says where the login of k rests, for people to read.
func (s *KeyringStore) Location(k auth.Key) string {
	return fmt.Sprintf("keyring (%s)", ownService(k))
}

// find is Retrieve without its limits.
func (s *KeyringStore) find(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	c, shared, err := s.read(ctx, k)
	switch {
	case err == nil && shared == "":
		return c, nil
	case err == nil:
		return s.newest(ctx, k, c, shared)
	case !errors.Is(err, auth.ErrNoCredentials):
		return nil, err
	}
	for _, l := range layoutsFor(k) {
		theirs, lerr := s.readLayout(ctx, l, k)
		if lerr == nil {
			s.setShared(k, l.name)
			return theirs, nil
		}
		if !errors.Is(lerr, auth.ErrNoCredentials) {
			return nil, lerr
		}
	}
	return nil, err
}

// newest looks at the item that ours shares a login with: if it differs, its
// owner has renewed the login since, and ours is used up.
func (s *KeyringStore) newest(ctx context.Context, k auth.Key, ours *auth.Credentials, shared string) (*auth.Credentials, error) {
	l, ok := layoutNamed(shared, k)
	if !ok {
		return ours, nil
	}
	s.setShared(k, shared)
	theirs, err := s.readLayout(ctx, l, k)
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

// Discard deletes what holds the refresh token of dead and nothing else: another
// tool may have logged in since.
func (s *KeyringStore) Discard(ctx context.Context, k auth.Key, dead *auth.Credentials) error {
	return s.keyring().do(ctx, "delete", k, func(ctx context.Context) error {
		own, _, err := s.read(ctx, k)
		if err == nil && own.RefreshToken == dead.RefreshToken {
			err = s.erase(ctx, k)
		}
		if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
			return err
		}
		for _, l := range layoutsFor(k) {
			theirs, err := s.readLayout(ctx, l, k)
			if err == nil && theirs.RefreshToken == dead.RefreshToken {
				err = s.eraseLayout(ctx, l, k)
				s.unshare(k, l.name) // the next login is ours alone
			}
			if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
				return err
			}
		}
		return nil
	})
}

// share puts c where other tools look, if they shall find it, and returns the
// name of that place. A failure costs them a login, and us nothing.
func (s *KeyringStore) share(ctx context.Context, k auth.Key, c *auth.Credentials) string {
	s.mu.Lock()
	name := s.shared[k]
	s.mu.Unlock()
	if name == "" && s.Mirror {
		name = layoutSDK
	}
	l, ok := layoutNamed(name, k)
	if !ok || (l.application != "" && !s.keyring().host.secretService()) {
		return ""
	}
	if err := s.writeLayout(ctx, l, k, c); err != nil {
		s.warnOnce(ctx, "mirror", "cannot keep the login where Flyte's own tools look; they may ask for one of their own",
			slog.String("layout", l.name), slog.Any("error", err))
		return ""
	}
	return l.name
}

func (s *KeyringStore) setShared(k auth.Key, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == nil {
		s.shared = map[auth.Key]string{}
	}
	s.shared[k] = name
}

func (s *KeyringStore) unshare(k auth.Key, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared[k] == name {
		delete(s.shared, k)
	}
}

func (s *KeyringStore) warnOnce(ctx context.Context, what, text string, args ...any) {
	s.mu.Lock()
	if s.warned == nil {
		s.warned = map[string]bool{}
	}
	again := s.warned[what]
	s.warned[what] = true
	s.mu.Unlock()
	if !again && s.Logger != nil {
		s.Logger.WarnContext(ctx, text, args...)
	}
}

func (s *KeyringStore) keyring() *systemKeyring { return cmp.Or(s.system, theKeyring) }
