package flow_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

func TestClientCredentialsGetAToken(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(`{"access_token":"fresh","token_type":"bearer","expires_in":3600,"refresh_token":"unwanted"}`))
	set(env, func(c *configstore.ClientConfig) {
		c.Scopes, c.Audience, c.HeaderKey = []string{"all", "offline"}, "https://api.example", "flyte-authorization"
	})
	before := time.Now()

	got, err := machine().Obtain(t.Context(), env, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key, value := got.Header(); key != "flyte-authorization" || value != "Bearer fresh" {
		t.Errorf("header is %s: %s", key, value)
	}
	if got.RefreshToken != "" || got.ClientID != "batch" {
		t.Errorf("refresh token %q and client %q, want none and batch", got.RefreshToken, got.ClientID)
	}
	if life := got.Expiry.Sub(before); life < time.Hour-time.Minute || life > time.Hour+time.Minute || got.IssuedAt.Before(before) {
		t.Errorf("expires %v after the request, issued at %v", life, got.IssuedAt)
	}
	requests := rec.requests()
	if len(requests) != 1 {
		t.Fatalf("%d requests, want 1", len(requests))
	}
	want := map[string]string{"grant_type": "client_credentials", "scope": "all offline", "audience": "https://api.example"}
	if diff := cmp.Diff(want, requests[0].form); diff != "" {
		t.Errorf("form (-want +got):\n%s", diff)
	}
	if accept := requests[0].header.Get("Accept"); accept != "application/json" {
		t.Errorf("Accept is %q", accept)
	}
}

func TestClientCredentialsOwnScopesAndAudienceWin(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(goodToken))
	set(env, func(c *configstore.ClientConfig) { c.Scopes, c.Audience = []string{"configured"}, "configured" })
	f := machine()
	f.Scopes, f.Audience = []string{"own"}, "mine"
	if _, err := f.Renew(t.Context(), env, nil); err != nil {
		t.Fatal(err)
	}
	form := rec.requests()[0].form
	if form["scope"] != "own" || form["audience"] != "mine" {
		t.Errorf("form is %v", form)
	}
}

func TestClientAuthentication(t *testing.T) {
	t.Parallel()
	const post, basic = "client_secret_post", "client_secret_basic"
	tests := map[string]struct {
		id, secret string
		style      flow.AuthStyle
		advertised []string
		header     string // Authorization
		form       map[string]string
		err        string
	}{
		"RFC 6749 section 2.3.1": {id: "s6BhdRkqt3", secret: "gX1fBat3bV", header: "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"},
		"RFC 6749 appendix B": { // "+%25%26%2B%C2%A3%E2%82%AC" on both sides of the colon
			id: " %&+£€", secret: " %&+£€",
			header: "Basic KyUyNSUyNiUyQiVDMiVBMyVFMiU4MiVBQzorJTI1JTI2JTJCJUMyJUEzJUUyJTgyJUFD",
		},
		"not decoded by the server":     {id: "a", secret: "%+", style: flow.StyleBasicRaw, header: "Basic YTolKw=="},
		"both advertised":               {id: "a", secret: "b", advertised: []string{post, basic}, header: "Basic YTpi"},
		"form advertised":               {id: "a", secret: "b", advertised: []string{"private_key_jwt", post}, form: map[string]string{"client_id": "a", "client_secret": "b"}},
		"form chosen":                   {id: "a", secret: "b", style: flow.StyleForm, form: map[string]string{"client_id": "a", "client_secret": "b"}},
		"chosen against the advertised": {id: "a", secret: "b", style: flow.StyleBasic, advertised: []string{post}, header: "Basic YTpi"},
		"neither advertised":            {id: "a", secret: "b", advertised: []string{"private_key_jwt"}, err: "advertises private_key_jwt"},
		"colon in a raw ID":             {id: "a:b", secret: "c", style: flow.StyleBasicRaw, err: "colon"},
		"unknown style":                 {id: "a", secret: "b", style: 9, err: "unknown AuthStyle 9"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, env := tokenEndpoint(t, grants(goodToken))
			set(env, func(c *configstore.ClientConfig) { c.AuthMethods = tc.advertised })
			f := flow.ClientCredentials{ClientID: tc.id, Secret: flow.SecretValue(tc.secret), AuthStyle: tc.style}
			_, err := f.Obtain(t.Context(), env, nil)
			requests := rec.requests()
			if tc.err != "" {
				if err == nil || len(requests) != 0 {
					t.Fatalf("error %v after %d requests, want one before any", err, len(requests))
				}
				contains(t, err.Error(), tc.err)
				return
			}
			if err != nil || len(requests) != 1 {
				t.Fatalf("error %v after %d requests, want one request", err, len(requests))
			}
			if got := requests[0].header.Get("Authorization"); got != tc.header {
				t.Errorf("Authorization is %q, want %q", got, tc.header)
			}
			delete(requests[0].form, "grant_type")
			if diff := cmp.Diff(tc.form, requests[0].form); diff != "" && len(tc.form)+len(requests[0].form) > 0 {
				t.Errorf("form (-want +got):\n%s", diff)
			}
		})
	}
}

// A refused client is told once, whatever the server would say to another style.
func TestRefusedClientIsNotTriedInAnotherStyle(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, answers(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`))
	_, err := machine().Obtain(t.Context(), env, nil)
	if !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %v with code %v, want a rejection", err, status.Code(err))
	}
	contains(t, err.Error(), "client credentials: token endpoint 127.0.0.1:", "401", "invalid_client", "check the client ID and secret")
	if n := len(rec.requests()); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestSecretsAreReadAtEveryUse(t *testing.T) {
	t.Parallel()
	rec, env := tokenEndpoint(t, grants(goodToken))
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	f := flow.ClientCredentials{
		ClientIDFrom: flow.SecretFile(write("id", "one\n")),
		Secret:       flow.SecretFile(write("secret", "first\r\n")),
	}
	for _, change := range []func(){func() {}, func() { write("id", "\ufefftwo"); write("secret", "second\n") }} {
		change()
		if _, err := f.Obtain(t.Context(), env, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []seen{{id: "one", secret: "first"}, {id: "two", secret: "second"}} {
		if got := rec.requests()[i]; got.id != want.id || got.secret != want.secret {
			t.Errorf("request %d came from %s with %s, want %s with %s", i, got.id, got.secret, want.id, want.secret)
		}
	}
}

func TestUnusableSecretsAreNamedByTheirSource(t *testing.T) {
	dir := t.TempDir()
	empty, big := filepath.Join(dir, "empty"), filepath.Join(dir, "big")
	for path, content := range map[string][]byte{empty: []byte("\n"), big: make([]byte, 64<<10+1)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("JETWAY_TEST_EMPTY", "")
	tests := map[string]struct {
		flow flow.ClientCredentials
		want []string
	}{
		"no ID":          {flow.ClientCredentials{Secret: flow.SecretValue("x")}, []string{"client ID", "not set"}},
		"no secret":      {flow.ClientCredentials{ClientID: "x"}, []string{"client secret", "not set", "SecretFile"}},
		"empty value":    {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretValue("")}, []string{"given value is empty"}},
		"missing file":   {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretFile(dir + "/none")}, []string{dir + "/none"}},
		"empty file":     {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretFile(empty)}, []string{empty, "is empty"}},
		"large file":     {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretFile(big)}, []string{big, "larger than 64 KiB"}},
		"folder":         {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretFile(dir)}, []string{dir, "not a regular file"}},
		"unset variable": {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretEnv("JETWAY_TEST_UNSET")}, []string{"JETWAY_TEST_UNSET is not set"}},
		"empty variable": {flow.ClientCredentials{ClientID: "x", Secret: flow.SecretEnv("JETWAY_TEST_EMPTY")}, []string{"JETWAY_TEST_EMPTY is empty"}},
	}
	rec, env := tokenEndpoint(t, grants(goodToken))
	for name, tc := range tests {
		_, err := tc.flow.Obtain(t.Context(), env, nil)
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		contains(t, err.Error(), tc.want...)
	}
	if n := len(rec.requests()); n != 0 {
		t.Errorf("%d requests went out", n)
	}

	// And a variable that is set serves.
	t.Setenv("JETWAY_TEST_SECRET", "from-env\n") // as "echo secret | base64" leaves it
	f := flow.ClientCredentials{ClientID: "x", Secret: flow.SecretEnv("JETWAY_TEST_SECRET")}
	if _, err := f.Obtain(t.Context(), env, nil); err != nil || rec.requests()[0].secret != "from-env" {
		t.Errorf("error %v, requests %v", err, rec.requests())
	}
}

func TestOutdatedConfigurationIsReadAgain(t *testing.T) {
	t.Parallel()
	unknownClient := answers(http.StatusUnauthorized, "application/json", `{"error":"invalid_client"}`)
	tests := map[string]struct {
		old     http.HandlerFunc
		moved   bool // the configuration read again names another endpoint
		wantErr bool
		wantOld int
		wantNew int
	}{
		"client unknown, endpoint moved": {old: unknownClient, moved: true, wantOld: 1, wantNew: 1},
		"path unknown, endpoint moved":   {old: http.NotFound, moved: true, wantOld: 1, wantNew: 1},
		"client unknown, nothing new":    {old: unknownClient, wantErr: true, wantOld: 1},
		"other refusal":                  {old: answers(400, "application/json", `{"error":"invalid_scope"}`), moved: true, wantErr: true, wantOld: 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oldRec, env := tokenEndpoint(t, tc.old)
			newRec, newEnv := tokenEndpoint(t, grants(goodToken))
			store, newStore := env.Config.(*config), newEnv.Config.(*config)
			if tc.moved {
				store.next = newStore.now
			}
			_, err := machine().Obtain(t.Context(), env, nil)
			if (err != nil) != tc.wantErr {
				t.Errorf("error %v", err)
			}
			if o, n := len(oldRec.requests()), len(newRec.requests()); o != tc.wantOld || n != tc.wantNew {
				t.Errorf("%d requests to the old endpoint and %d to the new, want %d and %d", o, n, tc.wantOld, tc.wantNew)
			}
			if want := 1; name == "other refusal" && store.invalidated != 0 || name != "other refusal" && store.invalidated != want {
				t.Errorf("invalidated %d times", store.invalidated)
			}
		})
	}
}

func TestConfigurationTroubleSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	down := errors.New("backend unreachable")
	tests := map[string]struct {
		store configstore.ClientConfigStore
		want  string
		is    error
	}{
		"none":                {nil, "set Env.Config", nil},
		"no token endpoint":   {&config{}, "set ClientConfig.TokenEndpoint", nil},
		"no login advertised": {&config{err: configstore.ErrNoLogin}, "no login", configstore.ErrNoLogin},
		"unreachable":         {&config{err: down}, "unreachable", down},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := machine().Obtain(t.Context(), auth.Env{Config: tc.store}, nil)
			if err == nil {
				t.Fatal("no error")
			}
			contains(t, err.Error(), tc.want)
			if tc.is != nil && !errors.Is(err, tc.is) {
				t.Errorf("%v does not wrap %v", err, tc.is)
			}
			if own := (*flow.Error)(nil); !errors.As(err, &own) || own.Flow != "client_credentials" {
				t.Errorf("%T is no *flow.Error of this flow", err)
			}
		})
	}
}

func TestSecretsGoOnlyWhereTheyAreSafe(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"http://idp.example/token":          "refusing http",
		"http://127.0.0.1.evil.example/":    "refusing http",
		"ftp://idp.example/token":           "refusing ftp",
		"/token":                            "no absolute URL",
		"https:///token":                    "no absolute URL",
		"https://u:pw-canary@idp.example/t": "must not carry a user name",
		"https://idp.example/token#part":    "must not have a fragment",
		"http://[::1":                       "no absolute URL",
	} {
		rec, env := inMemoryEndpoint(grants(goodToken))
		set(env, func(c *configstore.ClientConfig) { c.TokenEndpoint = endpoint })
		_, err := machine().Obtain(t.Context(), env, nil)
		if err == nil || len(rec.requests()) != 0 {
			t.Errorf("%s: error %v after %d requests, want one before any", endpoint, err, len(rec.requests()))
			continue
		}
		contains(t, err.Error(), want)
		if status.Code(err) != codes.FailedPrecondition {
			t.Errorf("%s: code %v", endpoint, status.Code(err))
		}
	}
	for _, endpoint := range []string{"https://idp.example/t", " https://idp.example/t\n", "http://127.0.0.1:1/t", "http://[::1]/t", "http://LOCALHOST/t?tenant=1"} {
		_, env := inMemoryEndpoint(grants(goodToken))
		set(env, func(c *configstore.ClientConfig) { c.TokenEndpoint = endpoint })
		if _, err := machine().Obtain(t.Context(), env, nil); err != nil {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}
