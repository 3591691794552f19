package auth_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// betweenReadAndWrite is a database in which another program stores a login right after
// the third read, which is the last one before the reason is stored.
type betweenReadAndWrite struct {
	*database

	reads int
}

func (s *betweenReadAndWrite) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	c, err := s.database.Retrieve(ctx, k)
	if s.reads++; s.reads == 3 {
		return c, errors.Join(err, s.Store(ctx, k, issue("elsewhere", time.Hour)))
	}
	return c, err
}

// The reason why a login ended is of less worth than any login, and than a logout.
func TestReasonOfAnEndedLoginOverwritesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		store     func(*database) auth.Store
		meanwhile func(*fleet)
		stored    string
	}{
		"another program logs in at the last moment": {
			func(d *database) auth.Store { return &betweenReadAndWrite{database: d} }, func(*fleet) {}, "elsewhere",
		},
		"the lease is lost and another holder logs out": {
			func(d *database) auth.Store { return d },
			func(f *fleet) { f.expire(testKey); _ = f.Delete(context.Background(), testKey) }, "nothing",
		},
		"the lease is lost and another holder logs out, no Swap": {
			func(d *database) auth.Store { return withoutSwap{d, d} },
			func(f *fleet) { f.expire(testKey); _ = f.Delete(context.Background(), testKey) }, "nothing",
		},
		"nothing else happens": {func(d *database) auth.Store { return d }, func(*fleet) {}, "access-0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFleet()
				fake, flow := person()
				fake.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, 10*time.Second)
					return nil, fmt.Errorf("%w: invalid_grant", auth.ErrRejected)
				}
				a := newAuthenticator(t, flow, auth.WithStore(tt.store(f.database)))
				done := make(chan struct{})
				go func() { _, _ = a.Credentials(t.Context()); close(done) }()
				time.Sleep(time.Second)
				tt.meanwhile(f)
				<-done
				if got := f.stored(t); got != tt.stored {
					t.Errorf("stored is %q, want %q", got, tt.stored)
				}
			})
		})
	}
}

// "Never logged in here" and "the login has ended" are two errors.
func TestNeverLoggedInIsNotALoginThatEnded(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, name string, err error, want, not error) {
		t.Helper()
		if !errors.Is(err, want) || errors.Is(err, not) || !errors.Is(err, auth.ErrInteractionRequired) || auth.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: got %v, want %v", name, err, want)
		}
	}
	gone := func() *auth.Credentials {
		return &auth.Credentials{AccessToken: "a", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}
	}

	a := newAuthenticator(t, endedFlow{}, auth.WithStore(&mapStore{}))
	_, err := a.Refresh(t.Context(), nil)
	check(t, "nothing stored", err, auth.ErrNotLoggedIn, auth.ErrLoginEnded)
	check(t, "Login", a.Login(t.Context()), auth.ErrNotLoggedIn, auth.ErrLoginEnded)

	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *gone()}}
	a = newAuthenticator(t, endedFlow{auth.ErrRejected}, auth.WithStore(store))
	_, err = a.Refresh(t.Context(), nil)
	check(t, "refresh token refused", err, auth.ErrLoginEnded, auth.ErrNotLoggedIn)

	_, err = newAuthenticator(t, endedFlow{}, auth.WithStore(store)).Refresh(t.Context(), nil)
	check(t, "the next program", err, auth.ErrLoginEnded, auth.ErrNotLoggedIn)

	a = newAuthenticator(t, endedFlow{}, auth.WithInitial(&auth.Credentials{AccessToken: "a"}))
	c, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Refresh(t.Context(), c)
	check(t, "no refresh token", err, auth.ErrLoginEnded, auth.ErrNotLoggedIn)
}

// endedFlow is flow.Stored with a server that answers every refresh with this error.
type endedFlow struct{ err error }

func (f endedFlow) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	return flow.Stored{}.Obtain(ctx, env, prev)
}

func (f endedFlow) Renew(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return nil, f.err
}

func (endedFlow) Traits() auth.Traits { return flow.Stored{}.Traits() }
