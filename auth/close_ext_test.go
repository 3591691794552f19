package auth_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// rotating is a person's login whose refresh token is good once. Its renewals take
// latency, and a program that is cut short does not get the next one.
func rotating(latency time.Duration) (*fakeFlow, auth.Flow) {
	f, flow := person()
	f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
		if err := sleep(ctx, latency); err != nil {
			return nil, err
		}
		c := issue("renewed", time.Hour)
		c.RefreshToken = "next"
		return c, nil
	}
	return f, flow
}

// A short program ends while a renewal is under way that it did not ask for. The
// server has ended the old refresh token by then.
func TestCloseLosesNoLogin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		renewal, storing time.Duration
		took             time.Duration
		holds            string
	}{
		"while it waits for the answer":  {2 * time.Second, 0, time.Second, "renewed"},
		"while it stores the answer":     {0, 2 * time.Second, time.Second, "renewed"},
		"and the answer does not come":   {time.Hour, 0, 3 * time.Second, "by hand"},
		"and the store does not come up": {0, time.Hour, 3 * time.Second, "by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, flow := rotating(tt.renewal)
				store := &slowStore{mapStore: &mapStore{}}
				a := newAuthenticator(t, flow, auth.WithStore(store))
				if err := a.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				store.latency = tt.storing
				time.Sleep(59*time.Minute + 20*time.Second) // the early window
				token(t, a)
				time.Sleep(time.Second)

				start := time.Now()
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("Close took %v, want %v", took, tt.took)
				}
				if got := store.holds(testKey); got != tt.holds {
					t.Errorf("the store holds %q, want %q", got, tt.holds)
				}
				synctest.Wait()
				if c, err := a.Credentials(t.Context()); !errors.Is(err, auth.ErrClosed) {
					t.Errorf("a call after Close got %v, %v", c, err)
				}
			})
		})
	}
}

// A person has just logged in.
func TestCloseLosesNoLoginThatIsBeingStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, flow := person()
		store := &slowStore{mapStore: &mapStore{}, latency: 2 * time.Second}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		go func() { _ = a.Login(context.Background()) }()
		time.Sleep(time.Second)
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if got := store.holds(testKey); got != "by hand" {
			t.Errorf("when Close is back, the store holds %q", got)
		}
	})
}

// slowStore takes a while, or as long as its caller has patience, and may be full.
type slowStore struct {
	*mapStore

	latency time.Duration
	full    error
}

func (s *slowStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	if err := cmp.Or(sleep(ctx, s.latency), s.full); err != nil {
		return err
	}
	return s.mapStore.Store(ctx, k, c)
}

func TestCloseWaitsForNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a person who takes a minute, and a flow that does not listen,
		f, flow := person()
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			time.Sleep(time.Minute)
			return nil, errors.New("too late")
		}
		a := newAuthenticator(t, flow, auth.WithStore(&mapStore{}))
		gone := make(chan error, 1)
		go func() {
			_, err := a.Refresh(context.Background(), nil)
			gone <- err
		}()
		synctest.Wait()

		// Close and the waiting callers return at once.
		start := time.Now()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if err := <-gone; !errors.Is(err, auth.ErrClosed) {
			t.Errorf("the waiter got %v, want ErrClosed", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestCloseWaitsThreeSecondsAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			time.Sleep(time.Minute) // whatever its context says
			return nil, errors.New("too late")
		}
		a := newAuthenticator(t, flow, auth.WithStore(&mapStore{}))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(59*time.Minute + 20*time.Second)
		token(t, a)
		synctest.Wait()
		start := time.Now()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("Close took %v, want 3 s", took)
		}
		time.Sleep(time.Minute)
	})
}

// There is nothing to lose where nothing is stored, or where a renewal needs no
// refresh token.
func TestCloseWaitsForNoRenewalThatLosesNothing(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		login func() (*fakeFlow, auth.Flow)
		opts  []auth.Option
	}{
		"in memory":        {person, nil},
		"no refresh token": {func() (*fakeFlow, auth.Flow) { return machine(0, time.Hour) }, []auth.Option{auth.WithStore(&mapStore{})}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := tt.login()
				f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
					time.Sleep(time.Minute)
					return nil, errors.New("too late")
				}
				a := newAuthenticator(t, flow, tt.opts...)
				if err := a.Login(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(59*time.Minute + 20*time.Second)
				token(t, a)
				synctest.Wait()
				start := time.Now()
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("Close took %v", took)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

// Once a refresh token is known to be dead there is nothing to lose any more.
func TestCloseDoesNotWaitForThePersonAfterARenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		store := &mapStore{}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.renew = failing(auth.ErrRejected)
		f.obtain = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			time.Sleep(time.Minute)
			return nil, errors.New("too late")
		}
		stale, _ := a.Credentials(t.Context())
		go func() { _, _ = a.Refresh(context.Background(), stale) }()
		synctest.Wait()
		start := time.Now()
		if err := a.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
		time.Sleep(time.Minute)
	})
}

func TestNothingBeginsAfterClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a call that is about to log in, and is still asking the store,
		f := &fakeFlow{obtain: tokens(0, time.Hour)}
		store := &slowReads{&mapStore{}}
		a := newAuthenticator(t, f, auth.WithStore(store))
		go func() { _, _ = a.Credentials(context.Background()) }()
		synctest.Wait()

		_ = a.Close()
		synctest.Wait()
		if n, _ := f.counts(); n != 0 {
			t.Errorf("%d logins began after Close", n)
		}
	})
}

// slowReads answers after a second, or with the error of ctx.
type slowReads struct{ *mapStore }

func (s slowReads) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	if err := sleep(ctx, time.Second); err != nil {
		return nil, err
	}
	return s.mapStore.Retrieve(ctx, k)
}

func TestCallsAfterClose(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)})
	c, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	_, again := a.Credentials(t.Context())
	_, refresh := a.Refresh(t.Context(), c)
	for what, err := range map[string]error{"Credentials": again, "Refresh": refresh, "Login": a.Login(t.Context())} {
		if !errors.Is(err, auth.ErrClosed) {
			t.Errorf("%s = %v, want ErrClosed", what, err)
		}
	}
	if st := a.Status(); st.ID != c.ID() || st.Usable {
		t.Errorf("%+v, want a login that is not usable", st)
	}
	if err := a.Logout(t.Context()); err != nil || a.Status().ID != "" {
		t.Errorf("Logout = %v, left %+v", err, a.Status())
	}
}
