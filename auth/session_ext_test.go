package auth_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

func TestWithInitial(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: {AccessToken: "stored"}}}
	a := newAuthenticator(t, f, auth.WithStore(store), auth.WithInitial(issue("given", time.Hour)))
	if got := token(t, a); got != "given" {
		t.Errorf("got %q, want the initial credentials", got)
	}
	if n, _ := f.counts(); n != 0 {
		t.Errorf("%d logins, want none", n)
	}
}

func TestWithInitialThatIsRefused(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f, auth.WithInitial(issue("given", time.Hour)))
	given, _ := a.Credentials(t.Context())
	if c, err := a.Refresh(t.Context(), given); err != nil || c.AccessToken != "token-1" {
		t.Errorf("Refresh = %v, %v, want a login", c, err)
	}
}

// What a store holds of the login that was given is no successor to it, whatever the
// store says of its end.
func TestWithInitialThatIsStoredToo(t *testing.T) {
	t.Parallel()
	f, flow := person()
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: {AccessToken: "given", RefreshToken: "r"}}}
	given := &auth.Credentials{AccessToken: "given", RefreshToken: "r", Expiry: time.Now().Add(-time.Hour)}
	a := newAuthenticator(t, flow, auth.WithStore(store), auth.WithInitial(given))
	if got := token(t, a); got != "renewed" {
		t.Errorf("got %q", got)
	}
	if _, renewed := f.counts(); renewed != 1 {
		t.Errorf("%d renewals", renewed)
	}
}

// Nor is another login that has ended too: it is the given one that is renewed.
func TestWithInitialBeforeAnotherThatEnded(t *testing.T) {
	t.Parallel()
	f, flow := person()
	f.renew = func(_ context.Context, _ int, prev *auth.Credentials) (*auth.Credentials, error) {
		return issue("renewed by "+prev.RefreshToken, time.Hour), nil
	}
	ended := time.Now().Add(-time.Hour)
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: {AccessToken: "other", RefreshToken: "other", Expiry: ended}}}
	given := &auth.Credentials{AccessToken: "old", RefreshToken: "given", Expiry: ended}
	if got := token(t, newAuthenticator(t, flow, auth.WithStore(store), auth.WithInitial(given))); got != "renewed by given" {
		t.Errorf("got %q", got)
	}
}

// Login asks at once, however fresh the memory of a failure is.
func TestLoginAfterAFailure(t *testing.T) {
	t.Parallel()
	f, flow := person()
	good := f.obtain
	f.obtain = failing(errors.New("503"))
	a := newAuthenticator(t, flow)
	if err := a.Login(t.Context()); err == nil {
		t.Fatal("want an error")
	}
	f.obtain = good
	if err := a.Login(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUnstoredLoginsTouchNoStore(t *testing.T) {
	t.Parallel()
	reads := 0
	store := countedReads{&mapStore{}, &reads}
	a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour), traits: auth.Traits{Unstored: true}}, auth.WithStore(&store))
	token(t, a)
	if err := a.Logout(t.Context()); err != nil || reads > 0 || len(store.log) > 0 {
		t.Errorf("%v, %d reads, %q", err, reads, store.log)
	}
}

func TestLoginReplacesWhatIsThere(t *testing.T) {
	t.Parallel()
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f)
	token(t, a)
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := token(t, a); got != "token-2" {
		t.Errorf("got %q, want a new login", got)
	}
}

// A renewal under way is no new login: Login may be called to change the user. A login
// under way is one, and the person is not asked twice.
func TestLoginWhileAnotherFlightIsUnderWay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		stale  *auth.Credentials
		logins int
	}{
		"a renewal": {issue("by hand", 0), 2},
		"a login":   {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f, flow := person()
				login, renew := f.obtain, f.renew
				f.obtain = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, time.Second)
					return login(ctx, n, prev)
				}
				f.renew = func(ctx context.Context, n int, prev *auth.Credentials) (*auth.Credentials, error) {
					_ = sleep(ctx, time.Second)
					return renew(ctx, n, prev)
				}
				a := newAuthenticator(t, flow)
				if tt.stale != nil {
					if err := a.Login(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				go func() { _, _ = a.Refresh(context.Background(), tt.stale) }()
				synctest.Wait()
				if err := a.Login(t.Context()); err != nil {
					t.Error(err)
				}
				if got := token(t, a); got != "by hand" {
					t.Errorf("after Login the token is %q", got)
				}
				if n, _ := f.counts(); n != tt.logins {
					t.Errorf("%d logins, want %d", n, tt.logins)
				}
			})
		})
	}
}

func TestLogoutForgetsEverywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, flow := person()
		store := &mapStore{}
		a := newAuthenticator(t, flow, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}

		// given a renewal that is under way
		f.renew = func(ctx context.Context, _ int, _ *auth.Credentials) (*auth.Credentials, error) {
			return tokens(time.Minute, time.Hour)(ctx, 2, nil)
		}
		stale, _ := a.Credentials(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = a.Refresh(t.Context(), stale) })
		synctest.Wait()

		// when the person logs out, which lets its answer in for a moment
		start := time.Now()
		if err := a.Logout(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("Logout took %v", took)
		}
		wg.Wait()

		// then nothing is left, and the renewal brings nothing back
		time.Sleep(2 * time.Minute)
		if got := token(t, a); got != "" {
			t.Errorf("got %q, want none", got)
		}
		if got := store.holds(testKey); got != "" {
			t.Errorf("the store holds %q", got)
		}
	})
}

func TestCloseLetsWaitersGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: tokens(time.Minute, 0), traits: auth.Traits{Timeout: time.Hour}}
		a := newAuthenticator(t, f)
		errs := make(chan error)
		go func() {
			_, err := a.Credentials(t.Context())
			errs <- err
		}()
		synctest.Wait()

		start := time.Now()
		if err := errors.Join(a.Close(), a.Close()); err != nil {
			t.Fatal(err)
		}
		if err := <-errs; !errors.Is(err, auth.ErrClosed) || status.Code(err) != codes.Canceled {
			t.Errorf("the waiter got %v, want ErrClosed as Canceled", err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
		if _, err := a.Credentials(t.Context()); !errors.Is(err, auth.ErrClosed) {
			t.Errorf("a later call got %v, want ErrClosed", err)
		}
	})
}

func TestStoreBeforeUse(t *testing.T) {
	t.Parallel()
	store := &mapStore{}
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f, auth.WithStore(store))
	got := token(t, a)
	if held := store.holds(testKey); held != got {
		t.Errorf("handed out %q while the store held %q", got, held)
	}
}

func TestBrokenStoreCostsAWarningOnly(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	store := &mapStore{fail: errors.New("disk full")}
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f, auth.WithStore(store), auth.WithLogger(slog.New(slog.NewTextHandler(&logged, nil))))
	first, err := a.Credentials(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := a.Refresh(t.Context(), first); err != nil || c.AccessToken != "token-2" {
		t.Errorf("Refresh = %v, %v", c, err)
	}
	if out := logged.String(); !strings.Contains(out, "disk full") || strings.Contains(out, "token-1") {
		t.Errorf("log: %s", out)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	_, flow := person()
	a := newAuthenticator(t, flow)
	if st := a.Status(); st.ID != "" || st.Usable {
		t.Errorf("before the login: %+v", st)
	}
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	c, _ := a.Credentials(t.Context())
	st := a.Status()
	if st.Key != testKey || st.ID != c.ID() || !st.Expiry.Equal(c.Expiry) || !st.Renewable || !st.Usable {
		t.Errorf("after the login: %+v", st)
	}
}

func TestErrorReadsAsAStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want codes.Code
	}{
		{auth.ErrRejected, codes.Unauthenticated},
		{auth.ErrInteractionRequired, codes.Unauthenticated},
		{auth.ErrDeclined, codes.Unauthenticated},
		{auth.ErrClosed, codes.Canceled},
		{context.Canceled, codes.Canceled},
		{context.DeadlineExceeded, codes.DeadlineExceeded},
		{errors.New("connection refused"), codes.Unavailable},
	} {
		err := error(&auth.Error{Op: "login", Endpoint: "h", Err: tt.err})
		st, ok := status.FromError(err)
		if !ok || st.Code() != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%v reads as %v, want %v", err, st.Code(), tt.want)
		}
	}
}

func TestWithInitialRefreshToken(t *testing.T) {
	t.Parallel()
	given := &auth.Credentials{RefreshToken: "given"}
	for name, login := range map[string]func() (*fakeFlow, auth.Flow){
		"machine": func() (*fakeFlow, auth.Flow) { return machine(0, time.Hour) },
		"person":  person,
	} {
		f, flow := login()
		if got := token(t, newAuthenticator(t, flow, auth.WithInitial(given))); got == "" {
			t.Errorf("%s: the first call went without a token", name)
		}
		if obtained, renewed := f.counts(); obtained != 0 || renewed != 1 {
			t.Errorf("%s: %d logins, %d renewals, want 1 renewal", name, obtained, renewed)
		}
	}
}

// A call that a person refused says that Login asks again; Login, which has just asked,
// does not.
func TestLoginDoesNotAdviseLogin(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]error{"declined": auth.ErrDeclined, "no person": auth.ErrInteractionRequired, "rejected": auth.ErrRejected} {
		f := &fakeFlow{traits: auth.Traits{Interactive: true, Name: auth.StoredFlow}, obtain: failing(why)}
		a := newAuthenticator(t, f, auth.WithStore(&mapStore{}))
		_, _ = a.Refresh(t.Context(), nil)
		_, call := a.Refresh(t.Context(), nil)
		if advised := strings.Contains(call.Error(), "call Login"); advised != (name == "declined") {
			t.Errorf("%s: a call says %v", name, call)
		}
		for range 2 {
			if err := a.Login(t.Context()); !errors.Is(err, why) || strings.Contains(err.Error(), "call Login") {
				t.Errorf("%s: Login says %v", name, err)
			}
		}
	}
}
