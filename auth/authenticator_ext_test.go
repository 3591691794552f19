package auth_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

func TestColdStartAsksOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(50*time.Millisecond, time.Hour)}
		a := newAuthenticator(t, f)

		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := token(t, a); got != "token-1" {
					t.Errorf("got %q, want token-1", got)
				}
			})
		}
		wg.Wait()

		if n, _ := f.counts(); n != 1 {
			t.Errorf("%d logins for 100 first calls, want 1", n)
		}
	})
}

func TestStormAsksOnceEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(50*time.Millisecond, time.Hour)}
		a := newAuthenticator(t, f)
		stale, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		for storm := range 2 {
			results := make(chan *auth.Credentials, 10_000)
			var wg sync.WaitGroup
			for range cap(results) {
				wg.Go(func() {
					c, err := a.Refresh(t.Context(), stale)
					if err != nil {
						t.Errorf("storm %d: %v", storm, err)
					}
					results <- c
				})
			}
			wg.Wait()
			next := <-results
			for range cap(results) - 1 {
				if c := <-results; c != next {
					t.Fatalf("storm %d: callers got different credentials", storm)
				}
			}
			if n, _ := f.counts(); n != storm+2 {
				t.Fatalf("storm %d: %d logins in all, want %d", storm, n, storm+2)
			}
			a.Accepted(next)
			stale = next
		}
	})
}

func TestRejectionHoldsBackNewCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Second, time.Hour)}
		a := newAuthenticator(t, f)
		stale, _ := a.Credentials(t.Context())

		go func() { _, _ = a.Refresh(context.Background(), stale) }()
		synctest.Wait()

		if got := token(t, a); got != "token-2" {
			t.Errorf("a new call got %q while the replacement was under way, want to wait for token-2", got)
		}
	})
}

func TestLateRejectionIsServedFromWhatIsThere(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f)
	first, _ := a.Credentials(t.Context())
	second, err := a.Refresh(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}

	copied := *first // a caller may hold a copy
	for _, stale := range []*auth.Credentials{first, &copied, nil} {
		if again, err := a.Refresh(t.Context(), stale); err != nil || again != second {
			t.Errorf("Refresh(%v) = %v, %v, want what the first refresh brought", stale, again, err)
		}
	}
	// Who has only the token still knows which it was.
	other := &auth.Credentials{AccessToken: "never ours"}
	if again, err := a.Refresh(t.Context(), other); err != nil || again != second {
		t.Errorf("Refresh(%v) = %v, %v, want what the first refresh brought", other, again, err)
	}
	if n, _ := f.counts(); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
	a.Accepted(second)
	rebuilt := &auth.Credentials{AccessToken: second.AccessToken}
	if third, err := a.Refresh(t.Context(), rebuilt); err != nil || third.AccessToken != "token-3" {
		t.Errorf("Refresh(%v) = %v, %v, want a third token", rebuilt, third, err)
	}
}

func TestWaiterLeavesOnItsOwnContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(10*time.Second, time.Hour)}
		a := newAuthenticator(t, f)

		// given a caller that starts the login and gives up after a second
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		other := make(chan string, 1)
		go func() { other <- token(t, a) }()
		_, err := a.Credentials(ctx)

		// then it is back on its deadline
		if gone := time.Since(start); gone != time.Second {
			t.Errorf("came back after %v, want 1s", gone)
		}
		if status.Code(err) != codes.DeadlineExceeded || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		// and the other caller gets the credential of the same login
		if got := <-other; got != "token-1" {
			t.Errorf("the other caller got %q, want token-1", got)
		}
		if n, _ := f.counts(); n != 1 {
			t.Errorf("%d logins, want 1", n)
		}
	})
}

func TestLoginHasItsOwnTimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Hour, 0), traits: auth.Traits{Timeout: 3 * time.Second}}
		a := newAuthenticator(t, f)

		start := time.Now()
		_, err := a.Credentials(t.Context())

		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v, want 3s", took)
		}
		if status.Code(err) != codes.Unavailable {
			t.Errorf("code %v, want Unavailable: no deadline of the caller has passed", status.Code(err))
		}
	})
}

func TestCallThatIsOverStartsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		a := newAuthenticator(t, f)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if c, err := a.Credentials(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, %v", c, err)
		}
		synctest.Wait()
		if n, _ := f.counts(); n != 0 {
			t.Error("a login was started")
		}
	})
}

func TestServerWithoutLoginIsCalledBare(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: failing(configstore.ErrNoLogin)}
	a := newAuthenticator(t, f)
	for range 3 {
		if got := token(t, a); got != "" {
			t.Errorf("got %q, want no credentials", got)
		}
	}
	if n, _ := f.counts(); n != 1 {
		t.Errorf("asked %d times how to log in, want once", n)
	}

	_, err := a.Refresh(t.Context(), nil)
	if !errors.Is(err, configstore.ErrNoLogin) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("a rejection then gives %v, want Unauthenticated because of ErrNoLogin", err)
	}
}

func TestEmptyAnswerIsAnError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*auth.Credentials{"nil": nil, "empty": {}} {
		f := &fakeFlow{obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return c, nil }}
		if _, err := newAuthenticator(t, f).Credentials(t.Context()); err == nil {
			t.Errorf("%s credentials were accepted", name)
		}
	}
}
