package auth_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// machine is a flow that needs no person and takes latency for each token.
func machine(latency, life time.Duration) (*fakeFlow, auth.Flow) {
	f := &fakeFlow{obtain: tokens(latency, life)}
	f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
		return tokens(latency, life)(ctx, 1000+n, prev)
	}
	return f, renewable{f}
}

func TestPlannedExpiryFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// given tokens of 3 s, a token endpoint that takes 500 ms, and 32 callers
		// that wait 200 ms at most
		f, flow := machine(500*time.Millisecond, 3*time.Second)
		a := newAuthenticator(t, flow)
		token(t, a)

		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				for range 3000 {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					c, err := a.Credentials(ctx)
					if err != nil {
						t.Errorf("a call failed: %v", err)
					} else if time.Now().After(c.Expiry) {
						t.Errorf("a call got a token that ended %v ago", time.Since(c.Expiry))
					}
					cancel()
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()

		// then 30 s cost one renewal for each lifetime, and no login
		if obtained, renewed := f.counts(); obtained != 1 || renewed < 10 || renewed > 13 {
			t.Errorf("%d logins and %d renewals, want 1 and about 11", obtained, renewed)
		}
	})
}

func TestIdleClientRenewsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := machine(0, time.Minute)
		a := newAuthenticator(t, flow)
		token(t, a)
		time.Sleep(time.Hour)
		if _, renewed := f.counts(); renewed != 0 {
			t.Errorf("%d renewals without a call", renewed)
		}
		if got := token(t, a); got != "token-2" {
			t.Errorf("after an idle hour the call got %q, want a new token", got)
		}
	})
}

// A login that cannot be renewed without its person is left alone until it ends.
func TestNothingIsDoneEarlyWhereNothingCanBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.obtain = tokens(0, time.Hour)
		reads := 0
		store := &countedReads{&mapStore{}, &reads}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(55 * time.Minute)
		before := reads
		for range 280 {
			token(t, a)
			time.Sleep(time.Second)
		}
		if reads != before {
			t.Errorf("%d looks into the store", reads-before)
		}
	})
}

// countedReads counts what is asked of it, for tests in fake time.
type countedReads struct {
	*mapStore

	n *int
}

func (s *countedReads) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	*s.n++
	return s.mapStore.Retrieve(ctx, k)
}

func TestFailedEarlyRenewalKeepsTheOldToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, 100*time.Second), renew: failing(errors.New("token endpoint down"))}
		a := newAuthenticator(t, renewable{f})
		token(t, a)

		// 20 s are the early window, the last 10 s of them the hard one
		time.Sleep(85 * time.Second)
		for range 1490 {
			if got := token(t, a); got != "token-1" {
				t.Fatalf("got %q while token-1 was still good", got)
			}
			time.Sleep(10 * time.Millisecond)
			f.mu.Lock()
			f.obtain = failing(errors.New("token endpoint down")) // down for logins too
			f.mu.Unlock()
		}
		obtained, renewed := f.counts()
		if total := obtained + renewed; total > 17 {
			t.Errorf("a dead token endpoint got %d requests in 15 s, want about one a second at most", total)
		}

		// when the token has ended, calls fail as Unavailable
		time.Sleep(2 * time.Second)
		_, err := a.Credentials(t.Context())
		if status.Code(err) != codes.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
	})
}

func TestDeadTokenEndpointIsAskedOnceASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// given a stored login that was just rejected and a server that answers 503
		store := &mapStore{}
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		a := newAuthenticator(t, f, auth.WithStore(store))
		stale, _ := a.Credentials(t.Context())
		f.obtain = failing(errors.New("503"))

		// when 1,000 callers come within 5 s, each with a deadline of 2 s
		var wg sync.WaitGroup
		for i := range 1000 {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 5 * time.Millisecond)
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				_, err := a.Refresh(ctx, stale)
				if status.Code(err) != codes.Unavailable || ctx.Err() != nil {
					t.Errorf("got %v (%v), want Unavailable before the deadline", err, ctx.Err())
				}
			})
		}
		wg.Wait()

		if n, _ := f.counts(); n < 5 || n > 6 {
			t.Errorf("%d requests in 5 s, want one a second", n-1)
		}
		if got := store.holds(testKey); got != "token-1" {
			t.Errorf("the store holds %q, want the login untouched", got)
		}
	})
}

func TestWithExpirySkew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, time.Minute)} // cannot renew in the background
		a := newAuthenticator(t, f, auth.WithExpirySkew(20*time.Second))
		token(t, a)
		time.Sleep(39 * time.Second)
		if got := token(t, a); got != "token-1" {
			t.Errorf("21 s before the end: %q, want token-1", got)
		}
		time.Sleep(2 * time.Second)
		if got := token(t, a); got != "token-2" {
			t.Errorf("19 s before the end: %q, want token-2", got)
		}
	})
}

func TestWithExpirySkewHoldsForEveryCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, flow := machine(time.Second, time.Minute)
		a := newAuthenticator(t, flow, auth.WithExpirySkew(10*time.Second))
		old := token(t, a)
		time.Sleep(51 * time.Second)

		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if got := token(t, a); got == old {
					t.Errorf("a call got the token that ends in 9 s")
				}
			})
		}
		wg.Wait()
	})
}

func TestTokenThatEndedBeforeItCame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// given a clock that is an hour ahead of the server's
		f := &fakeFlow{obtain: func(_ context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			return &auth.Credentials{AccessToken: fmt.Sprint("token-", n), Expiry: time.Now().Add(-time.Hour)}, nil
		}}
		a := newAuthenticator(t, f)
		for range 10 {
			if got := token(t, a); got != "token-1" {
				t.Fatalf("got %q, want token-1 until the server rejects it", got)
			}
		}
	})
}
