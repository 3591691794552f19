package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// person is a flow that needs a person to log in and can refresh without one.
func person() (*fakeFlow, auth.Flow) {
	f := &fakeFlow{traits: auth.Traits{Interactive: true, Timeout: 3 * time.Minute}}
	f.obtain = func(_ context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
		c := issue("by hand", time.Hour)
		c.RefreshToken = "refresh"
		return c, nil
	}
	f.renew = func(_ context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
		c := issue("renewed", time.Hour)
		c.RefreshToken = prev.RefreshToken
		return c, nil
	}
	return f, renewable{f}
}

func TestPersonIsAskedOnlyWhenTheServerInsists(t *testing.T) {
	t.Parallel()
	f, flow := person()
	a := newAuthenticator(t, flow)

	if got := token(t, a); got != "" {
		t.Errorf("the first call carried %q, want none", got)
	}
	if n, _ := f.counts(); n != 0 {
		t.Fatalf("a person was asked before the server rejected a call")
	}
	c, err := a.Refresh(t.Context(), nil)
	if err != nil || c.AccessToken != "by hand" {
		t.Errorf("Refresh = %v, %v, want the login", c, err)
	}
}

func TestStoredLoginIsRenewedWithoutAPerson(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		stored *auth.Credentials
		want   string
	}{
		{"good", issue("stored", time.Hour), "stored"},
		{"expired", &auth.Credentials{AccessToken: "old", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}, "renewed"},
		{"refresh token only", &auth.Credentials{RefreshToken: "r"}, "renewed"},
		{"expired for good goes out all the same", &auth.Credentials{AccessToken: "old", Expiry: time.Now().Add(-time.Hour)}, "old"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, flow := person()
			store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *tt.stored}}
			a := newAuthenticator(t, flow, auth.WithStore(store))
			for range 3 {
				if got := token(t, a); got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			}
			if n, _ := f.counts(); n != 0 {
				t.Errorf("a person was asked")
			}
		})
	}
}

// The reason is stored in place of the refresh token, and a new login replaces it.
func TestNextProgramKnowsWhyTheLoginBeforeItEnded(t *testing.T) {
	t.Parallel()
	f, flow := person()
	f.renew = failing(fmt.Errorf("%w: invalid_grant:\nreused", auth.ErrRejected))
	stored := auth.Credentials{AccessToken: "old", RefreshToken: "dead", Expiry: time.Now().Add(-time.Hour)}
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: stored}}
	if _, err := newAuthenticator(t, flow, auth.WithStore(store)).Credentials(t.Context()); err != nil {
		t.Fatal(err)
	}

	next, nextFlow := person()
	next.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
		t.Error("the next program sends a refresh token that was rejected for good")
		return nil, auth.ErrRejected
	}
	obtain := next.obtain
	next.obtain = failing(auth.ErrInteractionRequired)
	a := newAuthenticator(t, nextFlow, auth.WithStore(store))
	carried, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Refresh(t.Context(), carried)
	if !errors.Is(err, auth.ErrInteractionRequired) || !strings.Contains(err.Error(), "the login before it") ||
		!strings.Contains(err.Error(), "invalid_grant: reused") {
		t.Errorf("got %v, want the reason of the login before it", err)
	}
	next.obtain = obtain
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := store.Retrieve(t.Context(), testKey); err != nil || c.Ended != "" || c.RefreshToken != "refresh" {
		t.Errorf("after a login the store holds %v, ended because of %q, %v", c, c.Ended, err)
	}
}

func TestEndedLoginIsForgottenAndAskedForAgain(t *testing.T) {
	t.Parallel()
	f, flow := person()
	f.renew = failing(auth.ErrRejected)
	store := &mapStore{m: map[auth.Key]auth.Credentials{
		testKey: {AccessToken: "old", RefreshToken: "dead", Expiry: time.Now().Add(-time.Hour)},
	}}
	a := newAuthenticator(t, flow, auth.WithStore(store))

	// given a refresh token that the server has ended: calls go bare
	if got := token(t, a); got != "" {
		t.Errorf("got %q, want none", got)
	}
	if c, err := store.Retrieve(t.Context(), testKey); err != nil || c.RefreshToken != "" || c.Ended == "" {
		t.Errorf("the store holds refresh token %q of a login that ended because of %q, %v", c.RefreshToken, c.Ended, err)
	}
	// and the rejection of one asks the person
	if c, err := a.Refresh(t.Context(), nil); err != nil || c.AccessToken != "by hand" {
		t.Errorf("Refresh = %v, %v, want a new login", c, err)
	}
	if got := store.holds(testKey); got != "by hand" {
		t.Errorf("the store holds %q, want the new login", got)
	}
}

func TestTransientErrorKeepsTheLoginAndAsksNoPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		store := &mapStore{}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale, _ := a.Credentials(t.Context())
		f.renew = failing(errors.New("502"))

		for range 600 { // ten minutes
			_, err := a.Refresh(t.Context(), stale)
			if status.Code(err) != codes.Unavailable {
				t.Fatalf("got %v, want Unavailable", err)
			}
			time.Sleep(time.Second)
		}
		if n, _ := f.counts(); n != 1 {
			t.Errorf("the person was asked %d times, want only for the first login", n)
		}
		if got := store.holds(testKey); got != "by hand" {
			t.Errorf("the store holds %q, want the login untouched", got)
		}

		_, flow2 := person()
		f.renew = flow2.(renewable).renew
		if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "renewed" {
			t.Errorf("after the trouble: %v, %v, want a renewal", c, err)
		}
	})
}

func TestAnotherProcessWasFaster(t *testing.T) {
	t.Parallel()
	f, flow := person()
	store := &mapStore{}
	a := newAuthenticator(t, flow, auth.WithStore(store))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	stale, _ := a.Credentials(t.Context())

	// given a login that another process has stored since
	other := issue("theirs", time.Hour)
	other.RefreshToken = "rotated"
	if err := store.Store(t.Context(), testKey, other); err != nil {
		t.Fatal(err)
	}
	// when ours is rejected, theirs is used and no request is made
	if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "theirs" {
		t.Errorf("Refresh = %v, %v, want the stored login", c, err)
	}
	if obtained, renewed := f.counts(); obtained != 1 || renewed != 0 {
		t.Errorf("%d logins and %d renewals, want none after the first", obtained, renewed)
	}
}

func TestRotationLostToAnotherProcess(t *testing.T) {
	t.Parallel()
	f, flow := person()
	store := &mapStore{}
	a := newAuthenticator(t, flow, auth.WithStore(store))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	stale, _ := a.Credentials(t.Context())
	f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
		other := issue("theirs", time.Hour) // stored while our request was on its way
		other.RefreshToken = "rotated"
		return nil, errors.Join(auth.ErrRejected, store.Store(ctx, testKey, other))
	}

	if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "theirs" {
		t.Errorf("Refresh = %v, %v, want the login that won", c, err)
	}
	if got := store.holds(testKey); got != "theirs" {
		t.Errorf("the store holds %q, want the login that won", got)
	}
}

// The same, and what the other process has stored has ended meanwhile as well: its
// refresh token is the good one.
func TestRotationLostToAnotherProcessThatEndedToo(t *testing.T) {
	t.Parallel()
	f, flow := person()
	ended := &auth.Credentials{AccessToken: "old", RefreshToken: "dead", Expiry: time.Now().Add(-time.Hour)}
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *ended}}
	f.renew = func(ctx context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
		if prev.RefreshToken == "rotated" {
			return issue("renewed", time.Hour), nil
		}
		other := &auth.Credentials{AccessToken: "theirs", RefreshToken: "rotated", Expiry: time.Now().Add(-time.Minute)}
		return nil, errors.Join(auth.ErrRejected, store.Store(ctx, testKey, other))
	}
	if got := token(t, newAuthenticator(t, flow, auth.WithStore(store))); got != "renewed" {
		t.Errorf("got %q", got)
	}
}

// Other tools do not say when a login was made. It is not taken for an old one.
func TestLoginOfAnotherTool(t *testing.T) {
	t.Parallel()
	_, flow := person()
	store := &mapStore{}
	a := newAuthenticator(t, flow, auth.WithStore(store))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	stale, _ := a.Credentials(t.Context())
	if err := store.Store(t.Context(), testKey, &auth.Credentials{AccessToken: "theirs"}); err != nil {
		t.Fatal(err)
	}
	if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "theirs" {
		t.Errorf("Refresh = %v, %v, want the stored login", c, err)
	}
}

// What cannot be renewed here goes no further than its access token does, and calls
// without one carry no credentials at all.
func TestCallsGoBareWithoutAnAccessToken(t *testing.T) {
	t.Parallel()
	f, renews := person()
	f.renew = failing(auth.ErrInteractionRequired)
	for name, tt := range map[string]struct {
		flow   auth.Flow
		stored auth.Credentials
	}{
		"a flow that renews nothing": {f, auth.Credentials{RefreshToken: "r"}},
		"a login from elsewhere":     {renews, auth.Credentials{RefreshToken: "r"}},
		"one that has ended":         {renews, auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}},
	} {
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: tt.stored}}
		c, err := newAuthenticator(t, tt.flow, auth.WithStore(store)).Credentials(t.Context())
		if c != nil || err != nil {
			t.Errorf("%s: got %v, %v, want none", name, c, err)
		}
		if kept, err := store.Retrieve(t.Context(), testKey); err != nil || kept.RefreshToken != "r" {
			t.Errorf("%s: the store holds %v, %v", name, kept, err)
		}
	}
}

// A person has minutes to log in; an authorization server has not.
func TestRenewalDoesNotTakeAPersonsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.renew = tokens(time.Hour, 0)
		stale, _ := a.Credentials(t.Context())
		start := time.Now()
		if _, err := a.Refresh(t.Context(), stale); status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
		if took := time.Since(start); took != auth.DefaultTimeout {
			t.Errorf("took %v", took)
		}
	})
}

func TestRefusalIsRememberedUntilLogin(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]func(context.Context, int, *auth.Credentials) (*auth.Credentials, error){
		"declined": failing(auth.ErrDeclined),
		"lapsed":   tokens(time.Hour, 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				good := f.obtain
				f.obtain = refuse
				a := newAuthenticator(t, flow)

				for range 3 {
					_, err := a.Refresh(t.Context(), nil)
					if !errors.Is(err, auth.ErrDeclined) || status.Code(err) != codes.Unauthenticated {
						t.Fatalf("got %v, want ErrDeclined as Unauthenticated", err)
					}
					time.Sleep(time.Hour)
				}
				if n, _ := f.counts(); n != 1 {
					t.Errorf("the person was asked %d times, want once", n)
				}

				f.obtain = good
				if err := a.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := token(t, a); got != "by hand" {
					t.Errorf("after Login got %q", got)
				}
				// And from then on the server may ask again.
				f.obtain, f.renew = tokens(0, time.Hour), failing(auth.ErrRejected)
				stale, _ := a.Credentials(t.Context())
				if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "token-3" {
					t.Errorf("Refresh = %v, %v, want a new login", c, err)
				}
			})
		})
	}
}

func TestBackgroundNeverAsksAPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = failing(auth.ErrRejected)
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 20*time.Second) // the early window
		for range 100 {
			if got := token(t, a); got != "by hand" {
				t.Fatalf("got %q, want the token that is still good", got)
			}
			time.Sleep(time.Second)
		}
		if obtained, renewed := f.counts(); obtained != 1 || renewed != 1 {
			t.Errorf("%d logins and %d renewals, want 1 and 1: a dead refresh token is not tried again", obtained, renewed)
		}
	})
}

func TestOlderStoredLoginIsNotTakenBack(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
		return &auth.Credentials{AccessToken: fmt.Sprint("token-", n)}, nil // the flow need not say when it was issued
	}}
	store := &mapStore{}
	a := newAuthenticator(t, f, auth.WithStore(store))
	stale, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// given a process that has put back what it got an hour ago
	old := &auth.Credentials{AccessToken: "old", IssuedAt: time.Now().Add(-time.Hour)}
	if err := store.Store(t.Context(), testKey, old); err != nil {
		t.Fatal(err)
	}
	if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "token-2" {
		t.Errorf("Refresh = %v, %v, want a new login", c, err)
	}
}
