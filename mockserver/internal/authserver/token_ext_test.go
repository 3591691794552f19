package authserver_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestClientCredentialsYieldATokenWithoutRefreshToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *oauth.Config) { c.TokenTTL = 90 * time.Second })

	a := mustToken(t, s, "scope", "read", "audience", "https://api.example")

	if a.TokenType != "Bearer" || a.ExpiresIn != 90 || a.Scope != "read" || a.RefreshToken != "" {
		t.Errorf("unexpected answer: type %q, expires in %d, scope %q, refresh token %t",
			a.TokenType, a.ExpiresIn, a.Scope, a.RefreshToken != "")
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("Cache-Control = %q", got)
	}
	info, err := s.Verify(a.AccessToken, "https://api.example")
	if err != nil {
		t.Fatal(err)
	}
	if info.Subject != clientID || info.ClientID != clientID || strings.Join(info.Scopes, " ") != "read" {
		t.Errorf("token says %+v", info)
	}
}

// Basic authentication form-encodes ID and secret before joining them, so that
// colons, spaces and percent signs survive.
func TestBasicIsFormDecoded(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	grant := form("grant_type", "client_credentials")

	encoded := post(t, s, "/oauth2/token", grant, func(r *http.Request) {
		r.SetBasicAuth(url.QueryEscape("basic only"), url.QueryEscape("p:ass w/ord%"))
	})
	plain := post(t, s, "/oauth2/token", grant, func(r *http.Request) { r.SetBasicAuth("basic only", "p:ass w/ord%") })

	if encoded.status != http.StatusOK {
		t.Errorf("form-encoded: %d %s", encoded.status, encoded.body)
	}
	if plain.status != http.StatusUnauthorized || plain.Error != "invalid_client" || plain.header.Get("WWW-Authenticate") == "" {
		t.Errorf("as it is: %d %s, challenge %q", plain.status, plain.body, plain.header.Get("WWW-Authenticate"))
	}
}

func TestBadTokenRequestsAreRefused(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 70<<10)
	grant := func(pairs ...string) url.Values {
		return withSecret(append([]string{"grant_type", "client_credentials"}, pairs...)...)
	}
	tests := []struct {
		name   string
		form   url.Values
		edit   func(*http.Request)
		status int
		code   string
	}{
		{"wrong secret", form("grant_type", "client_credentials", "client_id", clientID, "client_secret", "no"), nil, 401, "invalid_client"},
		{"unknown client", form("grant_type", "client_credentials", "client_id", "who", "client_secret", secret), nil, 401, "invalid_client"},
		{"no client", form("grant_type", "client_credentials"), nil, 401, "invalid_client"},
		{"no secret", form("grant_type", "client_credentials", "client_id", clientID), nil, 401, "invalid_client"},
		{"method not registered", form("grant_type", "client_credentials", "client_id", "basic only", "client_secret", "p:ass w/ord%"), nil, 401, "invalid_client"},
		{"header and form", grant(), func(r *http.Request) { r.SetBasicAuth(clientID, secret) }, 400, "invalid_request"},
		{"two headers", form("grant_type", "client_credentials"), func(r *http.Request) {
			r.Header.Add("Authorization", "Basic eDp5")
			r.Header.Add("Authorization", "Basic eDp5")
		}, 400, "invalid_request"},
		{"another client_id", form("grant_type", "client_credentials", "client_id", "public"),
			func(r *http.Request) { r.SetBasicAuth(clientID, secret) }, 400, "invalid_request"},
		{"bearer in place of basic", form("grant_type", "client_credentials"),
			func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, 401, "invalid_client"},
		{"basic without colon", form("grant_type", "client_credentials"),
			func(r *http.Request) { r.Header.Set("Authorization", "Basic eA==") }, 401, "invalid_client"},
		{"public client", form("grant_type", "client_credentials", "client_id", "public"), nil, 400, "unauthorized_client"},
		{"no grant", withSecret(), nil, 400, "invalid_request"},
		{"unknown grant", withSecret("grant_type", "magic"), nil, 400, "unsupported_grant_type"},
		{"unknown scope", grant("scope", "read admin"), nil, 400, "invalid_scope"},
		{"odd scope", grant("scope", `re"ad`), nil, 400, "invalid_scope"},
		{"relative resource", grant("resource", "api"), nil, 400, "invalid_target"},
		{"resource with fragment", grant("resource", "https://api.example/#a"), nil, 400, "invalid_target"},
		{"repeated parameter", grant("scope", "read", "scope", "all"), nil, 400, "invalid_request"},
		{"repeated unknown parameter", grant("x", "1", "x", "1"), nil, 400, "invalid_request"},
		{"control character", grant("scope", "re\x00ad"), nil, 400, "invalid_request"},
		{"not UTF-8", grant("scope", "\xff"), nil, 400, "invalid_request"},
		{"too long", grant("x", long), nil, 413, "invalid_request"},
		{"in the URL", grant(), func(r *http.Request) { r.URL.RawQuery = "grant_type=client_credentials" }, 400, "invalid_request"},
		{"JSON", grant(), func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, 400, "invalid_request"},
		{"no content type", grant(), func(r *http.Request) { r.Header.Del("Content-Type") }, 400, "invalid_request"},
		{"GET", grant(), func(r *http.Request) { r.Method = http.MethodGet }, 405, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, nil)
			a := post(t, s, "/oauth2/token", tt.form, func(r *http.Request) {
				if tt.edit != nil {
					tt.edit(r)
				}
			})
			if a.status != tt.status || a.Error != tt.code {
				t.Errorf("got %d %s, want %d %s", a.status, a.body, tt.status, tt.code)
			}
			if a.header.Get("Cache-Control") != "no-store" {
				t.Error("a refusal may be cached")
			}
			if strings.Contains(a.body, secret) {
				t.Error("the answer repeats the secret")
			}
		})
	}
}

func TestTooManyParametersAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, issuer+"/oauth2/token", strings.NewReader(strings.Repeat("a=&", 100)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")

	if a := do(t, s, r); a.status != http.StatusBadRequest || a.Error != "invalid_request" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestRequestedAudiencesMustBeAllowed(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *oauth.Config) {
		c.Audiences = []string{"https://api.example", "https://other.example"}
		c.DefaultAudience = "https://api.example"
	})

	none := mustToken(t, s)
	other := mustToken(t, s, "resource", "https://other.example")
	both := mustToken(t, s, "resource", "https://other.example", "resource", "https://api.example", "audience", "https://api.example")
	unknown := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials", "audience", "https://elsewhere.example"))

	if _, err := s.Verify(none.AccessToken, "https://api.example"); err != nil {
		t.Errorf("default audience: %v", err)
	}
	if _, err := s.Verify(other.AccessToken, "https://api.example"); !errors.Is(err, authserver.ErrAudience) {
		t.Errorf("token for another audience: %v", err)
	}
	info, err := s.Verify(both.AccessToken, "https://other.example")
	if err != nil || len(info.Audience) != 2 {
		t.Errorf("two audiences: %v, %v", info.Audience, err)
	}
	if unknown.Error != "invalid_target" {
		t.Errorf("unknown audience: %s", unknown.body)
	}
}
