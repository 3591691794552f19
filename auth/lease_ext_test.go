package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// fleet is a database with a login that has expired, and a server that rotates its
// refresh token with every answer, each of which takes a second.
type fleet struct {
	*database

	mu       sync.Mutex
	requests int
	reused   int
	newest   string
}

func newFleet() *fleet {
	f := &fleet{database: newDatabase(), newest: "refresh-0"}
	_ = f.Store(context.Background(), testKey, &auth.Credentials{AccessToken: "access-0", RefreshToken: "refresh-0", Expiry: time.Now().Add(-time.Hour)})
	return f
}

// member is a program of the fleet, on store, whose requests take latency.
func (f *fleet) member(t *testing.T, store auth.Store, latency time.Duration) *auth.Authenticator {
	t.Helper()
	_, flow := person()
	r := flow.(renewable)
	r.renew = func(ctx context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
		f.mu.Lock()
		if prev.RefreshToken != f.newest {
			f.reused++
		}
		f.requests++
		c := issue(fmt.Sprint("access-", f.requests), time.Hour)
		c.RefreshToken = fmt.Sprint("refresh-", f.requests)
		f.newest = c.RefreshToken
		f.mu.Unlock()
		return c, sleep(ctx, latency)
	}
	return newAuthenticator(t, r, auth.WithStore(store))
}

func (f *fleet) stored(t *testing.T) string {
	t.Helper()
	c, err := f.Retrieve(t.Context(), testKey)
	if errors.Is(err, auth.ErrNoCredentials) {
		return "nothing"
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.AccessToken
}

func TestAuthenticatorsThatShareAStoreWithLeasesSendOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet()
		var wg sync.WaitGroup
		for range 8 {
			a := f.member(t, f.database, time.Second)
			wg.Go(func() {
				if got := token(t, a); got != "access-1" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		if got := f.stored(t); f.requests != 1 || f.reused != 0 || got != "access-1" {
			t.Errorf("%d requests, %d with a used refresh token; stored is %s", f.requests, f.reused, got)
		}
	})
}

// withoutSwap is a database that can lock, but not swap.
type withoutSwap struct {
	auth.Locker

	d *database
}

func (s withoutSwap) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	return s.d.Store(ctx, k, c)
}

func (s withoutSwap) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	return s.d.Retrieve(ctx, k)
}

func (s withoutSwap) Delete(ctx context.Context, k auth.Key) error { return s.d.Delete(ctx, k) }

func TestHolderWithALostLeaseOverwritesNothing(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]func(*database) auth.Store{
		"a store with Swap":    func(d *database) auth.Store { return d },
		"a store without Swap": func(d *database) auth.Store { return withoutSwap{d, d} },
	} {
		for meanwhile, tt := range map[string]struct {
			happens func(t *testing.T, f *fleet)
			stored  string
			got     string
		}{
			"another holder renewed": {
				func(t *testing.T, f *fleet) {
					t.Helper()
					if got := token(t, f.member(t, store(f.database), 0)); got != "access-2" {
						t.Errorf("the other holder got %q", got)
					}
				}, "access-2", "access-2",
			},
			"another holder logged out": {
				func(t *testing.T, f *fleet) {
					t.Helper()
					if err := f.member(t, store(f.database), 0).Logout(t.Context()); err != nil {
						t.Error(err)
					}
				}, "nothing", "access-1",
			},
			"nothing else": {func(*testing.T, *fleet) {}, "access-1", "access-1"},
		} {
			t.Run(name+", "+meanwhile, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					// Given a holder whose request is under way,
					f := newFleet()
					slow := f.member(t, store(f.database), 10*time.Second)
					got := make(chan string)
					go func() { got <- token(t, slow) }()
					time.Sleep(time.Second)

					// when its lease is lost,
					f.expire(testKey)
					tt.happens(t, f)

					// then it uses what is newer, and stores only over what it has read.
					if g := <-got; g != tt.got || f.stored(t) != tt.stored {
						t.Errorf("got %q, want %q; stored is %q, want %q", g, tt.got, f.stored(t), tt.stored)
					}
				})
			})
		}
	}
}

// A login that a person made is newer than anything stored before, lease or not.
func TestLoginByAPersonIsStoredWhateverTheStoreHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFleet()
		fake, flow := person()
		fake.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			elsewhere := issue("elsewhere", time.Hour) // stored while the person logs in
			return issue("by hand", time.Hour), f.Store(t.Context(), testKey, elsewhere)
		}
		a := newAuthenticator(t, flow, auth.WithStore(f.database))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := f.stored(t); got != "by hand" {
			t.Errorf("stored is %q", got)
		}
	})
}
