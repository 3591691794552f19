package auth_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// A quiet client makes its first call for long shortly before the token ends. It
// starts the renewal, and has less time than that takes.
func TestLastSecondsServeImpatientCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, flow := machine(500*time.Millisecond, time.Minute)
		a := newAuthenticator(t, flow)
		token(t, a)
		time.Sleep(55 * time.Second)
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if c, err := a.Credentials(ctx); err != nil || c.AccessToken != "token-1" {
			t.Errorf("got %v, %v, want the token that is still good", c, err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v, want half of what the call has", took)
		}
		// Who has no deadline does not wait either: the renewal is under way.
		if got := token(t, a); got != "token-1" || time.Since(start) != 100*time.Millisecond {
			t.Errorf("got %q after %v", got, time.Since(start))
		}
		time.Sleep(time.Second)
		if got := token(t, a); got == "token-1" {
			t.Errorf("then still got %q", got)
		}
	})
}

// Waiting for a better token ends with the call that waits.
func TestCallThatIsOverInTheLastSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, flow := machine(time.Second, time.Minute)
		a := newAuthenticator(t, flow)
		token(t, a)
		time.Sleep(55 * time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, cancel)
		if c, err := a.Credentials(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, %v", c, err)
		}
	})
}

// A person's login has ended by our clock, and is refused while a call waits for a
// renewal that is not to be had.
func TestEndedLoginThatIsRefusedDuringTheWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		a := newAuthenticator(t, flow)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale, _ := a.Credentials(t.Context())
		time.Sleep(time.Hour + time.Second)
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, 5*time.Second)
			return nil, auth.ErrInteractionRequired
		}
		f.obtain = tokens(0, time.Hour)
		time.AfterFunc(time.Second, func() { _, _ = a.Refresh(context.Background(), stale) })
		if got := token(t, a); got != "token-2" {
			t.Errorf("got %q, want a new login", got)
		}
	})
}

// The token ends, or is refused, while a call waits for a better one in vain.
func TestTokenThatEndsDuringTheWait(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*auth.Authenticator, *auth.Credentials){
		"by the clock":  func(*auth.Authenticator, *auth.Credentials) { time.Sleep(5 * time.Second) },
		"by the server": func(a *auth.Authenticator, c *auth.Credentials) { _, _ = a.Refresh(context.Background(), c) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := &fakeFlow{obtain: tokens(0, time.Minute)}
				a := newAuthenticator(t, f)
				c, _ := a.Credentials(t.Context())
				time.Sleep(57 * time.Second)
				f.obtain = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, 5*time.Second)
					return nil, errors.New("503")
				}
				go end(a, c)
				if c, err := a.Credentials(t.Context()); err == nil {
					t.Errorf("got %v", c)
				}
			})
		})
	}
}

func TestStoredTokenThatEndsWhileItIsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowReads{&mapStore{m: map[auth.Key]auth.Credentials{testKey: *issue("stored", time.Second)}}}
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(store))
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q", got)
		}
	})
}
