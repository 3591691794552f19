package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// call makes one call of a method that accepts what accepts says, as the interceptors do.
func call(ctx context.Context, a *auth.Authenticator, accepts func(token string) bool) error {
	c, err := a.Credentials(ctx)
	if err != nil {
		return err
	}
	for replaced, repeated, adopted := false, false, 0; ; {
		switch {
		case c != nil && accepts(c.AccessToken):
			a.Accepted(c)
			return nil
		case !replaced && !repeated && a.Doubted(ctx, c):
			repeated = true
			continue
		case replaced:
			a.Refused(c)
			return status.Error(codes.Unauthenticated, "no")
		}
		if c, err = a.Refresh(ctx, c); err != nil {
			return err
		}
		if replaced = true; c.FromStore() && adopted < 2 {
			replaced = false
			adopted++
		}
	}
}

func never(string) bool  { return false }
func always(string) bool { return true }

// One method rejects every token and another one takes it: calls of the other go out at
// once, whatever is wrong with the authorization server, until the token expires.
func TestRejectedTokenStaysInUseWhileNoReplacementCanBeHad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		person bool
		obtain func(context.Context, int, *auth.Credentials) (*auth.Credentials, error)
		code   codes.Code
	}{
		"down":  {false, failing(errors.New("503")), codes.Unavailable},
		"hangs": {false, tokens(time.Hour, time.Hour), codes.Unavailable},
		"the same token": {false, func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			return issue("token-1", time.Hour), nil
		}, codes.Unauthenticated},
		"refuses the client":     {false, failing(auth.ErrRejected), codes.Unauthenticated},
		"no person can be asked": {true, failing(auth.ErrInteractionRequired), codes.Unauthenticated},
		"a person declines":      {true, failing(auth.ErrDeclined), codes.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeFlow{traits: auth.Traits{Interactive: tt.person}, obtain: tokens(0, time.Hour)}
				a := newAuthenticator(t, f)
				if err := a.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				stale, err := a.Credentials(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				f.obtain = tt.obtain
				a.Accepted(stale)
				go func() { // the method that rejects, once a second
					for ctx := t.Context(); ctx.Err() == nil && stale.Expiry.After(time.Now()); time.Sleep(time.Second) {
						_ = call(ctx, a, never)
					}
				}()
				for i := range 3500 {
					ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
					begun := time.Now()
					if c, err := a.Credentials(ctx); err != nil || c.AccessToken != "token-1" {
						t.Fatalf("call %d of the other method: %v, %v", i, c, err)
					}
					if took := time.Since(begun); took > 250*time.Millisecond || i > 40 && took > 0 {
						t.Fatalf("call %d of the other method waited %v", i, took)
					}
					cancel()
					time.Sleep(time.Second)
				}
				_, err = a.Refresh(t.Context(), stale)
				if !errors.Is(err, auth.ErrNotReplaced) || status.Code(err) != tt.code {
					t.Errorf("the rejected call: %v, %v; want ErrNotReplaced as %v", err, status.Code(err), tt.code)
				}
				// An expired token is no reason to take the server's answer for the last word.
				time.Sleep(3 * time.Minute)
				if name == "the same token" {
					return // it is good again
				}
				if _, err := a.Refresh(t.Context(), stale); errors.Is(err, auth.ErrNotReplaced) || status.Code(err) != tt.code {
					t.Errorf("after the expiry: %v", err)
				}
			})
		})
	}
}

// While the replacement is under way the other calls wait for it, for half of their time at
// most, and so they are not rejected too.
func TestCallsWaitForAReplacementUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Second, time.Hour)}
		a := newAuthenticator(t, f)
		stale, _ := a.Credentials(t.Context())
		go func() { _, _ = a.Refresh(t.Context(), stale) }()
		synctest.Wait()
		hurried, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if c, err := a.Credentials(hurried); err != nil || c != stale || time.Since(start) != time.Second/2 {
			t.Errorf("after %v: %v, %v, want what is there after half a second", time.Since(start), c, err)
		}
		if got := token(t, a); got != "token-2" || time.Since(start) != time.Second {
			t.Errorf("after %v: %q", time.Since(start), got)
		}
	})
}

// A method that rejects all tokens, while another takes them, leads to few new ones.
func TestReplacementsInVainBecomeRare(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(0, 24*time.Hour)}
		a := newAuthenticator(t, f)
		for range 3600 {
			if err := call(t.Context(), a, always); err != nil {
				t.Fatal(err)
			}
			if err := call(t.Context(), a, never); status.Code(err) != codes.Unauthenticated {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if n, _ := f.counts(); n < 50 || n > 75 {
			t.Errorf("%d tokens in an hour, want about one a minute", n)
		}
		// After a quiet time the first rejection leads to a new one at once,
		time.Sleep(5 * time.Minute)
		before, _ := f.counts()
		_ = call(t.Context(), a, never)
		if after, _ := f.counts(); after != before+1 {
			t.Errorf("%d tokens after a quiet time", after-before)
		}
	})
}

// and a login that is revoked again and again is replaced each time.
func TestRevokedAgainAndAgainIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)})
		for i := range 100 {
			revoked := token(t, a)
			if err := call(t.Context(), a, func(token string) bool { return token != revoked }); err != nil {
				t.Fatalf("revocation %d: %v", i+1, err)
			}
		}
	})
}
