package clientset_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// silent keeps ten thousand lines out of the test's output.
func silent() mockserver.Option { return mockserver.WithLogger(slog.New(slog.DiscardHandler)) }

// atOnce makes n calls at the same time and returns their errors.
func atOnce(n int, call func() error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = call() })
	}
	wg.Wait()
	return errs
}

// Ten thousand calls find their token revoked, twice in a row: each time one
// request to the authorization server serves them all, and none fails.
func TestRevocationStorm(t *testing.T) {
	t.Parallel()
	s := quiet(t, silent())
	cs := connect(t, s)
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	// All of them together, on a machine that is busy with other things besides.
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	for storm := range 2 {
		s.Script().RevokeTokens()
		s.ResetRequests()
		failed := 0
		for _, err := range atOnce(10_000, func() error { return list(ctx, cs) }) {
			if err != nil {
				if failed++; failed == 1 {
					t.Errorf("storm %d: %v", storm+1, err)
				}
			}
		}
		if n := s.TokenRequests(); n != 1 || failed != 0 {
			t.Errorf("storm %d: %d token requests and %d failed calls, want 1 and 0", storm+1, n, failed)
		}
	}
}

// The token endpoint is down while a thousand callers, with two seconds each,
// need a new token. No call waits past its deadline, the endpoint is left in
// peace, and the stored login outlives the outage.
func TestTokenEndpointDown(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*mockserver.Script){
		"answers 503": func(c *mockserver.Script) { c.TokenEndpoint().Down(true) },
		"hangs":       func(c *mockserver.Script) { c.TokenEndpoint().Hang(true) },
		"is slow":     func(c *mockserver.Script) { c.TokenEndpoint().Slow(3 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given a stored login whose access token is revoked.
				s := quiet(t, silent(), mockserver.WithInMemory())
				store := &tokenstore.MemoryStore{}
				issued, err := s.Script().IssueToken(oauth.TokenSpec{
					ClientID: mockserver.PublicClientID, Scopes: []string{mockserver.DefaultScope}, Refresh: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				login := &auth.Credentials{AccessToken: issued.AccessToken, RefreshToken: issued.RefreshToken, ClientID: mockserver.PublicClientID}
				key := auth.Key{Endpoint: s.Endpoint(), Flow: auth.TraitsOf(flow.Stored{}).Name}
				if err := store.Store(t.Context(), key, login); err != nil {
					t.Fatal(err)
				}
				opts := append(reach(s), clientset.WithInsecure(), clientset.WithStore(store))
				cs := made(t)(clientset.ForEndpoint(s.Endpoint(), opts...))
				if err := list(t.Context(), cs); err != nil {
					t.Fatal(err)
				}
				fail(s.Script())
				s.Script().RevokeTokens()
				s.ResetRequests()

				// When callers come, all at once and again and again ...
				const limit = 2 * time.Second
				start := time.Now()
				for _, err := range atOnce(1000, func() error {
					ctx, cancel := context.WithTimeout(t.Context(), limit)
					defer cancel()
					begun := time.Now()
					err := list(ctx, cs)
					for ctx.Err() == nil && err != nil {
						if status.Code(err) != codes.DeadlineExceeded && !errors.Is(err, auth.ErrNotReplaced) {
							return err
						}
						time.Sleep(100 * time.Millisecond)
						err = list(ctx, cs)
					}
					if took := time.Since(begun); took > limit+100*time.Millisecond {
						t.Errorf("a caller with %v came back after %v", limit, took)
					}
					return err
				}) {
					// ... then each is back by its deadline, with the server's verdict on a token
					// that has not expired, and the reason why there is no other.
					if code := status.Code(err); code != codes.Unauthenticated && code != codes.DeadlineExceeded {
						t.Errorf("%v, want Unauthenticated or DeadlineExceeded", err)
					}
				}
				if n, most := s.TokenRequests(), int(time.Since(start)/time.Second)+1; n < 1 || n > most {
					t.Errorf("%d token requests in %v, want 1 to %d", n, time.Since(start), most)
				}

				// And when the endpoint is back, all calls succeed, with the same login.
				s.Script().TokenEndpoint().Reset()
				time.Sleep(time.Minute)
				if kept, err := store.Retrieve(t.Context(), key); err != nil || kept.RefreshToken == "" {
					t.Errorf("the stored login is gone: %v, %v", kept, err)
				}
				if err := list(t.Context(), cs); err != nil {
					t.Errorf("after the outage: %v", err)
				}
			})
		})
	}
}

// A caller who leaves does not take the others' refresh along.
func TestOneCallerLeavingDoesNotStopTheRefresh(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, mockserver.WithInMemory())
		cs := connect(t, s)
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		s.Script().RevokeTokens()
		s.Script().TokenEndpoint().Slow(time.Second)
		s.ResetRequests()

		first, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- list(first, cs) }()
		synctest.Wait() // the first caller's refresh is under way
		stayed := make(chan []error, 1)
		go func() { stayed <- atOnce(10, func() error { return list(t.Context(), cs) }) }()
		time.Sleep(500 * time.Millisecond)
		leave()
		if err := <-left; status.Code(err) != codes.Canceled {
			t.Errorf("who left: %v, want Canceled", err)
		}
		for _, err := range <-stayed {
			if err != nil {
				t.Errorf("who stayed: %v", err)
			}
		}
		if n := s.TokenRequests(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	})
}

// Tokens live three seconds, the endpoint takes half a second to make one, and 32
// callers with a fifth of a second each never notice.
func TestExpiryUnderLoadFailsNoCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := quiet(t, silent(), mockserver.WithInMemory(), mockserver.WithOAuth(oauth.Config{TokenTTL: 3 * time.Second}),
			mockserver.WithRequestLog(0))
		s.Script().TokenEndpoint().Slow(500 * time.Millisecond)
		opts := append(reach(s), clientset.WithInsecure(), clientset.WithFlow(flow.ClientCredentials{
			ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret()),
		}))
		cs := made(t)(clientset.ForEndpoint(s.Endpoint(), opts...))
		if err := cs.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.ResetRequests()
		const run = 12 * time.Second
		var made, failed atomic.Int64
		end := time.Now().Add(run)
		atOnce(32, func() error {
			for time.Now().Before(end) {
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				if err := list(ctx, cs); err != nil && failed.Add(1) == 1 {
					t.Errorf("a call failed: %v", err)
				}
				cancel()
				made.Add(1)
				time.Sleep(40 * time.Millisecond)
			}
			return nil
		})
		if n := s.TokenRequests(); n < 4 || n > 9 {
			t.Errorf("%d token requests in %v of 3s tokens, want about one for each", n, run)
		}
		if failed.Load() != 0 || made.Load() < 9_000 {
			t.Errorf("%d of %d calls failed, want 0 of 9,000 or more", failed.Load(), made.Load())
		}
	})
}
