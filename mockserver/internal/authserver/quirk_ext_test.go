package authserver_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func getWith(t *testing.T, s http.Handler, path string, authorizations ...string) (code int, doc map[string]any, challenge string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, issuer+path, http.NoBody)
	for _, a := range authorizations {
		r.Header.Add("Authorization", a)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	return w.Code, doc, w.Header().Get("WWW-Authenticate")
}

// raw posts and returns an answer that may not be what JSON readers expect.
func raw(t *testing.T, s http.Handler, path string, values url.Values) (status int, kind, body, to string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, issuer+path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Code, w.Header().Get("Content-Type"), w.Body.String(), w.Header().Get("Location")
}

// Without the quirk, the answer is that of the standard.
func TestEachQuirkChangesItsAnswer(t *testing.T) {
	t.Parallel()
	const token, device = "/oauth2/token", "/oauth2/device_authorization"
	credentials := withSecret("grant_type", "client_credentials")
	ask := form("client_id", "app")
	refused := form("client_id", "app", "grant_type", "refresh_token", "refresh_token", "dead")
	wrong := form("client_id", "app", "grant_type", "password", "username", "ada", "password", "wrong")
	tests := []struct {
		quirk  oauth.Quirk
		path   string
		values url.Values
		shows  func(status int, kind, body, to string) bool
	}{
		{oauth.QuirkDexErrors, token, refused, func(status int, _, body, _ string) bool {
			return status == 400 && strings.Contains(body, `"invalid_request"`)
		}},
		{oauth.QuirkDexErrors, token, wrong, func(status int, _, body, _ string) bool {
			return status == 401 && strings.Contains(body, `"access_denied"`)
		}},
		{oauth.QuirkNoInterval, device, ask, func(_ int, _, body, _ string) bool { return !strings.Contains(body, "interval") }},
		{oauth.QuirkNegativeInterval, device, ask, func(_ int, _, body, _ string) bool { return strings.Contains(body, `"interval":-1`) }},
		{oauth.QuirkHugeInterval, device, ask, func(_ int, _, body, _ string) bool { return strings.Contains(body, `"interval":1000000000`) }},
		{oauth.QuirkVerificationURL, device, ask, func(_ int, _, body, _ string) bool {
			return strings.Contains(body, `"verification_url":`) && !strings.Contains(body, `"verification_uri":`)
		}},
		{oauth.QuirkNoCompleteURI, device, ask, func(_ int, _, body, _ string) bool { return !strings.Contains(body, "complete") }},
		{oauth.QuirkPlainText, token, credentials, func(_ int, kind, body, _ string) bool {
			return strings.HasPrefix(kind, "text/plain") && strings.Contains(body, `"access_token":`)
		}},
		{oauth.QuirkPlainText, token, refused, func(_ int, kind, _, _ string) bool { return strings.HasPrefix(kind, "text/plain") }},
		{oauth.QuirkFormAnswers, token, credentials, func(_ int, kind, body, _ string) bool {
			v, err := url.ParseQuery(body)
			return strings.HasPrefix(kind, "application/x-www-form-urlencoded") && err == nil && v.Get("access_token") != "" && v.Get("expires_in") == "3600"
		}},
		{oauth.QuirkStringExpiresIn, token, credentials, func(_ int, _, body, _ string) bool { return strings.Contains(body, `"expires_in":"3600"`) }},
		{oauth.QuirkStringExpiresIn, device, ask, func(_ int, _, body, _ string) bool { return strings.Contains(body, `"expires_in":"600"`) }},
		{oauth.QuirkNoExpiresIn, token, credentials, func(_ int, _, body, _ string) bool { return !strings.Contains(body, "expires_in") }},
		{oauth.QuirkErrorsAs200, token, refused, func(status int, _, body, _ string) bool { return status == 200 && strings.Contains(body, `"error"`) }},
		{oauth.QuirkNoScope, token, credentials, func(_ int, _, body, _ string) bool { return !strings.Contains(body, `"scope"`) }},
		{oauth.QuirkLowerCaseBearer, token, credentials, func(_ int, _, body, _ string) bool { return strings.Contains(body, `"token_type":"bearer"`) }},
		{oauth.QuirkTokenMoved, token, credentials, func(status int, _, body, to string) bool {
			return status == 307 && strings.HasPrefix(to, issuer) && !strings.Contains(body, "access_token")
		}},
		{oauth.QuirkNoRevocation, "/oauth2/revoke", withSecret("token", "x"), func(status int, _, _, _ string) bool { return status == 404 }},
	}
	for _, tt := range tests {
		t.Run(string(tt.quirk)+" "+tt.path, func(t *testing.T) {
			t.Parallel()
			status, kind, body, to := raw(t, newPeople(t, nil), tt.path, tt.values)
			if tt.shows(status, kind, body, to) {
				t.Errorf("shows without the quirk: %d %s", status, body)
			}
			s := newPeople(t, func(c *oauth.Config) { c.Quirks = []oauth.Quirk{tt.quirk} })
			status, kind, body, to = raw(t, s, tt.path, tt.values)
			if !tt.shows(status, kind, body, to) {
				t.Errorf("got %d %s %s", status, kind, body)
			}
		})
	}
}

func TestFormAnswersUnlessJSONIsAccepted(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Quirks = oauth.GitHubQuirks() })
	a := post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials"), func(r *http.Request) { r.Header.Set("Accept", "application/json") })
	if a.AccessToken == "" || a.TokenType != "bearer" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestMovedTokenEndpointWorks(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Quirks = []oauth.Quirk{oauth.QuirkTokenMoved} })
	a := post(t, s, "/oauth2/token/moved", withSecret("grant_type", "client_credentials"))
	if a.AccessToken == "" {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

// A refresh returns no new refresh token, and the one in use stays valid.
func TestRefreshTokenOnceKeepsTheRefreshToken(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *oauth.Config) { c.Quirks = []oauth.Quirk{oauth.QuirkRefreshTokenOnce} })
	token := login(t, s).RefreshToken
	for range 3 {
		if a := refresh(t, s, token); a.AccessToken == "" || a.RefreshToken != "" {
			t.Errorf("got %s", a.body)
		}
	}
}

func TestIssQuirksChangeIss(t *testing.T) {
	t.Parallel()
	tests := []struct {
		quirks     []oauth.Quirk
		advertised any
		sent       string
	}{
		{nil, true, issuer},
		{[]oauth.Quirk{oauth.QuirkNoIss}, nil, ""},
		{[]oauth.Quirk{oauth.QuirkIssMissing}, true, ""},
		{[]oauth.Quirk{oauth.QuirkIssWrong}, true, "https://attacker.example"},
	}
	for _, tt := range tests {
		s := newPeople(t, func(c *oauth.Config) { c.Quirks, c.AutoApprove = tt.quirks, "ada" })
		_, doc := get(t, s, "/.well-known/oauth-authorization-server")
		if got := doc["authorization_response_iss_parameter_supported"]; got != tt.advertised {
			t.Errorf("%v: advertised %v", tt.quirks, got)
		}
		for _, address := range []string{authorization(), authorization("response_type", "token")} {
			if got := location(t, show(t, s, address)).Query().Get("iss"); got != tt.sent {
				t.Errorf("%v: sent %q", tt.quirks, got)
			}
		}
	}
}

func TestQuirksOfDexAndGitHub(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Quirks = oauth.DexQuirks() })
	if code, _ := get(t, s, "/.well-known/oauth-authorization-server"); code != http.StatusNotFound {
		t.Errorf("RFC 8414 document: %d", code)
	}
	if code, doc := get(t, s, "/.well-known/openid-configuration"); code != http.StatusOK || doc["revocation_endpoint"] != nil {
		t.Errorf("OpenID Connect document: %d %v", code, doc)
	}
	_, err := authserver.New(oauth.Config{Issuer: issuer, Quirks: []oauth.Quirk{"none"}})
	if bad, ok := errors.AsType[*authserver.ConfigError](err); !ok || bad.Field != "Quirks" {
		t.Errorf("an unknown quirk: %v", err)
	}
	for _, q := range slices.Concat(oauth.DexQuirks(), oauth.GitHubQuirks()) {
		if !slices.Contains(oauth.Quirks(), q) {
			t.Errorf("%s is not in the list", q)
		}
	}
}
