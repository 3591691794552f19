package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// A login that cannot be renewed here is none that has ended: calls carry it as
// long as its server takes it, no person is asked before, and it stays stored.
func TestALoginThatCannotBeRenewedHereIsUsedUpAndKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a good login, and a configuration that leads elsewhere ...
		f, flow := person()
		why := fmt.Errorf("%w: it is from another server", auth.ErrInteractionRequired)
		f.renew = func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { return nil, why }
		stored := issue("stored", time.Hour)
		stored.RefreshToken = "r"
		store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: *stored}}
		a := newAuthenticator(t, flow, auth.WithStore(store))

		// ... when calls are made until long after its end ...
		for range 80 * 60 {
			if got := token(t, a); got != "stored" {
				t.Fatalf("carried %q", got)
			}
			time.Sleep(time.Second)
		}

		// ... then renewal was tried again and again, but not by every call ...
		asked, tried := f.counts()
		if asked != 0 || tried == 0 || tried > 2000 {
			t.Errorf("a person was asked %d times, renewal tried %d times", asked, tried)
		}
		// ... a call that is refused asks the person, and that login is the stored one.
		if store.holds(testKey) != "stored" {
			t.Errorf("the store holds %q", store.holds(testKey))
		}
		c, err := a.Credentials(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if c, err = a.Refresh(t.Context(), c); err != nil || c.AccessToken != "by hand" || store.holds(testKey) != "by hand" {
			t.Errorf("got %v, %v; the store holds %q", c, err, store.holds(testKey))
		}
	})
}

// Where no person can be asked the error says why the present login cannot be used.
func TestErrorSaysWhyALoginCannotBeRefreshedHere(t *testing.T) {
	t.Parallel()
	f, flow := person()
	f.renew = failing(fmt.Errorf("%w: it is from another server", auth.ErrInteractionRequired))
	f.obtain = failing(fmt.Errorf("%w: no person is here", auth.ErrInteractionRequired))
	store := &mapStore{m: map[auth.Key]auth.Credentials{testKey: {RefreshToken: "r"}}}
	a := newAuthenticator(t, flow, auth.WithStore(store))
	if got := token(t, a); got != "" {
		t.Errorf("the first call carried %q", got)
	}
	_, err := a.Refresh(t.Context(), nil)
	if !errors.Is(err, auth.ErrInteractionRequired) {
		t.Fatalf("got %v", err)
	}
	for _, part := range []string{"it is from another server", "no person is here"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %q", err, part)
		}
	}
	if c, err := store.Retrieve(t.Context(), testKey); err != nil || c.RefreshToken != "r" {
		t.Errorf("the store holds %v, %v", c, err)
	}
}
