package auth_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// busyError is an error of a server that says when to ask again.
type busyError struct{ time.Duration }

func (e busyError) Error() string             { return "HTTP 429" }
func (e busyError) RetryAfter() time.Duration { return e.Duration }

// What the server says counts for all callers, and for all processes that share the login.
// A Login is not held back.
func TestRetryAfterIsKeptByAllProcesses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ said, kept time.Duration }{
		"thirty seconds": {30 * time.Second, 30 * time.Second},
		"an hour":        {time.Hour, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, 50*time.Millisecond)
					return nil, fmt.Errorf("token endpoint: %w", busyError{tt.said})
				}
				dir := t.TempDir()
				login := &auth.Credentials{AccessToken: "old", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}
				if err := (&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}).Store(t.Context(), testKey, login); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				var wg sync.WaitGroup
				for _, a := range neighbours(t, 20, dir, flow) {
					wg.Go(func() {
						for time.Since(start) < tt.kept-time.Second {
							if c, err := a.Credentials(t.Context()); status.Code(err) != codes.Unavailable {
								t.Errorf("got %v, %v, want Unavailable", c, err)
							}
							time.Sleep(500 * time.Millisecond)
						}
					})
				}
				wg.Wait()
				if _, n := f.counts(); n != 1 {
					t.Errorf("%d requests in %v, want 1", n, tt.kept)
				}
				f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
					return issue("renewed", time.Hour), nil
				}
				late := neighbours(t, 2, dir, flow)
				if _, err := late[0].Credentials(t.Context()); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "no request before") {
					t.Errorf("a new process: %v", err)
				}
				if err := late[1].Login(t.Context()); err != nil {
					t.Errorf("Login: %v", err)
				}
				time.Sleep(2 * time.Second)
				if got := token(t, late[0]); got != "by hand" {
					t.Errorf("after it: %q", got)
				}
			})
		})
	}
}

// A note that is nonsense holds nothing up.
func TestRetryAtBeyondItsLimitIsIgnored(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Duration{-time.Second, 6 * time.Minute} {
		f, flow := person()
		login := auth.Credentials{AccessToken: "old", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour), RetryAt: time.Now().Add(at)}
		a := newAuthenticator(t, flow, auth.WithStore(&mapStore{m: map[auth.Key]auth.Credentials{testKey: login}}))
		if got := token(t, a); got != "renewed" {
			t.Errorf("%v: %q", at, got)
		}
		if _, n := f.counts(); n != 1 {
			t.Errorf("%v: %d", at, n)
		}
	}
}

// A token that no call can carry is refused when it is obtained: it is neither used nor
// stored, and the flow is asked again.
func TestUnusableTokenIsNotKept(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]auth.Credentials{
		"line end":     {AccessToken: "secret\n"},
		"control":      {AccessToken: "sec\x00ret"},
		"not ASCII":    {AccessToken: "secrét"},
		"header key":   {AccessToken: "secret", HeaderKey: "x auth"},
		"token type":   {AccessToken: "secret", TokenType: "a\rb"},
		"other script": {AccessToken: "secret", HeaderKey: "ключ"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeFlow{traits: auth.Traits{Name: "vault"}, obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return &bad, nil }}
				store := &mapStore{}
				a := newAuthenticator(t, f, auth.WithStore(store))
				_, err := a.Credentials(t.Context())
				if status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "the flow vault") || strings.Contains(err.Error(), "sec") {
					t.Errorf("got %v, want what is wrong with the token of the flow", err)
				}
				if len(store.log) != 0 {
					t.Errorf("the store: %q", store.log)
				}
				f.obtain = tokens(0, time.Hour)
				time.Sleep(time.Second)
				if got := token(t, a); got != "token-2" {
					t.Errorf("then %q", got)
				}
				// One that the program gives, or that a store holds, is not used either.
				given := newAuthenticator(t, f, auth.WithInitial(&bad))
				held := newAuthenticator(t, f, auth.WithStore(&mapStore{m: map[auth.Key]auth.Credentials{testKey: bad}}))
				if got, stored := token(t, given), token(t, held); got != "token-3" || stored != "token-4" {
					t.Errorf("given: %q, stored: %q", got, stored)
				}
			})
		})
	}
}

// A program that ends during a refresh tells the others what came of it: the refresh token
// beside the error, and how long the server wants to be left alone, or that it refused.
func TestProgramThatEndsDuringARefreshTellsTheOthers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer *auth.Credentials
		err    error
		want   func(stored *auth.Credentials) bool
	}{
		"later": {
			&auth.Credentials{RefreshToken: "r1"}, busyError{30 * time.Second},
			func(c *auth.Credentials) bool { return c.RefreshToken == "r1" && c.RetryAt.After(time.Now()) },
		},
		"refused": {
			nil, fmt.Errorf("%w: invalid_grant", auth.ErrRejected),
			func(c *auth.Credentials) bool {
				return c.RefreshToken == "" && strings.Contains(c.Ended, "invalid_grant")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, time.Second)
					return tt.answer, tt.err
				}
				dir := t.TempDir()
				store := &tokenstore.FileStore{Dir: filepath.Join(dir, "credentials")}
				login := &auth.Credentials{AccessToken: "old", RefreshToken: "r0", Expiry: time.Now().Add(-time.Hour)}
				if err := store.Store(t.Context(), testKey, login); err != nil {
					t.Fatal(err)
				}
				all := neighbours(t, 3, dir, flow)
				var first sync.WaitGroup
				first.Go(func() { _, _ = all[0].Credentials(t.Context()) })
				time.Sleep(time.Second / 2)
				_ = all[0].Close()
				first.Wait()
				if c, err := store.Retrieve(t.Context(), testKey); err != nil || !tt.want(c) {
					t.Errorf("after Close the store holds %v, %v", c, err)
				}
				for _, a := range all[1:] {
					_, _ = a.Credentials(t.Context())
				}
				if _, n := f.counts(); n != 1 {
					t.Errorf("%d requests, want one", n)
				}
			})
		})
	}
}
