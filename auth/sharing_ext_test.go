package auth_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// neighbours are authenticators in as many processes, as far as they can tell.
func neighbours(t *testing.T, n int, dir string, flow auth.Flow, opts ...auth.Option) []*auth.Authenticator {
	t.Helper()
	var all []*auth.Authenticator
	for range n {
		all = append(all, newAuthenticator(t, flow, append(opts,
			auth.WithStore(&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}))...))
	}
	return all
}

func TestNeighboursLogInOnce(t *testing.T) {
	t.Parallel()
	// A login that needs no person is shared as a renewal is.
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Second, time.Hour)}
		var wg sync.WaitGroup
		for _, a := range neighbours(t, 10, t.TempDir(), f) {
			wg.Go(func() {
				if got := token(t, a); got != "token-1" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		if n, _ := f.counts(); n != 1 {
			t.Errorf("%d logins", n)
		}
	})
}

func TestNeighboursRenewInTheBackgroundOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			if err := sleep(ctx, time.Second); err != nil {
				return nil, err
			}
			c := issue(fmt.Sprint("renewed-", n), time.Hour)
			c.RefreshToken = fmt.Sprint("refresh-", n)
			return c, nil
		}
		all := neighbours(t, 5, t.TempDir(), flow)
		if err := all[0].Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		for hour := range 4 {
			for range 60 {
				for _, a := range all {
					token(t, a)
				}
				time.Sleep(time.Minute)
			}
			if n, renewed := f.counts(); n != 1 || renewed > (hour+1)*2 {
				t.Errorf("after %d h: %d logins, %d renewals for 5 processes", hour+1, n, renewed)
			}
		}
	})
}

func TestNoProcessWaitsForAPersonElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a stored login that has ended, and people who take a minute,
		f, flow := person()
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, time.Second)
			return nil, fmt.Errorf("%w: invalid_grant", auth.ErrRejected)
		}
		f.obtain = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return tokens(time.Minute, time.Hour)(ctx, 1, nil)
		}
		dir := t.TempDir()
		all := neighbours(t, 2, dir, flow)
		ended := &auth.Credentials{AccessToken: "old", RefreshToken: "dead", Expiry: time.Now().Add(-time.Hour)}
		if err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Store(t.Context(), testKey, ended); err != nil {
			t.Fatal(err)
		}
		// when two processes ask theirs at once, the one does not wait for the other.
		var wg sync.WaitGroup
		start := time.Now()
		for _, a := range all {
			wg.Go(func() {
				if _, err := a.Refresh(t.Context(), nil); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > time.Minute+2*time.Second {
			t.Errorf("took %v: the second waited for the first one's person", took)
		}
	})
}

// Who has nothing to ask of the server does not wait for those who have.
func TestRenewalElsewhereIsWaitedForWithALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return tokens(10*time.Second, time.Hour)(ctx, 2, nil)
		}
		dir := t.TempDir()
		renews, only := neighbours(t, 1, dir, flow)[0], neighbours(t, 1, dir, f)[0]
		ended := &auth.Credentials{AccessToken: "old", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}
		if err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Store(t.Context(), testKey, ended); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() { token(t, renews) })
		time.Sleep(time.Second)
		start := time.Now()
		if got := token(t, only); got != "old" {
			t.Errorf("got %q, want what is there", got)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v", took)
		}
		wg.Wait()
	})
}

// A login that ends in the middle of a renewal elsewhere is the newer one, and
// stays so.
func TestALoginIsNotOverwrittenByAnOlderRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return tokens(time.Second, time.Hour)(ctx, 2, nil)
		}
		dir := t.TempDir()
		all := neighbours(t, 2, dir, flow)
		if err := all[0].Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale, _ := all[1].Credentials(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = all[1].Refresh(t.Context(), stale) })
		time.Sleep(time.Second / 2)
		if err := all[0].Login(t.Context()); err != nil {
			t.Error(err)
		}
		wg.Wait()
		c, err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Retrieve(t.Context(), testKey)
		if err != nil || c.AccessToken != "by hand" {
			t.Errorf("the store holds %v, %v; want the login", c, err)
		}
	})
}

func TestLogoutWaitsForARenewalElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return tokens(time.Second, time.Hour)(ctx, 2, nil)
		}
		dir := t.TempDir()
		all := neighbours(t, 2, dir, flow)
		if err := all[0].Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale, _ := all[1].Credentials(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := all[1].Refresh(t.Context(), stale); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Second / 2)
		if err := all[0].Logout(t.Context()); err != nil {
			t.Error(err)
		}
		wg.Wait()
		c, err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Retrieve(t.Context(), testKey)
		if !errors.Is(err, auth.ErrNoCredentials) {
			t.Errorf("after the logout the store holds %v, %v", c, err)
		}
	})
}

// Credentials that a program is given may have been renewed by its neighbour.
func TestNeighboursStartFromOneGivenLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
			if prev.RefreshToken != "given" || n > 1 {
				return nil, fmt.Errorf("%w: used token %s", auth.ErrRejected, prev.RefreshToken)
			}
			c := issue("renewed", time.Hour)
			c.RefreshToken = "next"
			return c, sleep(ctx, time.Second)
		}
		given := &auth.Credentials{AccessToken: "old", RefreshToken: "given", Expiry: time.Now().Add(-time.Hour)}
		var wg sync.WaitGroup
		for _, a := range neighbours(t, 5, t.TempDir(), flow, auth.WithInitial(given)) {
			wg.Go(func() {
				if got := token(t, a); got != "renewed" {
					t.Errorf("got %q", got)
				}
			})
		}
		wg.Wait()
		if _, renewed := f.counts(); renewed != 1 {
			t.Errorf("%d renewals", renewed)
		}
	})
}

// Two client sets of one program have one login in memory.
func TestAuthenticatorsShareAMemoryStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := rotating(time.Second)
		store := &tokenstore.MemoryStore{}
		one := newAuthenticator(t, flow, auth.WithStore(store))
		two := newAuthenticator(t, flow, auth.WithStore(store))
		if err := one.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, a := range []*auth.Authenticator{one, two} {
			stale, err := a.Credentials(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "renewed" {
					t.Errorf("%v, %v", c, err)
				}
			})
		}
		wg.Wait()
		if n, renewed := f.counts(); n != 1 || renewed != 1 {
			t.Errorf("%d logins, %d renewals", n, renewed)
		}
	})
}

// A renewal that never ends is waited for as long as that of another process.
func TestMemoryStoreHasPatienceOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := rotating(0)
		store := &tokenstore.MemoryStore{}
		one := newAuthenticator(t, flow, auth.WithStore(store))
		two := newAuthenticator(t, flow, auth.WithStore(store))
		if err := one.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		renew := f.renew
		f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
			if n == 1 {
				time.Sleep(time.Hour)
			}
			return renew(ctx, n, prev)
		}
		stale, _ := one.Credentials(t.Context())
		same, _ := two.Credentials(t.Context())
		go func() { _, _ = one.Refresh(context.Background(), stale) }()
		synctest.Wait()
		start := time.Now()
		if _, err := two.Refresh(t.Context(), same); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("waited %v", took)
		}
		time.Sleep(time.Hour)
	})
}
