package authserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestVerifyAcceptsValidTokensOnly(t *testing.T) {
	t.Parallel()
	for _, opaque := range []bool{false, true} {
		clock := newClock()
		s := newServer(t, func(c *oauth.Config) {
			c.Opaque, c.TokenTTL, c.Now = opaque, time.Minute, clock.Now
		})
		token := mustToken(t, s).AccessToken
		if strings.Contains(token, ".") == opaque {
			t.Fatalf("opaque = %t, but the token says otherwise", opaque)
		}

		clock.advance(59 * time.Second)
		if _, err := s.Verify(token, ""); err != nil {
			t.Errorf("opaque %t, a second before its end: %v", opaque, err)
		}
		clock.advance(time.Second)
		if _, err := s.Verify(token, ""); !errors.Is(err, authserver.ErrExpired) {
			t.Errorf("opaque %t, at its end: %v", opaque, err)
		}

		fresh := mustToken(t, s).AccessToken
		s.RevokeTokens()
		_, err := s.Verify(fresh, "")
		var bad *authserver.TokenError
		if !errors.Is(err, authserver.ErrRevoked) || !errors.As(err, &bad) || bad.ID != oauth.TokenID(fresh) {
			t.Errorf("opaque %t, revoked: %v", opaque, err)
		}
		if strings.Contains(err.Error(), fresh) {
			t.Errorf("opaque %t: the error gives the token away", opaque)
		}

		last := mustToken(t, s).AccessToken
		s.ExpireTokens()
		if _, err := s.Verify(last, ""); !errors.Is(err, authserver.ErrExpired) {
			t.Errorf("opaque %t, expired by command: %v", opaque, err)
		}
		if _, err := s.Verify(mustToken(t, s).AccessToken, ""); err != nil {
			t.Errorf("opaque %t, a token from afterwards: %v", opaque, err)
		}
	}
}

func TestVerifyRejectsForgedTokens(t *testing.T) {
	t.Parallel()
	s, stranger := newServer(t, nil), newServer(t, nil)
	good := mustToken(t, s).AccessToken
	parts := strings.Split(good, ".")
	tests := []struct {
		name, token string
		want        error
	}{
		{"empty", "", authserver.ErrMalformed},
		{"text", "not-a-token", authserver.ErrUnknown},
		{"huge", strings.Repeat("a", 1<<20), authserver.ErrMalformed},
		{"signed by another", mustToken(t, stranger).AccessToken, authserver.ErrMalformed},
		{"no signature", parts[0] + "." + parts[1] + ".", authserver.ErrMalformed},
		{"algorithm none", "eyJhbGciOiJub25lIn0." + parts[1] + ".", authserver.ErrMalformed},
		{"other claims", parts[0] + ".e30." + parts[2], authserver.ErrMalformed},
		{"four parts", good + ".x", authserver.ErrMalformed},
		{"dots", "...", authserver.ErrMalformed},
	}
	for _, tt := range tests {
		if _, err := s.Verify(tt.token, ""); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
}

func TestIssueTokenIssuesWhatTheSpecSays(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)

	good, err := s.IssueToken(oauth.TokenSpec{Subject: "ada", ClientID: "any", Scopes: []string{"x"}, Claims: map[string]any{"email": "ada@example.com"}})
	if err != nil {
		t.Fatal(err)
	}
	old, err := s.IssueToken(oauth.TokenSpec{TTL: -time.Minute})
	if err != nil {
		t.Fatal(err)
	}

	info, err := s.Verify(good.AccessToken, "")
	if err != nil || info.Subject != "ada" || info.Claims["email"] != "ada@example.com" {
		t.Errorf("got %+v, %v", info, err)
	}
	if _, err := s.Verify(old.AccessToken, ""); !errors.Is(err, authserver.ErrExpired) {
		t.Errorf("a token from the past: %v", err)
	}
}

func TestRevokedTokensAreRejected(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	token := mustToken(t, s).AccessToken

	foreign := post(t, s, "/oauth2/revoke", form("client_id", "public", "token", token))
	if foreign.status != http.StatusBadRequest {
		t.Errorf("another client's token: %d", foreign.status)
	}
	if _, err := s.Verify(token, ""); err != nil {
		t.Errorf("another client revoked it: %v", err)
	}
	if a := post(t, s, "/oauth2/revoke", withSecret("token", token)); a.status != http.StatusOK {
		t.Errorf("own token: %d %s", a.status, a.body)
	}
	if _, err := s.Verify(token, ""); !errors.Is(err, authserver.ErrRevoked) {
		t.Errorf("after revocation: %v", err)
	}
	if a := post(t, s, "/oauth2/revoke", withSecret("token", "never-issued")); a.status != http.StatusOK {
		t.Errorf("unknown token: %d", a.status)
	}
	if a := post(t, s, "/oauth2/revoke", withSecret()); a.Error != "invalid_request" {
		t.Errorf("no token: %s", a.body)
	}
}

func TestIntrospectionIsForConfidentialClients(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	token := mustToken(t, s, "audience", "api").AccessToken

	if a := post(t, s, "/oauth2/introspect", withSecret("token", token)); !a.Active || a.Scope != "all read" {
		t.Errorf("good token: %s", a.body)
	}
	if a := post(t, s, "/oauth2/introspect", form("client_id", "public", "token", token)); a.status != http.StatusUnauthorized {
		t.Errorf("public client: %d", a.status)
	}
	if a := post(t, s, "/oauth2/introspect", withSecret()); a.Error != "invalid_request" {
		t.Errorf("no token: %s", a.body)
	}
	s.RevokeTokens()
	if a := post(t, s, "/oauth2/introspect", withSecret("token", token)); a.Active || strings.Contains(a.body, "all") {
		t.Errorf("revoked token: %s", a.body)
	}
}

// A refresh token is active while its own client could use it.
func TestRefreshTokenIsActiveForItsClientOnly(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	spec := oauth.TokenSpec{Subject: "ada", ClientID: clientID, Scopes: []string{"read"}, Audience: []string{"api"}, Refresh: true}
	own, err := s.IssueToken(spec)
	if err != nil {
		t.Fatal(err)
	}
	spec.ClientID = "public"
	foreign, err := s.IssueToken(spec)
	if err != nil {
		t.Fatal(err)
	}
	about := func(token string) answer {
		t.Helper()
		return post(t, s, "/oauth2/introspect", withSecret("token", token, "token_type_hint", "refresh_token"))
	}

	if a := about(own.RefreshToken); !a.Active || a.Scope != "read" || a.TokenType != "" || !strings.Contains(a.body, `"sub":"ada"`) {
		t.Errorf("own: %s", a.body)
	}
	if a := about(foreign.RefreshToken); a.Active || strings.Contains(a.body, "ada") {
		t.Errorf("another client's: %s", a.body)
	}
	next := post(t, s, "/oauth2/token", withSecret("grant_type", "refresh_token", "refresh_token", own.RefreshToken))
	if a := about(own.RefreshToken); a.Active {
		t.Errorf("used up: %s", a.body)
	}
	if a := about(next.RefreshToken); !a.Active {
		t.Errorf("its successor, which asking must not have ended: %s", a.body)
	}
	s.RevokeLogins()
	if a := about(next.RefreshToken); a.Active {
		t.Errorf("revoked: %s", a.body)
	}
}
