package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

func TestANewerStoredLoginWinsOverARenewedSession(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]auth.Store{"plain": &mapStore{}, "lock, swap": &tokenstore.MemoryStore{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				a, _, first := signedIn(t, store)
				if err := store.Store(t.Context(), testKey, session("of another program")); err != nil {
					t.Fatal(err)
				}
				adopt(t, a, first, renewed(first, "renewed"), false)
				c, err := a.Credentials(t.Context())
				if err != nil || c.AccessToken != "of another program" || !c.FromStore() || stored(t, store) != "of another program" {
					t.Errorf("calls carry %v, %v; stored is %q", c, err, stored(t, store))
				}
			})
		})
	}
}

// It may be of an older date and for all that not this login, as that beside WithInitial.
func TestAStoredLoginThatIsNotTheSessionIsNotReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *session("of another program")}}
		time.Sleep(time.Minute)
		a := newAuthenticator(t, &fakeFlow{}, auth.WithStore(store), auth.WithInitial(session("given")))
		given, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		adopt(t, a, given, renewed(given, "renewed"), true)
		if got := token(t, a); got != "renewed" || store.holds(testKey) != "of another program" {
			t.Errorf("calls carry %q, stored is %q", got, store.holds(testKey))
		}
	})
}

func TestAnAdoptionDoesNotUndoALogout(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() auth.Store{
		"plain":        func() auth.Store { return &mapStore{} },
		"lock, swap":   func() auth.Store { return &tokenstore.MemoryStore{} },
		"takes a time": func() auth.Store { return &lateStore{} },
	} {
		t.Run(name+", elsewhere", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := open()
				a, _, c := signedIn(t, store)
				if err := store.Delete(t.Context(), testKey); err != nil {
					t.Fatal(err)
				}
				for n := range 2 {
					adopt(t, a, c, renewed(c, fmt.Sprint("renewed-", n)), true)
					c, _ = a.Credentials(t.Context())
				}
				if got := token(t, a); got != "renewed-1" || stored(t, store) != "" {
					t.Errorf("calls carry %q, stored is %q", got, stored(t, store))
				}
			})
		})
		t.Run(name+", here", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := open()
				a, f, first := signedIn(t, store)
				go func() { _, _ = a.Adopt(t.Context(), first, renewed(first, "renewed")) }()
				synctest.Wait()
				if err := a.Logout(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Minute)
				if got := stored(t, store); got != "" {
					t.Errorf("stored is %q", got)
				}
				if obtained, _ := f.counts(); token(t, a) != "token-2" || obtained != 1 {
					t.Errorf("after the logout and %d logins a call carries %q", obtained, token(t, a))
				}
			})
		})
	}
}

func TestASessionThatCannotBeStoredIsUsedAndTheNextOneIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		store := &lateStore{}
		a, _, c := signedIn(t, store)
		store.broken = full
		if ok, err := a.Adopt(t.Context(), c, renewed(c, "renewed")); !ok || !errors.Is(err, full) {
			t.Errorf("Adopt = %v, %v", ok, err)
		}
		store.broken = nil
		time.Sleep(time.Minute)
		if c, _ = a.Credentials(t.Context()); c.AccessToken != "renewed" || store.holds(testKey) != "first" {
			t.Errorf("calls carry %v, stored is %q", c, store.holds(testKey))
		}
		adopt(t, a, c, renewed(c, "next"), true)
		if got := token(t, a); got != "next" || store.holds(testKey) != got {
			t.Errorf("calls carry %q, stored is %q", got, store.holds(testKey))
		}
	})
}
