package authserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// A user logs in on the pages and allows access; the client gets tokens of that user.
func TestAuthorizationCodeYieldsTokens(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)

	page := visit(t, newBrowser(s), authorization("audience", "https://api.example"))

	q := page.URL.Query()
	if !strings.HasPrefix(page.URL.String(), callback+"?") || q.Get("state") != "xyz" || q.Get("iss") != issuer || q.Has("error") {
		t.Fatalf("redirected to %s", page.URL)
	}
	a := exchange(t, s, q.Get("code"))
	if a.status != http.StatusOK || a.Scope != "read" || a.RefreshToken == "" || a.TokenType != "Bearer" {
		t.Fatalf("token answer: %d %s", a.status, a.body)
	}
	info, err := s.Verify(a.AccessToken, "https://api.example")
	if err != nil || info.Subject != "user-1" || info.ClientID != "app" || info.Claims["email"] != "ada@example.com" {
		t.Errorf("token: %+v, %v", info, err)
	}
	next := post(t, s, "/oauth2/token", form("grant_type", "refresh_token", "client_id", "app", "refresh_token", a.RefreshToken))
	if next.status != http.StatusOK {
		t.Errorf("refresh: %s", next.body)
	}
}

func TestSessionAsksForThePasswordOnceAndConsentEachTime(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	b := newBrowser(s)
	mustCode(t, b)
	b.Password = "forgotten"

	mustCode(t, b)

	if _, err := b.Visit(t.Context(), authorization("prompt", "login")); !errors.Is(err, mocktest.ErrAskedAgain) {
		t.Errorf("prompt=login: %v", err)
	}
}

func TestWrongPasswordShowsTheFormAgain(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	for _, tt := range [][2]string{{"ada", "wrong"}, {"nobody", password}, {"", ""}, {"ada", ""}} {
		b := newBrowser(s)
		b.Login, b.Password = tt[0], tt[1]
		page, err := b.Visit(t.Context(), authorization())
		if !errors.Is(err, mocktest.ErrAskedAgain) || page.Status != http.StatusOK || !strings.Contains(page.Body, "wrong") {
			t.Errorf("%q: %v", tt[0], err)
		}
	}
}

func TestDenialIsSentToTheClient(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	b := newBrowser(s)
	b.Deny = true

	q := visit(t, b, authorization()).URL.Query()

	if q.Get("error") != "access_denied" || q.Get("state") != "xyz" || q.Get("iss") != issuer || q.Has("code") {
		t.Errorf("redirected with %v", q)
	}
}

func TestAutoApproveAnswersWithoutPages(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.AutoApprove = "bob" })

	a := show(t, s, authorization("prompt", "none"))

	code := location(t, a).Query().Get("code")
	if info, err := s.Verify(exchange(t, s, code).AccessToken, ""); err != nil || info.Subject != "bob" {
		t.Errorf("token: %+v, %v", info, err)
	}
}

// Errors go to the redirect URI, if it is the client's; otherwise the user sees them.
func TestBadAuthorizationRequestsAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		address string
		want    string // error code at the callback; empty means a page
	}{
		{"unknown client", authorization("client_id", "who"), ""},
		{"no client", authorization("client_id", ""), ""},
		{"no redirect", authorization("redirect_uri", ""), ""},
		{"another path", authorization("redirect_uri", "http://127.0.0.1:41999/other"), ""},
		{"another host", authorization("redirect_uri", "http://localhost:41999/callback"), ""},
		{"a query more", authorization("redirect_uri", callback+"?a=b"), ""},
		{"https", authorization("redirect_uri", "https://127.0.0.1:41999/callback"), ""},
		{"another port elsewhere", authorization("redirect_uri", "https://app.example:444/cb?x=1"), ""},
		{"user in front", authorization("redirect_uri", "http://app@127.0.0.1:41999/callback"), ""},
		{"repeated state", authorization() + "&state=abc", ""},
		{"control character", authorization("scope", "re\x00ad"), ""},
		{"no response type", authorization("response_type", ""), "invalid_request"},
		{"implicit", authorization("response_type", "token"), "unsupported_response_type"},
		{"fragment mode", authorization("response_mode", "fragment"), "invalid_request"},
		{"request object", authorization("request", "x.y.z"), "invalid_request"},
		{"no PKCE", authorization("code_challenge", "", "code_challenge_method", ""), "invalid_request"},
		{"plain", authorization("code_challenge_method", "plain"), "invalid_request"},
		{"plain by omission", authorization("code_challenge_method", ""), "invalid_request"},
		{"method alone", authorization("code_challenge", ""), "invalid_request"},
		{"challenge too short", authorization("code_challenge", proof[:40]), "invalid_request"},
		{"padded challenge", authorization("code_challenge", proof+"="), "invalid_request"},
		{"unknown scope", authorization("scope", "admin"), "invalid_scope"},
		{"relative resource", authorization("resource", "api"), "invalid_target"},
		{"unknown prompt", authorization("prompt", "nicely"), "invalid_request"},
		{"none and more", authorization("prompt", "none login"), "invalid_request"},
		{"not logged in", authorization("prompt", "none"), "login_required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := show(t, newPeople(t, nil), tt.address)
			if tt.want == "" {
				if a.status != http.StatusBadRequest || a.header.Get("Location") != "" || !strings.Contains(a.body, "<html") {
					t.Errorf("want a page, got %d to %q", a.status, a.header.Get("Location"))
				}
				return
			}
			to := location(t, a)
			if q := to.Query(); to.Host != "127.0.0.1:41999" || q.Get("error") != tt.want || q.Get("state") != "xyz" || q.Get("iss") != issuer {
				t.Errorf("redirected to %s", to)
			}
		})
	}
}

func TestPromptNoneNeedsConsent(t *testing.T) {
	t.Parallel()
	b := newBrowser(newPeople(t, nil))
	mustCode(t, b)
	if q := visit(t, b, authorization("prompt", "none")).URL.Query(); q.Get("error") != "consent_required" {
		t.Errorf("redirected with %v", q)
	}
}

func TestRedirectURIKeepsItsQuery(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.AutoApprove = "ada" })
	to := location(t, show(t, s, authorization("redirect_uri", "https://app.example/cb?x=1")))
	if !strings.HasPrefix(to.String(), "https://app.example/cb?x=1&") || to.Query().Get("code") == "" {
		t.Errorf("redirected to %s", to)
	}
	if a := show(t, s, authorization("client_id", "public")); a.header.Get("Location") != "" {
		t.Error("a client without redirect URIs was answered")
	}
}

func TestBadCodeRequestsAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		changes []string
		want    string
	}{
		{"wrong verifier", []string{"code_verifier", strings.Repeat("a", 43)}, "invalid_grant"},
		{"no verifier", []string{"code_verifier", ""}, "invalid_request"},
		{"short verifier", []string{"code_verifier", "short"}, "invalid_request"},
		{"long verifier", []string{"code_verifier", strings.Repeat("a", 129)}, "invalid_request"},
		{"odd verifier", []string{"code_verifier", strings.Repeat("a", 43) + "/"}, "invalid_request"},
		{"another port", []string{"redirect_uri", "http://127.0.0.1:42000/callback"}, "invalid_grant"},
		{"no redirect", []string{"redirect_uri", ""}, "invalid_request"},
		{"no code", []string{"code", ""}, "invalid_request"},
		{"unknown code", []string{"code", "ac_nonsense"}, "invalid_grant"},
		{"more than was granted", []string{"resource", "https://other.example"}, "invalid_target"},
		{"two audiences", []string{"audience", "a"}, "invalid_target"},
	}
	s := newPeople(t, nil)
	code := mustCode(t, newBrowser(s), "resource", "https://api.example")
	for _, tt := range tests {
		if a := exchange(t, s, code, tt.changes...); a.Error != tt.want {
			t.Errorf("%s: %d %s", tt.name, a.status, a.body)
		}
	}
	stranger := post(t, s, "/oauth2/token", withSecret("grant_type", "authorization_code", "code", code, "redirect_uri", callback, "code_verifier", verifier))
	if stranger.Error != "unauthorized_client" {
		t.Errorf("another client: %s", stranger.body)
	}
	if a := exchange(t, s, code, "resource", "https://api.example"); a.status != http.StatusOK {
		t.Errorf("the refusals used it up: %s", a.body)
	}
}

func TestSecondUseOfACodeRevokesTheLogin(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	code := mustCode(t, newBrowser(s))
	first := exchange(t, s, code)

	if again := exchange(t, s, code); again.Error != "invalid_grant" {
		t.Errorf("second use: %s", again.body)
	}
	if _, err := s.Verify(first.AccessToken, ""); !errors.Is(err, authserver.ErrRevoked) {
		t.Errorf("access token of the first: %v", err)
	}
	a := post(t, s, "/oauth2/token", form("grant_type", "refresh_token", "client_id", "app", "refresh_token", first.RefreshToken))
	if a.Error != "invalid_grant" {
		t.Errorf("refresh token of the first: %s", a.body)
	}
}

func TestCodeExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newPeople(t, func(c *oauth.Config) { c.Now, c.CodeTTL = clock.Now, 30*time.Second })
	code, other := mustCode(t, newBrowser(s)), mustCode(t, newBrowser(s))
	clock.advance(29 * time.Second)
	if a := exchange(t, s, code); a.status != http.StatusOK {
		t.Errorf("in time: %s", a.body)
	}
	clock.advance(time.Second)
	if a := exchange(t, s, other); a.Error != "invalid_grant" {
		t.Errorf("too late: %s", a.body)
	}
}

func TestRefreshTokenNeedsTheOfflineScope(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) {
		c.OfflineScope = "offline_access"
		c.Clients[len(c.Clients)-1].Scopes = []string{"read", "offline_access"}
	})
	b := newBrowser(s)
	if a := exchange(t, s, mustCode(t, b, "scope", "")); a.RefreshToken != "" || a.Scope != "read" {
		t.Errorf("not asked for: %s", a.body)
	}
	if a := exchange(t, s, mustCode(t, b, "scope", "read offline_access")); a.RefreshToken == "" {
		t.Errorf("asked for: %s", a.body)
	}
}

func TestAuthorizationRequestMayBeAPost(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.AutoApprove = "ada" })
	_, query, _ := strings.Cut(authorization(), "?")
	a := post(t, s, "/oauth2/authorize", nil, func(r *http.Request) {
		r.Body = http.NoBody
		r.URL.RawQuery = query
	})
	if a.status != http.StatusBadRequest {
		t.Errorf("parameters in the URL of a POST: %d", a.status)
	}
	values := form("client_id", "app", "redirect_uri", callback, "response_type", "code", "code_challenge", proof, "code_challenge_method", "S256")
	if to := location(t, post(t, s, "/oauth2/authorize", values)); to.Query().Get("code") == "" || to.Query().Has("state") {
		t.Errorf("redirected to %s", to)
	}
	if a := post(t, s, "/oauth2/authorize", form("x", strings.Repeat("x", 70<<10))); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("too long: %d", a.status)
	}
	if a := post(t, s, "/oauth2/authorize", values, func(r *http.Request) { r.Method = http.MethodPut }); a.status != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", a.status)
	}
}
