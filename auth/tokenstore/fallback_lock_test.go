package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/jetway-go/jetway/auth"
)

// fallbackOf is the default store of another program, with that keyring.
func fallbackOf(dir string, fake *fakeKeyring, h *keyringHost) *FallbackStore {
	config := Config{Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}
	return compose(auth.Traits{FileStorable: true}, config, &systemKeyring{items: fake, host: h}).(*FallbackStore)
}

// Two programs of one person: the login of one may be in the file because it cannot
// use the keyring, and still only one of them renews it at a time.
func TestFallbackExcludesAProgramWithABrokenKeyring(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]func(dir string) *FallbackStore{
		"silent": func(dir string) *FallbackStore {
			fake := &fakeKeyring{}
			fake.fail(func(int, string, string, string) error { return errors.New("no such service") })
			return fallbackOf(dir, fake, linuxHost())
		},
		"no bus": func(dir string) *FallbackStore {
			return fallbackOf(dir, &fakeKeyring{}, &keyringHost{goos: "linux", getenv: func(string) string { return "" }})
		},
		"switched off": func(dir string) *FallbackStore {
			config := Config{NoKeyring: true, Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}
			return Default(auth.Traits{FileStorable: true}, config).(*FallbackStore)
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			dir, k := t.TempDir(), personKey()
			healthy, other := fallbackOf(dir, &fakeKeyring{}, linuxHost()), broken(dir)
			if err := other.Store(t.Context(), k, login("x")); err != nil || !strings.HasPrefix(other.Location(k), dir) {
				t.Fatalf("%s: %v, stored at %q", name, err, other.Location(k))
			}
			if c, err := healthy.Retrieve(t.Context(), k); err != nil || !sameTokens(c, login("x")) {
				t.Fatalf("%s: the healthy one got %v, %v", name, c, err)
			}
			for _, pair := range [][2]*FallbackStore{{healthy, other}, {other, healthy}} {
				held, err := pair[0].Lock(t.Context(), k)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				mustBeLocked(t, pair[1], k)
				held.Unlock()
				again, err := pair[1].Lock(t.Context(), k)
				if err != nil {
					t.Fatalf("%s: given back: %v", name, err)
				}
				again.Unlock()
			}
		})
	}
}

// outsideStore is a store of another package, with a lock of its own.
type outsideStore struct {
	MemoryStore
	down error
}

func (s *outsideStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	if s.down != nil {
		return nil, s.down
	}
	return s.MemoryStore.Lock(ctx, k)
}

func (s *outsideStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if s.down != nil {
		return s.down
	}
	return s.MemoryStore.Store(ctx, k, c)
}

func (s *outsideStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if s.down != nil {
		return nil, s.down
	}
	return s.MemoryStore.Retrieve(ctx, k)
}

// Beside a store that locks among machines, its lock is the one; without it those of
// one machine still exclude each other.
func TestFallbackBesideAnOutsideStoreThatLocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outside, dir, k := &outsideStore{}, t.TempDir(), personKey()
		machine := func() *FallbackStore {
			return &FallbackStore{Stores: []auth.Store{outside, &FileStore{Dir: filepath.Join(dir, "credentials"), LockDir: dir}, &MemoryStore{}}}
		}
		for _, down := range []error{nil, errors.New("connection refused")} {
			outside.down = down
			one, other := machine(), machine()
			held, err := one.Lock(t.Context(), k)
			if err != nil {
				t.Fatalf("outside store down (%v): %v", down, err)
			}
			mustBeLocked(t, other, k)
			if free, err := (&FileStore{LockDir: dir}).Lock(fleeting(t), k); (err == nil) != (down == nil) {
				t.Errorf("outside store down (%v): the file is locked too: %v", down, err)
			} else if err == nil {
				free.Unlock()
			}
			held.Unlock()
		}
	})
}

// A store that machines share refuses its lock: the lock of one machine is none instead.
func TestFallbackKeepsTheRefusalOfAStoreThatMachinesShare(t *testing.T) {
	t.Parallel()
	outside := &outsideStore{down: fmt.Errorf("%w: connection refused", auth.ErrLeaseRequired)}
	f := &FallbackStore{Stores: []auth.Store{outside, &FileStore{Dir: t.TempDir(), LockDir: t.TempDir()}}}
	for name, take := range map[string]func() (auth.Lease, error){
		"Lock": func() (auth.Lease, error) { return f.Lock(t.Context(), personKey()) },
		"LockUnless": func() (auth.Lease, error) {
			return f.LockUnless(t.Context(), personKey(), func() bool { return false })
		},
	} {
		if l, err := take(); l != nil || !errors.Is(err, auth.ErrLeaseRequired) {
			t.Errorf("%s: %v, %v", name, l, err)
		}
	}
}

func fleeting(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), lockPause)
	t.Cleanup(cancel)
	return ctx
}

// plainStore has no power at all.
type plainStore struct{ bare }

type bare interface{ auth.Store }

// An Authenticator is told that there is no lock, and of nothing where there is none
// to take.
func TestFallbackThatCannotLock(t *testing.T) {
	t.Parallel()
	k := personKey()
	broken := errors.New("connection refused")
	f := &FallbackStore{Stores: []auth.Store{plainStore{}, &outsideStore{down: broken}, &FileStore{LockDir: "/dev/null"}}}
	var e *auth.Error
	if l, err := f.Lock(t.Context(), k); l != nil || !errors.Is(err, broken) || !errors.As(err, &e) || e.Op != "lock" {
		t.Errorf("got %v, %v", l, err)
	}
	f = &FallbackStore{Stores: []auth.Store{plainStore{}}}
	l, err := f.Lock(t.Context(), k)
	if err != nil || l.Lost() != nil {
		t.Fatalf("got %v, %v", l, err)
	}
	l.Unlock()
}
