package flow_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestRevocationAnswers(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	tests := map[string]struct {
		answer   http.HandlerFunc
		requests int
		fails    bool
	}{
		"done":                {answers(200, "", ""), 2, false},
		"done, with a body":   {answers(200, "text/plain", "ok"), 2, false},
		"no content":          {answers(204, "", ""), 2, false},
		"unknown token kind":  {answers(400, js, `{"error":"unsupported_token_type"}`), 2, false},
		"no such endpoint":    {answers(404, "text/plain", "no"), 2, false},
		"not allowed":         {answers(405, "", ""), 2, false},
		"client refused":      {answers(401, js, `{"error":"invalid_client"}`), 2, true},
		"in trouble":          {answers(500, "", ""), 2, true},
		"in trouble at first": {inTurn(comeBack(503, "1"), answers(200, "", "")), 3, false},
		"redirect":            {http.RedirectHandler("https://evil.example/", http.StatusTemporaryRedirect).ServeHTTP, 2, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				rec, env := inMemoryEndpoint(tc.answer)
				set(env, func(c *configstore.ClientConfig) { c.RevocationEndpoint = "https://idp.example/revoke" })
				err := flow.PKCE{}.Revoke(t.Context(), env, person())
				if (err != nil) != tc.fails || len(rec.requests()) != tc.requests {
					t.Errorf("got %v after %d requests", err, len(rec.requests()))
				}
				if err == nil {
					return
				}
				te := (*flow.TokenError)(nil)
				if !errors.As(err, &te) {
					t.Fatalf("got %T", err)
				}
				contains(t, err.Error(), "pkce: refresh token: revocation endpoint idp.example", "access token: ")
				if found := findCanary(printed(err), oldRefresh, "access-canary-old"); found != "" {
					t.Errorf("%q shows up in %v", found, err)
				}
			})
		})
	}
}

func TestNothingToRevoke(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, answers(200, "", ""))
	logins := map[string]*auth.Credentials{"none": nil, "cookie": {AccessToken: "a=1", TokenType: auth.Raw}, "a person's": person()}
	for name, c := range logins { // the server has no revocation endpoint
		if err := (flow.Stored{}).Revoke(t.Context(), env, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	set(env, func(c *configstore.ClientConfig) { c.RevocationEndpoint = c.TokenEndpoint })
	for _, c := range []*auth.Credentials{nil, {AccessToken: "a=1", TokenType: auth.Raw}, {}} {
		if err := (flow.Stored{}).Revoke(t.Context(), env, c); err != nil && !errors.Is(err, auth.ErrRejected) {
			t.Error(err)
		}
	}
	if n := len(rec.requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	env.Config = &config{err: configstore.ErrNoLogin}
	if err := (flow.Stored{}).Revoke(t.Context(), env, person()); err != nil {
		t.Errorf("got %v from a server without any login", err)
	}
	env.Config = &config{err: errors.New("down")}
	if err := (flow.Stored{}).Revoke(t.Context(), env, person()); err == nil {
		t.Error("trouble with the configuration went unheard")
	}
}

func TestRevocationLeavesWithItsCaller(t *testing.T) {
	t.Parallel()
	rec, env := inMemoryEndpoint(hang)
	set(env, func(c *configstore.ClientConfig) { c.RevocationEndpoint = "https://idp.example/revoke" })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := flow.PKCE{}.Revoke(ctx, env, person())
	if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled || len(rec.requests()) > 1 {
		t.Errorf("got %v with code %v after %d requests", err, status.Code(err), len(rec.requests()))
	}
}
