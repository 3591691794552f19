package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// Background renewal waits longer and longer; calls are not made to.
func TestTroubleInTheBackgroundIsNotHeldAgainstCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := machine(0, time.Hour)
		good := f.renew
		f.renew = failing(errors.New("503"))
		a := newAuthenticator(t, flow)
		token(t, a)
		time.Sleep(55 * time.Minute)
		for range 289 { // until 11 s before the end: the rest is up to a minute now
			token(t, a)
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if _, n := f.counts(); n > 80 { // about 15
			t.Errorf("%d renewals in four minutes of trouble", n)
		}
		f.renew = good
		time.Sleep(11*time.Second - failureMemory)
		token(t, a) // may still fail; the old one is good
		time.Sleep(failureMemory)
		if got := token(t, a); got == "token-1" {
			t.Errorf("got %q, which has ended", got)
		}
	})
}

// failureMemory is how long a failure is remembered.
const failureMemory = time.Second

// A machine's refresh token has ended, and its password is still good.
func TestBackgroundRefusalDoesNotPreventALogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{
			obtain: func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
				c := issue(fmt.Sprint("token-", n), 10*time.Minute)
				c.RefreshToken = "r"
				return c, nil
			},
			renew: failing(auth.ErrRejected),
		}
		a := newAuthenticator(t, renewable{f})
		for range 3600 { // an hour of one call a second
			token(t, a)
			time.Sleep(time.Second)
		}
		if obtained, renewed := f.counts(); obtained > 7 || renewed > 100 {
			t.Errorf("%d logins, %d renewals", obtained, renewed)
		}
	})
}

// A login is revoked altogether while it is about to be renewed in the background:
// the rejected call has the person asked, and is not told to try the same token.
func TestTokenRevokedInTheEarlyWindowIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, time.Second)
			return nil, auth.ErrRejected
		}
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return issue("anew", time.Hour), nil
		}
		time.Sleep(59*time.Minute + 20*time.Second)
		stale, _ := a.Credentials(t.Context())
		if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "anew" {
			t.Errorf("Refresh = %v, %v, want a new login", c, err)
		}
	})
}

// The same, and the rejection arrives after the renewal has given up.
func TestRejectedAfterTheRefreshTokenHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = failing(auth.ErrRejected)
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 20*time.Second)
		stale, _ := a.Credentials(t.Context())
		synctest.Wait()
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return issue("anew", time.Hour), nil
		}
		if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "anew" {
			t.Errorf("Refresh = %v, %v, want a new login", c, err)
		}
	})
}

// A login that cannot be deleted comes back from the store as it went.
func TestRejectedLoginIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = failing(auth.ErrRejected)
		f.obtain = failing(auth.ErrDeclined)
		stored := issue("refused", time.Hour)
		stored.RefreshToken = "dead"
		store := undeletable{&mapStore{m: map[auth.Key]auth.Credentials{testKey: *stored}}}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		stale, err := a.Credentials(t.Context())
		if err != nil || stale.AccessToken != "refused" {
			t.Fatalf("%v, %v", stale, err)
		}
		for range 5 {
			if c, err := a.Refresh(t.Context(), stale); err == nil {
				t.Errorf("got %v", c)
			}
			time.Sleep(2 * time.Second)
		}
	})
}

// A store that takes nothing any more holds a login of long ago. When the one in
// memory ends, that is not taken for a newer one.
func TestOlderLoginIsNotTakenForANewerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := rotating(0)
		store := &slowStore{mapStore: &mapStore{}}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		store.full = errors.New("disk full")
		time.Sleep(time.Minute)
		first, _ := a.Credentials(t.Context())
		second, err := a.Refresh(t.Context(), first)
		if err != nil || second.AccessToken != "renewed" {
			t.Fatalf("%v, %v", second, err)
		}
		f.renew = failing(auth.ErrRejected)
		f.obtain = failing(errors.New("503"))
		if c, err := a.Refresh(t.Context(), second); err == nil {
			t.Errorf("got %v, which was replaced before", c)
		}
	})
}

// A person who said no is not asked again, and has logged in elsewhere since.
func TestLoginElsewhereServesAPersonWhoDeclined(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.obtain = failing(auth.ErrDeclined)
		store := &mapStore{}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		for range 3 {
			if _, err := a.Refresh(t.Context(), nil); !errors.Is(err, auth.ErrDeclined) {
				t.Fatalf("got %v, want ErrDeclined", err)
			}
			time.Sleep(time.Minute)
		}
		elsewhere := issue("elsewhere", time.Hour)
		elsewhere.RefreshToken = "r"
		if err := store.Store(t.Context(), testKey, elsewhere); err != nil {
			t.Fatal(err)
		}
		c, err := a.Refresh(t.Context(), nil)
		if err != nil || c.AccessToken != "elsewhere" {
			t.Fatalf("Refresh = %v, %v, want the login from elsewhere", c, err)
		}
		// It is renewed like any other, even if it is refused at once.
		if c, err = a.Refresh(t.Context(), c); err != nil || c.AccessToken != "renewed" {
			t.Fatalf("Refresh = %v, %v, want its renewal", c, err)
		}
		f.renew = failing(auth.ErrRejected)
		// Once that has ended too, the answer is still no.
		time.Sleep(time.Minute)
		if _, err := a.Refresh(t.Context(), c); !errors.Is(err, auth.ErrDeclined) {
			t.Errorf("got %v, want ErrDeclined", err)
		}
		if n, _ := f.counts(); n != 1 {
			t.Errorf("the person was asked %d times", n)
		}
	})
}
