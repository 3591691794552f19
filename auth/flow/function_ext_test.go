package flow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// issuing returns a function that issues token-1, token-2 and so on.
func issuing() func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	n := 0
	return func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		n++
		return &auth.Credentials{AccessToken: fmt.Sprintf("token-%d", n)}, nil
	}
}

func TestFuncRunsItsFunction(t *testing.T) {
	t.Parallel()
	prev := &auth.Credentials{AccessToken: "before"}
	f := flow.Func{Name: "vault", Login: func(ctx context.Context, env auth.Env, p *auth.Credentials) (*auth.Credentials, error) {
		return &auth.Credentials{AccessToken: env.Endpoint + " after " + p.AccessToken}, ctx.Err()
	}}
	for name, obtain := range map[string]func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error){"Obtain": f.Obtain, "Renew": f.Renew} {
		if c, err := obtain(t.Context(), auth.Env{Endpoint: "h"}, prev); err != nil || c.AccessToken != "h after before" {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
}

func TestFuncNamesItselfInErrors(t *testing.T) {
	t.Parallel()
	failing := func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		return nil, fmt.Errorf("%w: sealed", auth.ErrRejected)
	}
	for want, f := range map[string]flow.Func{
		"vault: credentials rejected: sealed": {Name: "vault", Login: failing},
		"func: credentials rejected: sealed":  {Login: failing},
		"vault: no function: set Login":       {Name: "vault"},
	} {
		_, err := f.Obtain(t.Context(), auth.Env{}, nil)
		own := (*flow.Error)(nil)
		if !errors.As(err, &own) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if want := strings.Contains(want, "rejected"); errors.Is(err, auth.ErrRejected) != want {
			t.Errorf("%v wraps ErrRejected: %v", err, !want)
		}
	}
}

// An interactive function is not run in the background.
func TestInteractiveFuncRunsInLoginOnly(t *testing.T) {
	t.Parallel()
	f := flow.Func{Name: "badge", Interactive: true, Login: issuing()}
	if _, err := f.Renew(t.Context(), auth.Env{}, &auth.Credentials{RefreshToken: "r"}); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("got %v", err)
	}
	a := auth.New(auth.Key{Endpoint: "h"}, f, auth.Env{})
	defer a.Close()
	if c, err := a.Credentials(t.Context()); c != nil || err != nil {
		t.Errorf("before a login: %v, %v", c, err)
	}
	if err := a.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "token-1" {
		t.Errorf("after a login: %v, %v", c, err)
	}
}

func TestFuncTraitsFollowItsFields(t *testing.T) {
	t.Parallel()
	got := auth.TraitsOf(flow.Func{Name: "vault", Interactive: true, Timeout: time.Minute, FileStorable: true})
	if want := (auth.Traits{Name: "vault", Interactive: true, Timeout: time.Minute, FileStorable: true}); got != want {
		t.Errorf("got %+v", got)
	}
}

// Two functions without a name do not share what is stored: nothing is.
func TestNamelessFuncIsNotStored(t *testing.T) {
	t.Parallel()
	s := &tokenstore.MemoryStore{}
	for name, stored := range map[string]int{"vault": 1, "": 0} {
		a := auth.New(auth.Key{Endpoint: "h"}, flow.Func{Name: name, Login: issuing()}, auth.Env{}, auth.WithStore(s))
		t.Cleanup(func() { _ = a.Close() })
		if _, err := a.Credentials(t.Context()); err != nil {
			t.Fatal(err)
		}
		if keys, err := s.List(t.Context()); err != nil || len(keys) != stored || stored > 0 && keys[0].Flow != name {
			t.Errorf("%q: stored under %v, %v", name, keys, err)
		}
		_ = s.Delete(t.Context(), auth.Key{Endpoint: "h", Flow: name})
	}
}

func TestTokenSourceReturnsTheCurrentToken(t *testing.T) {
	t.Parallel()
	a := auth.New(auth.Key{}, flow.Func{Login: issuing()}, auth.Env{})
	defer a.Close()
	src := flow.TokenSource(t.Context(), a)
	first, err := src.Token()
	if err != nil || first.AccessToken != "token-1" || first.Type() != "Bearer" || first.RefreshToken != "" || !first.Expiry.IsZero() {
		t.Fatalf("got %v, %v", first, err)
	}
	if again, err := src.Token(); err != nil || again.AccessToken != "token-1" {
		t.Errorf("again: %v, %v", again, err)
	}
	c, _ := a.Credentials(t.Context())
	if _, err := a.Refresh(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if next, err := src.Token(); err != nil || next.AccessToken != "token-2" {
		t.Errorf("after a refresh: %v, %v", next, err)
	}
}

func TestTokenSourceKeepsTypeAndExpiry(t *testing.T) {
	t.Parallel()
	until := time.Now().Add(time.Hour)
	a := auth.New(auth.Key{}, flow.Static{Credentials: &auth.Credentials{AccessToken: "t", TokenType: "token", Expiry: until}}, auth.Env{})
	defer a.Close()
	got, err := flow.TokenSource(t.Context(), a).Token()
	if err != nil || got.Type() != "token" || !got.Expiry.Equal(until) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTokenSourceSaysWhyThereIsNoToken(t *testing.T) {
	t.Parallel()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tc := range map[string]struct {
		ctx  context.Context
		flow auth.Flow
		want error
		says string
	}{
		"no login":   {t.Context(), flow.Stored{}, auth.ErrNoCredentials, "call its Login first"},
		"rejected":   {t.Context(), flow.Static{}, auth.ErrRejected, "no token was given"},
		"ended":      {ended, flow.Func{Login: issuing()}, context.Canceled, "canceled"},
		"raw":        {t.Context(), flow.Static{Credentials: &auth.Credentials{AccessToken: "c", TokenType: auth.Raw}}, nil, "httpauth"},
		"own header": {t.Context(), flow.Static{Credentials: &auth.Credentials{AccessToken: "c", HeaderKey: "x-token"}}, nil, `"x-token"`},
	} {
		a := auth.New(auth.Key{Endpoint: "h"}, tc.flow, auth.Env{})
		t.Cleanup(func() { _ = a.Close() })
		var src oauth2.TokenSource = flow.TokenSource(tc.ctx, a)
		got, err := src.Token()
		if got != nil || err == nil || tc.want != nil && !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
