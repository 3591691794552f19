package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// signedIn is an Authenticator with the session "first", which token-N of its flow
// replaces.
func signedIn(t *testing.T, store auth.Store) (a *auth.Authenticator, f *fakeFlow, first *auth.Credentials) {
	t.Helper()
	f = &fakeFlow{}
	f.obtain = func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
		if n == 1 {
			return session("first"), nil
		}
		return issue(fmt.Sprintf("token-%d", n), 0), sleep(ctx, time.Second)
	}
	a = newAuthenticator(t, f, auth.WithStore(store))
	first, err := a.Credentials(t.Context())
	if err != nil || first.AccessToken != "first" {
		t.Fatal(first, err)
	}
	time.Sleep(time.Minute)
	return a, f, first
}

func session(value string) *auth.Credentials {
	return &auth.Credentials{AccessToken: value, TokenType: auth.Raw, HeaderKey: "cookie", IssuedAt: time.Now()}
}

// renewed is prev as the transport copies it, with the value that the server set.
func renewed(prev *auth.Credentials, value string) *auth.Credentials {
	next := *prev
	next.AccessToken, next.IssuedAt = value, time.Now()
	return &next
}

func adopt(t *testing.T, a *auth.Authenticator, prev, next *auth.Credentials, want bool) {
	t.Helper()
	if got, err := a.Adopt(t.Context(), prev, next); got != want || err != nil {
		t.Fatalf("Adopt = %v, %v, want %v", got, err, want)
	}
}

// lateStore takes a second for everything, and may break.
type lateStore struct {
	mapStore

	broken error
}

func (s *lateStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if err := sleep(ctx, time.Second); err != nil {
		return err
	}
	if s.broken != nil {
		return s.broken
	}
	return s.mapStore.Store(ctx, k, c)
}

func (s *lateStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if err := sleep(ctx, time.Second); err != nil {
		return nil, err
	}
	return s.mapStore.Retrieve(ctx, k)
}

func stored(t *testing.T, s auth.Store) string {
	t.Helper()
	c, err := s.Retrieve(t.Context(), testKey)
	if err != nil && !errors.Is(err, auth.ErrNoCredentials) {
		t.Fatal(err)
	}
	if c == nil {
		return ""
	}
	return c.AccessToken
}

func TestARenewedSessionIsAdoptedAndStored(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func() auth.Store{
		"plain":        func() auth.Store { return &mapStore{} },
		"lock, swap":   func() auth.Store { return &tokenstore.MemoryStore{} },
		"takes a time": func() auth.Store { return &lateStore{} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := open()
				a, _, c := signedIn(t, store)
				for n := range 3 {
					value := fmt.Sprint("renewed-", n)
					adopt(t, a, c, renewed(c, value), true)
					fresh, err := a.Refresh(t.Context(), c)
					if err != nil || fresh.AccessToken != value || fresh.TokenType != auth.Raw || fresh.HeaderKey != "cookie" {
						t.Fatalf("then calls carry %v, %v", fresh, err)
					}
					if got := stored(t, store); got != value {
						t.Fatalf("stored is %q, want %q", got, value)
					}
					c = fresh
					time.Sleep(time.Minute)
				}
				later := &fakeFlow{obtain: failing(errors.New("a later program logged in"))}
				if got := token(t, newAuthenticator(t, later, auth.WithStore(store))); got != "renewed-2" {
					t.Errorf("a later program has %q", got)
				}
			})
		})
	}
}

func TestOfSeveralRenewedSessionsOneIsAdoptedAndTheOthersWaitForIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lateStore{}
		a, f, first := signedIn(t, store)
		answers := make(chan bool, 8)
		for n := range 8 {
			go func() {
				ok, err := a.Adopt(t.Context(), first, renewed(first, fmt.Sprint("renewed-", n)))
				if err != nil {
					t.Error(err)
				}
				if token(t, a) == "first" {
					t.Errorf("after Adopt %d a call carries the old session", n)
				}
				answers <- ok
			}()
		}
		adopted := 0
		for range 8 {
			if <-answers {
				adopted++
			}
		}
		if obtained, _ := f.counts(); adopted != 1 || obtained != 1 || len(store.log) != 2 {
			t.Errorf("%d adopted, %d logins, the store saw %q", adopted, obtained, store.log)
		}
	})
}

func TestASessionIsAdoptedOnlyInPlaceOfTheCurrentOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, _, first := signedIn(t, &mapStore{})
		next := renewed(first, "renewed")
		adopt(t, a, nil, next, false)
		adopt(t, a, session("other"), next, false)
		adopt(t, a, first, renewed(first, "first"), false)
		if _, err := a.Refresh(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		adopt(t, a, first, next, false)
		if got := token(t, a); got != "token-2" {
			t.Errorf("calls carry %q", got)
		}
	})
}

// A refresh may have brought another refresh token with the same access token.
func TestAnAdoptedSessionHasTheRefreshTokenOfTheCurrentOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		given := session("first")
		given.RefreshToken = "rotated"
		a := newAuthenticator(t, &fakeFlow{}, auth.WithInitial(given))
		first, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before := *first
		before.RefreshToken = "used"
		adopt(t, a, &before, renewed(&before, "renewed"), true)
		if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "renewed" || c.RefreshToken != "rotated" {
			t.Errorf("%v, %v", c, err)
		}
	})
}

func TestAnAdoptionKeepsWhatAnotherProgramNotedInTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &mapStore{}
		a, _, first := signedIn(t, store)
		noted := *first
		noted.RefreshToken, noted.Refused, noted.RetryAt = "rotated", "by a server", time.Now().Add(time.Minute)
		if err := store.Store(t.Context(), testKey, &noted); err != nil {
			t.Fatal(err)
		}
		adopt(t, a, first, renewed(first, "renewed"), true)
		c, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept, err := store.Retrieve(t.Context(), testKey)
		if err != nil {
			t.Fatal(err)
		}
		for where, c := range map[string]*auth.Credentials{"calls carry": c, "stored is": kept} {
			if c.AccessToken != "renewed" || c.RefreshToken != "rotated" || c.Refused != noted.Refused || !c.RetryAt.Equal(noted.RetryAt) {
				t.Errorf("%s %v, %q until %v", where, c, c.Refused, c.RetryAt)
			}
		}
	})
}

func TestARenewalUnderWayHasPrecedenceOverARenewedSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &mapStore{}
		a, _, first := signedIn(t, store)
		go func() { _, _ = a.Refresh(t.Context(), first) }()
		synctest.Wait()
		began := time.Now()
		adopt(t, a, first, renewed(first, "renewed"), false)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("the answer waited %v", waited)
		}
		time.Sleep(2 * time.Second)
		if got := token(t, a); got != "token-2" || store.holds(testKey) != got {
			t.Errorf("calls carry %q, stored is %q", got, store.holds(testKey))
		}
	})
}

// A call that is rejected while its session is being replaced gets the new one.
func TestARejectedCallTakesTheSessionThatIsBeingAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, f, first := signedIn(t, &lateStore{})
		go func() { _, _ = a.Adopt(t.Context(), first, renewed(first, "renewed")) }()
		synctest.Wait()
		c, err := a.Refresh(t.Context(), first)
		if obtained, _ := f.counts(); err != nil || c.AccessToken != "renewed" || obtained != 1 {
			t.Errorf("%v, %v after %d logins", c, err, obtained)
		}
	})
}

func TestAnUnusableSessionIsNotAdopted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &mapStore{}
		a, _, first := signedIn(t, store)
		ended := renewed(first, "ended")
		ended.Expiry = time.Now().Add(-time.Second)
		for name, next := range map[string]*auth.Credentials{
			"none": nil, "empty": renewed(first, ""), "expired": ended, "not to be sent": renewed(first, "two\r\nlines"),
		} {
			ok, err := a.Adopt(t.Context(), first, next)
			if own, is := errors.AsType[*auth.Error](err); ok || !is || own.Endpoint != testKey.Endpoint {
				t.Errorf("%s: Adopt = %v, %v", name, ok, err)
			}
		}
		if got := token(t, a); got != "first" || store.holds(testKey) != "first" {
			t.Errorf("calls carry %q, stored is %q", got, store.holds(testKey))
		}
	})
}

func TestAnAdoptionCompletesAfterItsCallerHasLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lateStore{}
		a, _, first := signedIn(t, store)
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if ok, err := a.Adopt(ctx, first, renewed(first, "renewed")); ok || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Adopt = %v, %v", ok, err)
		}
		time.Sleep(5 * time.Second)
		if got := token(t, a); got != "renewed" || store.holds(testKey) != got {
			t.Errorf("calls carry %q, stored is %q", got, store.holds(testKey))
		}
	})
}

// Tokens that are refused before a server has taken one are counted. A session of which
// one was taken counts as taken, and one of which none was keeps its count.
func TestAnAdoptedSessionKeepsWhatServersMadeOfIt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		taken bool
		want  int
	}{"taken": {true, 0}, "not taken": {false, 2}} {
		synctest.Test(t, func(t *testing.T) {
			store := &mapStore{m: map[auth.Key]auth.Credentials{}}
			before := *session("first")
			before.Refusals = 1
			store.m[testKey] = before
			a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, 0)}, auth.WithStore(store))
			first, err := a.Credentials(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Second)
			if tt.taken {
				a.Accepted(first)
			}
			plain := session("renewed")
			adopt(t, a, first, plain, true)
			time.Sleep(2 * time.Second)
			second, _ := a.Credentials(t.Context())
			if second.AccessToken != "renewed" || second.Refusals != 1 {
				t.Fatalf("%s: calls carry %v with %d refusals", name, second, second.Refusals)
			}
			third, err := a.Refresh(t.Context(), second)
			if err != nil || third.Refusals != tt.want {
				t.Errorf("%s: %v, %v; want %d refusals", name, third, err, tt.want)
			}
		})
	}
}

func TestCloseWaitsForAnAdoptionAndEndsLaterOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lateStore{}
		a, _, first := signedIn(t, store)
		go func() { _, _ = a.Adopt(t.Context(), first, renewed(first, "renewed")) }()
		time.Sleep(time.Millisecond)
		_ = a.Close()
		if got := store.holds(testKey); got != "renewed" {
			t.Errorf("when Close is back, the store holds %q", got)
		}
		if ok, err := a.Adopt(t.Context(), first, renewed(first, "late")); ok || !errors.Is(err, auth.ErrClosed) {
			t.Errorf("then Adopt = %v, %v", ok, err)
		}
	})
}

// An adoption asks the authorization server nothing, so it takes nothing back of what that
// has said.
func TestAdoptionKeepsTheRetryAfterOfTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		renewals := 0
		f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			renewals++
			return nil, busyError{2 * time.Minute}
		}
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 20*time.Second)
		first := mustCredentials(t, a)
		synctest.Wait()
		next := renewed(first, "by the proxy")
		next.IssuedAt = first.IssuedAt // as old, so that it is to be refreshed too
		adopt(t, a, first, next, true)
		for range 35 {
			time.Sleep(time.Second)
			mustCredentials(t, a)
			synctest.Wait()
		}
		if renewals != 1 {
			t.Errorf("%d refreshes within two minutes of the Retry-After, want the one that it answered", renewals)
		}
	})
}
