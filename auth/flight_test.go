package auth

import (
	"context"
	"errors"
	"testing"
	"time"
)

// Between reading the current credential and joining a flight anything may happen.
// These tests put stragglers there.

// replaced is an Authenticator whose first credential was replaced.
func replaced(t *testing.T) (a *Authenticator, first, second *snapshot) {
	t.Helper()
	a = New(Key{}, flowless{}, Env{})
	t.Cleanup(func() { _ = a.Close() })
	expiry := time.Now().Add(time.Hour)
	for _, token := range []string{"first", "second"} {
		first = second
		a.mu.Lock()
		a.publish(&flight{task: task{old: a.current.Load()}}, &Credentials{AccessToken: token, RefreshToken: "r", Expiry: expiry})
		a.mu.Unlock()
		second = a.current.Load()
	}
	return a, first, second
}

// flowless is a flow that must not be asked.
type flowless struct{ Flow }

func (flowless) Renew(context.Context, Env, *Credentials) (*Credentials, error) {
	panic("renewed")
}

func TestStragglerGetsWhatIsThere(t *testing.T) {
	t.Parallel()
	a, first, second := replaced(t)
	if f, c, err := a.enter(first.gen, interactive, false); f != nil || err != nil || c != second.creds {
		t.Errorf("%v, %v, %v", f, c, err)
	}
	a.flight = &flight{cancel: func() {}} // or enter would start one
	for _, gen := range []uint64{first.gen, second.gen} {
		if f, c, err := a.enter(gen, newLogin, false); f != a.flight || c != nil || err != nil {
			t.Errorf("Login is served %v, %v, %v", f, c, err)
		}
	}
	// What has ended, or was refused, is no good for a straggler either.
	for _, ended := range []state{expired, rejected} {
		second.advance(ended)
		if f, c, err := a.enter(first.gen, interactive, false); f != a.flight || c != nil || err != nil {
			t.Errorf("state %d: %v, %v, %v", ended, f, c, err)
		}
	}
}

func TestStragglerAfterClose(t *testing.T) {
	t.Parallel()
	a, first, _ := replaced(t)
	_ = a.Close()
	if c, err := a.beforeExpiry(t.Context(), first); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, %v, want ErrClosed", c, err)
	}
}

func TestStragglerRenewsNothingEarly(t *testing.T) {
	t.Parallel()
	a, first, _ := replaced(t)
	a.renewInBackground(first)
	if a.count > 0 {
		t.Error("what was replaced is being renewed")
	}
}
