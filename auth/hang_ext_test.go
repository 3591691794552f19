package auth_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// No caller waits without end, whatever a flow or a store does.

func TestFlowThatEndsItsGoroutineFailsItsLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			if n == 1 {
				runtime.Goexit() // as t.Fatal does in a test's flow
			}
			return tokens(0, time.Hour)(ctx, n, nil)
		}}
		a := newAuthenticator(t, f)
		_, err := a.Credentials(context.Background())
		if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "Goexit") {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Second)
		if got := token(t, a); got != "token-2" {
			t.Errorf("the next call got %q", got)
		}
	})
}

func TestStoreThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(deaf{}))
		start := time.Now()
		if got := token(t, a); got != "token-1" {
			t.Errorf("got %q", got)
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("took %v, want 10 s to read and 10 s to write", took)
		}
		if err := a.Logout(context.Background()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Logout = %v", err)
		}
	})
}

// deaf is a store that waits for something that never comes.
type deaf struct{}

func (deaf) Store(ctx context.Context, _ auth.Key, _ *auth.Credentials) error {
	<-ctx.Done()
	return ctx.Err()
}

func (deaf) Retrieve(ctx context.Context, _ auth.Key) (*auth.Credentials, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (deaf) Delete(ctx context.Context, _ auth.Key) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestStoreThatAnswersNothing(t *testing.T) {
	t.Parallel()
	f, flow := person()
	f.renew = failing(auth.ErrRejected)
	a := newAuthenticator(t, flow, auth.WithStore(vague{&mapStore{}}),
		auth.WithInitial(&auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}))
	if got := token(t, a); got != "" {
		t.Errorf("got %q", got)
	}
}

// vague is a store that has no word for "nothing".
type vague struct{ *mapStore }

func (s vague) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	c, err := s.mapStore.Retrieve(ctx, k)
	if errors.Is(err, auth.ErrNoCredentials) {
		err = nil
	}
	return c, err
}

// A flow makes a call on the connection that waits for this very flow.
func TestLoginThatNeedsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a *auth.Authenticator
		f := &fakeFlow{obtain: func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			_, err := a.Credentials(ctx)
			return nil, err
		}}
		a = newAuthenticator(t, f)
		start := time.Now()
		if _, err := a.Credentials(t.Context()); err == nil || !strings.Contains(err.Error(), "login deadlock") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}
