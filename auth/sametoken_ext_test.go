package auth_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

func TestSameTokenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// given a token that never changes
		f := &fakeFlow{obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return &auth.Credentials{AccessToken: "always"}, nil
		}}
		a := newAuthenticator(t, f)
		for _, rest := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			// when the server rejects it
			stale, err := a.Credentials(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Refresh(t.Context(), stale)
			if !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
				t.Fatalf("got %v, want ErrRejected as Unauthenticated", err)
			}
			// then the rejection stands at once for a while that grows, other calls carry
			// the token, since another method may take it,
			before, _ := f.counts()
			time.Sleep(rest - time.Millisecond)
			if _, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrRejected) || !errors.Is(err, auth.ErrNotReplaced) {
				t.Fatalf("within %v: %v, want ErrRejected and ErrNotReplaced", rest, err)
			}
			if got := token(t, a); got != "always" {
				t.Fatalf("within %v: %q", rest, got)
			}
			if after, _ := f.counts(); after != before {
				t.Errorf("the flow ran again within the rest of %v", rest)
			}
			// and after it the flow is asked again
			time.Sleep(2 * time.Millisecond)
		}
	})
}

// A token that was refused and handed back is what calls carry, as it was: a caller that is late
// with the news that it was refused causes no request, and nothing is stored again.
func TestLateRejectionOfATokenThatWasHandedBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		same := issue("always", 0)
		f := &fakeFlow{obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return same, nil }}
		store := &mapStore{}
		a := newAuthenticator(t, f, auth.WithStore(store))
		stale, _ := a.Credentials(t.Context())
		if _, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrRejected) {
			t.Fatalf("got %v, want ErrRejected", err)
		}
		if len(store.log) != 1 {
			t.Errorf("what was refused is stored again: %q", store.log)
		}
		if c, err := a.Credentials(t.Context()); err != nil || c != stale {
			t.Errorf("Credentials = %v, %v, want what was there", c, err)
		}
		before, _ := f.counts()
		if c, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrNotReplaced) {
			t.Errorf("Refresh = %v, %v, want ErrNotReplaced", c, err)
		}
		if after, _ := f.counts(); after != before {
			t.Error("the flow ran again")
		}
	})
}

// The same, while a renewal in the background is under way that brings nothing new
// either: a rejected caller does not get the token back.
func TestSameTokenAgainInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		same := issue("always", time.Hour)
		give := func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return same, sleep(ctx, time.Second)
		}
		a := newAuthenticator(t, renewable{&fakeFlow{obtain: give, renew: give}})
		token(t, a)
		time.Sleep(59*time.Minute + 20*time.Second)
		stale, _ := a.Credentials(t.Context())
		if c, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrRejected) {
			t.Errorf("Refresh = %v, %v, want ErrRejected", c, err)
		}
	})
}

func TestUnchangedRenewalIsNotRepeatedByEveryCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		same := issue("always", 100*time.Second)
		give := func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return same, nil }
		f := &fakeFlow{obtain: give, renew: give}
		a := newAuthenticator(t, renewable{f})
		token(t, a)
		time.Sleep(90 * time.Second)
		for range 9000 {
			token(t, a)
			time.Sleep(time.Millisecond)
		}
		if obtained, renewed := f.counts(); obtained+renewed > 14 {
			t.Errorf("%d logins and %d renewals in 9 s, want about one a second at most", obtained, renewed)
		}
	})
}

// changing is a flow whose token another program replaces.
type changing struct {
	*fakeFlow

	token atomic.Value
	asked atomic.Int32
}

func (f *changing) Changed(prev *auth.Credentials) bool {
	f.asked.Add(1)
	return prev == nil || prev.AccessToken != f.token.Load()
}

// Not after the backoff of up to a minute, which is for asking a server.
func TestAChangedTokenIsReadAtOnceAfterARejection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &changing{fakeFlow: &fakeFlow{}}
		f.token.Store("old")
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return issue(f.token.Load().(string), 0), nil
		}
		a := newAuthenticator(t, f)
		stale, err := a.Credentials(t.Context())
		if err != nil || f.asked.Load() != 0 {
			t.Fatalf("got %v, %v after %d questions", stale, err, f.asked.Load())
		}
		for refusals := 0; ; { // until the backoff is a minute
			c, err := a.Refresh(t.Context(), stale)
			if err == nil {
				stale = c // on probation
				continue
			}
			if refusals++; refusals == 7 {
				break
			}
			time.Sleep(time.Minute)
		}
		before := f.obtained
		for range 10 {
			if _, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrRejected) {
				t.Fatalf("got %v, want that the token was rejected", err)
			}
		}
		if f.obtained != before {
			t.Errorf("the flow ran %d times although nothing had changed", f.obtained-before)
		}
		f.token.Store("new")
		start := time.Now()
		if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "new" || time.Since(start) > 0 {
			t.Errorf("got %v, %v after %v", c, err, time.Since(start))
		}
	})
}

// However many before it were new, and refused too.
func TestAChangedTokenIsReadAtOnceAfterOthersThatWereRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &changing{fakeFlow: &fakeFlow{}}
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return issue(f.token.Load().(string), 0), nil
		}
		a := newAuthenticator(t, f)
		for n := range 10 {
			f.token.Store(fmt.Sprint("wrong-", n))
			if err := call(t.Context(), a, never); status.Code(err) != codes.Unauthenticated {
				t.Fatal(err)
			}
		}
		f.token.Store("right")
		if err := call(t.Context(), a, func(token string) bool { return token == "right" }); err != nil {
			t.Error(err)
		}
	})
}

// The same with a file.
func TestAChangedTokenFileIsReadAtOnceAfterARejection(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("old")
	a := newAuthenticator(t, flow.TokenFile{Path: path})
	stale, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Refresh(t.Context(), stale); !errors.Is(err, auth.ErrRejected) {
		t.Fatalf("got %v", err)
	}
	write("new")
	if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "new" {
		t.Errorf("got %v, %v", c, err)
	}
}
