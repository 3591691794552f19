package flow_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

// write makes a file with a secret in it.
func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTokenFile(t *testing.T) {
	t.Parallel()
	path := write(t, " \n my_token \r\n")
	f := flow.TokenFile{Path: path, TokenType: "token", HeaderKey: "X-Auth"}
	c, err := f.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key, value := c.Header(); key != "x-auth" || value != "token my_token" || !c.Expiry.IsZero() || c.IssuedAt.IsZero() {
		t.Errorf("header %s: %s, expiry %v", key, value, c.Expiry)
	}
	if err := os.WriteFile(path, []byte("rotated"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, err = f.Renew(t.Context(), auth.Env{}, c); err != nil || c.AccessToken != "rotated" {
		t.Errorf("got %v and %v, want what is in the file now", c, err)
	}
	if got := auth.TraitsOf(f); got != (auth.Traits{Name: "token_file", Unstored: true}) {
		t.Errorf("traits %+v", got)
	}
}

func TestTokenFileKnowsWhenAJWTEnds(t *testing.T) {
	t.Parallel()
	// {"alg":"none"}.{"exp":4102444800}
	c, err := flow.TokenFile{Path: write(t, "eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.x\n")}.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil || !c.Expiry.Equal(time.Unix(4102444800, 0)) {
		t.Errorf("got %v and %v", c, err)
	}
}

func TestTokenFilesThatHoldNoToken(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]flow.TokenFile{
		"set Path":                 {},
		"no such file":             {Path: filepath.Join(t.TempDir(), "none")},
		"not a regular file":       {Path: t.TempDir()},
		"is empty":                 {Path: write(t, "\n")},
		"secret is empty":          {Path: write(t, " \t \n")},
		"larger than 64 KiB":       {Path: write(t, strings.Repeat("x", 65<<10))},
		"contains a line break":    {Path: write(t, "file-canary\nand another")},
		"more than one word":       {Path: write(t, "token file-canary")},
		"another character":        {Path: write(t, "file-canary\x00")},
		"is not valid in a header": {Path: write(t, "file-canary é")},
	} {
		_, err := f.Obtain(t.Context(), auth.Env{}, nil)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "token file: ") {
			t.Errorf("got %v, want an error with %q", err, want)
		}
		if findCanary(printed(err), "file-canary") != "" {
			t.Errorf("the token shows up in %v", err)
		}
	}
	c, err := flow.TokenFile{Path: write(t, "session=a; csrf=b\n"), TokenType: auth.Raw, HeaderKey: "cookie"}.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil || c.AccessToken != "session=a; csrf=b" {
		t.Errorf("got %v and %v, want the cookies", c, err)
	}
}

func TestTokenExchange(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(`{"access_token":"traded","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",`+
		`"token_type":"Bearer","expires_in":60,"refresh_token":"unwanted"}`))
	set(env, func(c *configstore.ClientConfig) { c.Scopes, c.Audience = []string{"all"}, "configured" })
	subject := write(t, "subject-1\n")
	f := flow.TokenExchange{
		SubjectToken: flow.SecretFile(subject), ActorToken: flow.SecretValue("actor"), ActorTokenType: flow.TokenTypeAccess,
		RequestedTokenType: flow.TokenTypeAccess, Audience: "api", Resources: []string{"https://a.example/"}, Extra: url.Values{"vendor": {"1"}},
	}
	c, err := f.Obtain(t.Context(), env, nil)
	if err != nil || c.AccessToken != "traded" || c.RefreshToken != "" {
		t.Fatalf("got %v and %v", c, err)
	}
	want := map[string]string{
		"grant_type":    "urn:ietf:params:oauth:grant-type:token-exchange",
		"subject_token": "subject-1", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
		"actor_token": "actor", "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
		"requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
		"scope":                "all", "audience": "api", "resource": "https://a.example/", "vendor": "1",
	}
	if diff := cmp.Diff(want, rec.requests()[0].form); diff != "" { // no client_id: none is configured, and none is needed
		t.Errorf("form (-want +got):\n%s", diff)
	}

	if err := os.WriteFile(subject, []byte("subject-2"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.ClientID, f.ClientSecret, f.SubjectTokenType = "workload", flow.SecretValue("s"), flow.TokenTypeID
	if _, err := f.Renew(t.Context(), env, c); err != nil {
		t.Fatal(err)
	}
	second := rec.requests()[1]
	if second.form["subject_token"] != "subject-2" || second.form["subject_token_type"] != flow.TokenTypeID || second.id != "workload" || second.secret != "s" {
		t.Errorf("second request %+v", second)
	}
	if got := auth.TraitsOf(f); got != (auth.Traits{Name: "token_exchange/workload", Audience: f.Audience}) {
		t.Errorf("traits %+v", got)
	}
}

// A bearer token is wanted, whatever the server calls what it made.
func TestTokenExchangeGetsWhatCanBeShown(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ issued, tokenType, err string }{
		"access token":        {flow.TokenTypeAccess, "Bearer", ""},
		"ID token":            {flow.TokenTypeID, "N_A", ""},
		"JWT":                 {flow.TokenTypeJWT, "n_a", ""},
		"JWT, called bearer":  {flow.TokenTypeJWT, "bearer", ""},
		"SAML":                {"urn:ietf:params:oauth:token-type:saml2", "N_A", "token_type is N_A"},
		"nothing said":        {"", "N_A", "token_type is N_A"},
		"refresh token":       {flow.TokenTypeRefresh, "N_A", "set RequestedTokenType"},
		"refresh token, sold": {flow.TokenTypeRefresh, "Bearer", "set RequestedTokenType"},
	} {
		_, env := tokenEndpoint(t, grants(`{"access_token":"traded-canary","issued_token_type":"`+tc.issued+`","token_type":"`+tc.tokenType+`"}`))
		c, err := flow.TokenExchange{SubjectToken: flow.SecretValue("s")}.Obtain(t.Context(), env, nil)
		if tc.err == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, value := c.Header(); value != "Bearer traded-canary" {
				t.Errorf("%s: sends %q", name, value)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tc.err) || findCanary(printed(err), "traded-canary") != "" {
			t.Errorf("%s: got %v and %v, want an error with %q", name, c, err, tc.err)
		}
	}
}

func TestTokenExchangeThatFails(t *testing.T) {
	t.Parallel()
	_, env := tokenEndpoint(t, answers(400, "application/json", `{"error":"invalid_request","error_description":"subject-canary is bad"}`))
	subject := flow.SecretValue("subject-canary")
	_, err := flow.TokenExchange{SubjectToken: subject}.Obtain(t.Context(), env, nil)
	if !errors.Is(err, auth.ErrRejected) || findCanary(printed(err), "subject-canary") != "" {
		t.Errorf("got %v, want a rejection without the token", err)
	}
	for want, f := range map[string]flow.TokenExchange{
		"subject token: not set":    {},
		"actor token: environment":  {SubjectToken: subject, ActorToken: flow.SecretEnv("JETWAY_TEST_NOT_SET")},
		"client secret: file":       {SubjectToken: subject, ClientID: "c", ClientSecret: flow.SecretFile(write(t, ""))},
		"names no client":           {SubjectToken: subject, ClientSecret: flow.SecretValue("s")},
		"not several":               {SubjectToken: subject, ClientID: "c", ClientSecret: flow.SecretValue("s"), Assertion: flow.SecretValue("a")},
		"grant_type cannot be an e": {SubjectToken: subject, Extra: url.Values{"grant_type": {"x"}}},
	} {
		if _, err := f.Obtain(t.Context(), env, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestPassword(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(`{"access_token":"new","refresh_token":"r","expires_in":60}`))
	set(env, func(c *configstore.ClientConfig) { c.ClientID, c.Scopes = "cli", []string{"all"} })
	path := write(t, "pass-canary\n")
	f := flow.Password{Username: "jo", Password: flow.SecretFile(path)}
	c, err := f.Obtain(t.Context(), env, nil)
	if err != nil || c.AccessToken != "new" || c.RefreshToken != "r" {
		t.Fatalf("got %v and %v", c, err)
	}
	want := map[string]string{"grant_type": "password", "username": "jo", "password": "pass-canary", "scope": "all", "client_id": "cli"}
	if diff := cmp.Diff(want, rec.requests()[0].form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}

	if _, err := f.Renew(t.Context(), env, c); err != nil || rec.requests()[1].form["grant_type"] != "refresh_token" {
		t.Errorf("got %v, and %v", err, rec.requests()[1].form)
	}
	c.RefreshToken = ""
	if _, err := f.Renew(t.Context(), env, c); err != nil || rec.requests()[2].form["grant_type"] != "password" {
		t.Errorf("got %v, and %v", err, rec.requests()[2].form)
	}
	if got, other := auth.TraitsOf(f).Name, auth.TraitsOf(flow.Password{Username: "al"}).Name; got == other || got == auth.StoredFlow {
		t.Errorf("stored as %q, another user's as %q", got, other)
	}
}

func TestPasswordThatFails(t *testing.T) {
	t.Parallel()
	f := flow.Password{Username: "jo", Password: flow.SecretValue("pass-canary"), ClientID: "c"}
	for name, h := range map[string]struct {
		code   int
		answer string
	}{
		"usual": {400, `{"error":"invalid_grant","error_description":"jo does not know pass-canary"}`},
		"Dex":   {401, `{"error":"access_denied","error_description":"Invalid username or password"}`},
	} {
		rec, env := tokenEndpoint(t, answers(h.code, "application/json", h.answer))
		_, err := f.Obtain(t.Context(), env, nil)
		if !errors.Is(err, auth.ErrRejected) || errors.Is(err, auth.ErrDeclined) || status.Code(err) != codes.Unauthenticated || len(rec.requests()) != 1 {
			t.Errorf("%s: got %v after %d requests, want one rejection", name, err, len(rec.requests()))
		}
		if findCanary(printed(err), "pass-canary") != "" {
			t.Errorf("%s: the password shows up in %v", name, err)
		}
	}
	_, env := tokenEndpoint(t, grants(goodToken))
	for want, f := range map[string]flow.Password{
		"set Username":      {Password: flow.SecretValue("x"), ClientID: "c"},
		"password: not set": {Username: "jo", ClientID: "c"},
		"names no client":   {Username: "jo", Password: flow.SecretValue("x")},
	} {
		if _, err := f.Obtain(context.Background(), env, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}
