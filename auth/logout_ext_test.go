package auth_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// revocable is a flow that can take logins back.
type revocable struct {
	renewable

	revoked *[]string
	err     error
}

func (f revocable) Revoke(_ context.Context, env auth.Env, c *auth.Credentials) error {
	*f.revoked = append(*f.revoked, env.Endpoint+" "+c.RefreshToken)
	return f.err
}

func newRevocable(err error) revocable {
	_, flow := person()
	return revocable{renewable: flow.(renewable), revoked: &[]string{}, err: err}
}

func TestLogoutTakesTheLoginBack(t *testing.T) {
	t.Parallel()
	f := newRevocable(nil)
	store := &mapStore{}
	a := newAuthenticator(t, f, auth.WithStore(store))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Another process has renewed it meanwhile.
	if err := store.Store(t.Context(), testKey, &auth.Credentials{AccessToken: "x", RefreshToken: "newer"}); err != nil {
		t.Fatal(err)
	}
	if err := a.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"flyte.example.com refresh", "flyte.example.com newer"}; !slices.Equal(*f.revoked, want) {
		t.Errorf("revoked %q, want %q", *f.revoked, want)
	}
	// A second logout has nothing to take back.
	if err := a.Logout(t.Context()); err != nil || len(*f.revoked) != 2 {
		t.Errorf("%v, revoked %q", err, *f.revoked)
	}
}

func TestLogoutOfAProgramThatMadeNoCall(t *testing.T) {
	t.Parallel()
	f := newRevocable(nil)
	store := &mapStore{}
	if err := store.Store(t.Context(), testKey, &auth.Credentials{AccessToken: "x", RefreshToken: "stored"}); err != nil {
		t.Fatal(err)
	}
	a := newAuthenticator(t, f, auth.WithStore(store), auth.WithInitial(&auth.Credentials{RefreshToken: "given"}))
	if err := a.Logout(t.Context()); err != nil || len(*f.revoked) != 2 || store.holds(testKey) != "" {
		t.Errorf("%v, revoked %q", err, *f.revoked)
	}
	if got := token(t, a); got != "" {
		t.Errorf("a call after the logout carries %q", got)
	}
}

func TestLogoutForgetsWhateverTheServerSays(t *testing.T) {
	t.Parallel()
	f := newRevocable(errors.New("connection refused"))
	store := &mapStore{}
	a := newAuthenticator(t, f, auth.WithStore(store))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := a.Logout(t.Context())
	var e *auth.Error
	if !errors.As(err, &e) || e.Op != "logout" || !strings.Contains(err.Error(), "deleted here") || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("got %v", err)
	}
	if got := token(t, a); got != "" || store.holds(testKey) != "" {
		t.Errorf("still there: %q, stored %q", got, store.holds(testKey))
	}
}

// undeletable is a store that forgets nothing.
type undeletable struct{ *mapStore }

func (undeletable) Delete(context.Context, auth.Key) error { return errors.New("read-only disk") }

func TestAfterALogoutEverythingStartsAnew(t *testing.T) {
	t.Parallel()
	// A machine logs in again,
	f := &fakeFlow{obtain: tokens(0, time.Hour)}
	a := newAuthenticator(t, f)
	token(t, a)
	if err := a.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := token(t, a); got != "token-2" {
		t.Errorf("got %q", got)
	}
	// and a person who had said no is asked again.
	f, flow := person()
	good := f.obtain
	f.obtain = failing(auth.ErrDeclined)
	a = newAuthenticator(t, flow)
	if _, err := a.Refresh(t.Context(), nil); !errors.Is(err, auth.ErrDeclined) {
		t.Fatalf("got %v, want ErrDeclined", err)
	}
	if err := a.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.obtain = good
	if c, err := a.Refresh(t.Context(), nil); err != nil || c.AccessToken != "by hand" {
		t.Errorf("Refresh = %v, %v, want a login", c, err)
	}
}

// deafRevoker is a server that does not answer.
type deafRevoker struct{ *fakeFlow }

func (deafRevoker) Revoke(ctx context.Context, _ auth.Env, _ *auth.Credentials) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestLogoutDoesNotWaitForAServerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, deafRevoker{&fakeFlow{obtain: tokens(0, time.Hour)}})
		token(t, a)
		start := time.Now()
		if err := a.Logout(context.Background()); err == nil {
			t.Error("the login was not revoked")
		}
		if took := time.Since(start); took != auth.DefaultTimeout {
			t.Errorf("took %v", took)
		}
	})
}

func TestLogoutLeavesOnItsOwnContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := &fakeFlow{obtain: func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			time.Sleep(time.Hour) // whatever its context says
			return nil, errors.New("too late")
		}}
		a := newAuthenticator(t, f)
		go func() { _, _ = a.Credentials(context.Background()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if err := a.Logout(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want DeadlineExceeded", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("took %v", took)
		}
		time.Sleep(time.Hour)
	})
}

func TestLogoutTakesBackWhatItCannotDelete(t *testing.T) {
	t.Parallel()
	f := newRevocable(nil)
	a := newAuthenticator(t, f, auth.WithStore(undeletable{&mapStore{}}))
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Logout(t.Context()); err == nil || !strings.Contains(err.Error(), "read-only disk") || len(*f.revoked) != 1 {
		t.Errorf("%v, revoked %q", err, *f.revoked)
	}
}

// What the store cannot delete does not come back here, until there is a new login.
func TestLogoutThatTheStoreRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newRevocable(nil)
		store := undeletable{&mapStore{}}
		a := newAuthenticator(t, f, auth.WithStore(store))
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := a.Logout(t.Context()); err == nil {
			t.Error("the store has deleted nothing")
		}
		for range 3 { // looking once changes nothing
			if st, err := a.Inspect(t.Context()); err != nil || st.Usable || st.ID != "" {
				t.Errorf("%+v, %v", st, err)
			}
			if got := token(t, a); got != "" {
				t.Fatalf("a call after the logout carries %q", got)
			}
			time.Sleep(time.Minute)
		}
		// A new login is stored over it, and others are found again.
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		stale, _ := a.Credentials(t.Context())
		if err := store.Store(t.Context(), testKey, issue("elsewhere", time.Hour)); err != nil {
			t.Fatal(err)
		}
		if c, err := a.Refresh(t.Context(), stale); err != nil || c.AccessToken != "elsewhere" {
			t.Errorf("Refresh = %v, %v, want what another program has stored", c, err)
		}
	})
}

func TestInspect(t *testing.T) {
	t.Parallel()
	f, flow := person()
	dir := t.TempDir()
	store := &tokenstore.FileStore{Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}
	open := func() *auth.Authenticator {
		return newAuthenticator(t, flow, auth.WithStore(store))
	}

	// Given nothing
	if st, err := open().Inspect(t.Context()); err != nil || st != (auth.Status{Key: testKey}) {
		t.Errorf("%+v, %v", st, err)
	}
	// and then a login by another program
	expiry := time.Now().Add(time.Hour).UTC()
	for _, c := range []auth.Credentials{
		{AccessToken: accessCanary, RefreshToken: refreshCanary, Expiry: expiry},
		{AccessToken: accessCanary, Expiry: expiry.Add(-2 * time.Hour)},
		{RefreshToken: refreshCanary},
	} {
		if err := store.Store(t.Context(), testKey, &c); err != nil {
			t.Fatal(err)
		}
		a := open()
		st, err := a.Inspect(t.Context())
		want := auth.Status{
			Key: testKey, ID: c.ID(), Expiry: c.Expiry, Renewable: c.RefreshToken != "",
			Usable: c.RefreshToken != "" && c.AccessToken != "", Stored: store.Location(testKey),
		}
		if err != nil || st != want {
			t.Errorf("%+v, %v, want %+v", st, err, want)
		}
		if a.Status() != (auth.Status{Key: testKey}) {
			t.Errorf("looking has changed %+v", a.Status())
		}
	}
	if n, renewed := f.counts(); n+renewed > 0 {
		t.Error("a person was asked")
	}
	broken := newAuthenticator(t, flow, auth.WithStore(&mapStore{fail: errors.New("disk on fire")}))
	if _, err := broken.Inspect(t.Context()); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("got %v", err)
	}
}

func TestStatusSaysWhereALoginIsStored(t *testing.T) {
	t.Parallel()
	_, flow := person()
	file := &tokenstore.FileStore{Dir: t.TempDir(), LockDir: t.TempDir()}
	for want, opts := range map[string][]auth.Option{
		"memory":               nil,
		file.Location(testKey): {auth.WithStore(file)},
		"*auth_test.mapStore":  {auth.WithStore(&mapStore{})},
		"memory ":              {auth.WithStore(&mapStore{fail: errors.New("full")})},
		"memory  ":             {auth.WithStore(tokenstore.Default(auth.Traits{}, tokenstore.Config{Off: true}))},
	} {
		a := newAuthenticator(t, flow, opts...)
		if err := a.Login(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := a.Status().Stored; got != strings.TrimSpace(want) {
			t.Errorf("rests in %q, want %q", got, want)
		}
	}
}

// A call logs in while Logout is busy with the store: whichever is last, what is
// stored is what the next call carries.
func TestLogoutDuringALogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newRevocable(nil)
		f.traits = auth.Traits{}
		store := &slowDelete{&mapStore{}}
		a := newAuthenticator(t, f, auth.WithStore(store))
		stale, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- a.Logout(t.Context()) }()
		time.Sleep(1500 * time.Millisecond) // it has deleted, and is not back yet
		if _, err := a.Refresh(t.Context(), stale); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if got, st := store.holds(testKey), a.Status(); got != "" || st.ID != "" {
			t.Errorf("after the logout the store holds %q, the program %+v", got, st)
		}
	})
}

// slowDelete takes a second to delete, and a second to say so.
type slowDelete struct{ *mapStore }

func (s slowDelete) Delete(ctx context.Context, k auth.Key) error {
	time.Sleep(time.Second)
	defer time.Sleep(time.Second)
	return s.mapStore.Delete(ctx, k)
}
