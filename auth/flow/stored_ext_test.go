package flow_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestStoredRenews(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answer  string
		prev    *auth.Credentials
		cfg     configstore.ClientConfig
		client  string
		refresh string // afterwards
		key     string
	}{
		"rotated": {
			answer: `{"access_token":"new","refresh_token":"rotated","expires_in":60}`, prev: person(),
			client: "cli", refresh: "rotated", key: "authorization",
		},
		"not rotated": {
			answer: `{"access_token":"new"}`, prev: person(),
			client: "cli", refresh: oldRefresh, key: "authorization",
		},
		"client from the configuration": {
			answer: goodToken, prev: &auth.Credentials{RefreshToken: oldRefresh, HeaderKey: "x-before"},
			cfg: configstore.ClientConfig{ClientID: "configured"}, client: "configured", refresh: oldRefresh, key: "x-before",
		},
		"client of the login beats the configuration": {
			answer: goodToken, prev: person(),
			cfg: configstore.ClientConfig{ClientID: "configured", HeaderKey: "flyte-authorization"}, client: "cli", refresh: oldRefresh, key: "flyte-authorization",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, env := tokenEndpoint(t, grants(tc.answer))
			set(env, func(c *configstore.ClientConfig) { *c = c.WithOverride(tc.cfg) })
			got, err := flow.Stored{}.Renew(t.Context(), env, tc.prev)
			if err != nil {
				t.Fatal(err)
			}
			if got.RefreshToken != tc.refresh || got.ClientID != tc.client {
				t.Errorf("refresh token %q of client %q, want %q of %q", got.RefreshToken, got.ClientID, tc.refresh, tc.client)
			}
			if key, _ := got.Header(); key != tc.key {
				t.Errorf("header key %q, want %q", key, tc.key)
			}
			want := map[string]string{"grant_type": "refresh_token", "refresh_token": oldRefresh, "client_id": tc.client}
			if diff := cmp.Diff(want, rec.requests()[0].form); diff != "" {
				t.Errorf("form (-want +got):\n%s", diff)
			}
			if h := rec.requests()[0].header.Get("Authorization"); h != "" {
				t.Errorf("a public client sent Authorization %q", h)
			}
		})
	}
}

// Only a dead refresh token ends a login. Everything else leaves it alone.
func TestOnlyADeadRefreshTokenEndsTheLogin(t *testing.T) {
	t.Parallel()
	const js = "application/json"
	tests := map[string]struct {
		answer http.HandlerFunc
		ended  bool
	}{
		"invalid_grant":            {answers(400, js, `{"error":"invalid_grant"}`), true},
		"invalid_grant with 401":   {answers(401, js, `{"error":"invalid_grant"}`), true},
		"invalid_grant with 200":   {answers(200, js, `{"error":"invalid_grant"}`), true},
		"Dex":                      {answers(400, js, `{"error":"invalid_request","error_description":"Refresh token is invalid or has already been claimed by another client."}`), true},
		"invalid_request with 200": {answers(200, js, `{"error":"invalid_request"}`), false},
		"invalid_grant with 500":   {answers(500, js, `{"error":"invalid_grant"}`), false},
		"invalid_grant with 429":   {answers(429, js, `{"error":"invalid_grant"}`), false},
		"invalid_client":           {answers(401, js, `{"error":"invalid_client"}`), true},
		"unauthorized_client":      {answers(400, js, `{"error":"unauthorized_client"}`), true},
		"bad_refresh_token":        {answers(200, js, `{"error":"bad_refresh_token","error_description":"The refresh token passed is incorrect or expired."}`), true},
		"invalid_token":            {answers(401, js, `{"error":"invalid_token"}`), true},
		"token_inactive":           {answers(401, js, `{"error":"token_inactive"}`), true},
		"interaction_required":     {answers(400, js, `{"error":"interaction_required"}`), true},
		"login_required":           {answers(400, js, `{"error":"login_required"}`), true},
		"consent_required":         {answers(400, js, `{"error":"consent_required"}`), true},
		"access_denied":            {answers(403, js, `{"error":"access_denied"}`), true},
		"ok:false":                 {answers(200, js, `{"ok":false}`), true},
		"ok:false and a code":      {answers(200, js, `{"ok":false,"error":"invalid_refresh_token"}`), true},
		"ok:false, busy":           {answers(200, js, `{"ok":false,"error":"ratelimited"}`), false},
		"error object":             {answers(400, js, `{"error":{"code":190,"message":"Error validating access token"}}`), true},
		"error object with 503":    {answers(503, js, `{"error":{"code":503,"status":"UNAVAILABLE"}}`), false},
		"own code":                 {answers(400, js, `{"error":"maintenance"}`), false},
		"401 without a code":       {answers(401, "text/plain", ""), true},
		"slow_down":                {answers(400, js, `{"error":"slow_down"}`), false},
		"temporarily_unavailable":  {answers(400, js, `{"error":"temporarily_unavailable"}`), false},
		"server_error":             {answers(400, js, `{"error":"server_error"}`), false},
		"server_error with 500":    {answers(500, js, `{"error":"server_error"}`), false},
		"408":                      {answers(408, js, `{"error":"invalid_grant"}`), false},
		"429":                      {answers(429, "text/plain", "slowly"), false},
		"redirect":                 {http.RedirectHandler("https://evil.example/", http.StatusFound).ServeHTTP, false},
		"not JSON":                 {answers(200, "text/plain", "welcome"), false},
		"truncated":                {answers(200, js, `{"error":"invalid_gr`), false},
		"403 from a gateway":       {answers(403, "text/html", "<html>"), false},
		"502":                      {answers(502, "text/html", "<html>"), false},
		"503":                      {answers(503, js, `{"error":"temporarily_unavailable"}`), false},
		"login page":               {answers(200, "text/html", "<html>"), false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, env := tokenEndpoint(t, tc.answer)
			_, err := flow.Stored{}.Renew(t.Context(), env, person())
			want := codes.Unavailable
			if tc.ended {
				want = codes.Unauthenticated
				contains(t, err.Error(), "log in again")
			}
			if errors.Is(err, auth.ErrRejected) != tc.ended || status.Code(err) != want {
				t.Errorf("got %v with code %v, want it ended: %v", err, status.Code(err), tc.ended)
			}
		})
	}
}

func TestStoredAsksNoPerson(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(goodToken))
	_, obtain := flow.Stored{}.Obtain(t.Context(), env, nil)
	_, noLogin := flow.Stored{}.Renew(t.Context(), env, nil)
	_, noRefresh := flow.Stored{}.Renew(t.Context(), env, &auth.Credentials{AccessToken: "x"})
	_, ended := flow.Stored{}.Obtain(t.Context(), env, person())
	for _, tc := range []struct {
		err    error
		advice string
		ended  bool
	}{
		{obtain, "make one with a flow for people", false},
		{noLogin, "log in again", false},
		{noRefresh, "log in again", true},
		{ended, "the login has ended; log in again", true},
	} {
		err := tc.err
		if errors.Is(err, auth.ErrLoginEnded) != tc.ended || errors.Is(err, auth.ErrNotLoggedIn) == tc.ended {
			t.Errorf("got %v, want that the login has ended: %v", err, tc.ended)
		}
		if !errors.Is(err, auth.ErrInteractionRequired) || errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v with code %v, want that a person is needed", err, status.Code(err))
			continue
		}
		contains(t, err.Error(), tc.advice)
	}
	_, err := flow.Stored{}.Renew(t.Context(), env, &auth.Credentials{RefreshToken: "x"})
	contains(t, err.Error(), "set ClientConfig.ClientID")
	if n := len(rec.requests()); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestStatic(t *testing.T) {
	t.Parallel()
	given := &auth.Credentials{AccessToken: "a=1; b=2", TokenType: auth.Raw, HeaderKey: "cookie", Expiry: time.Now().Add(time.Hour)}
	got, err := flow.Static{Credentials: given}.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil || got != given {
		t.Errorf("got %v and %v, want what was given", got, err)
	}
	got, err = flow.StaticToken("abc").Obtain(t.Context(), auth.Env{}, got)
	if _, value := got.Header(); err != nil || value != "Bearer abc" {
		t.Errorf("got %q and %v", value, err)
	}
	for want, f := range map[string]flow.Static{
		"no token was given":    flow.StaticToken(""),
		"no token was":          {},
		"contains a line break": flow.StaticToken("static-canary\nx"),
		"more than one word":    flow.StaticToken("static-canary x"),
	} {
		_, err := f.Obtain(t.Context(), auth.Env{}, nil)
		if !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
			t.Errorf("got %v, want a rejection", err)
			continue
		}
		contains(t, err.Error(), want)
		if findCanary(printed(err), "static-canary") != "" {
			t.Errorf("the token shows up in %v", err)
		}
	}
	if _, ok := any(flow.Static{}).(auth.Renewer); ok {
		t.Error("Static claims to renew")
	}
}

func TestTraits(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		flow auth.Flow
		want auth.Traits
	}{
		"machine": {flow.ClientCredentials{}, auth.Traits{Name: "client_credentials"}},
		"static":  {flow.Static{}, auth.Traits{Name: "static", Unstored: true}},
		"stored":  {flow.Stored{}, auth.Traits{Name: "stored", Interactive: true, FileStorable: true}},
		"command": {flow.Command{}, auth.Traits{Name: "command", Timeout: 62 * time.Second}},
		"patient": {flow.Command{Interactive: true}, auth.Traits{Name: "command", Interactive: true, Timeout: 302 * time.Second}},
		"hurried": {flow.Command{Timeout: time.Second}, auth.Traits{Name: "command", Timeout: 3 * time.Second}},
	}
	for name, tc := range tests {
		if got := auth.TraitsOf(tc.flow); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}
