package authserver_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestPasswordGrantChecksThePassword(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	ask := func(pairs ...string) answer {
		return post(t, s, "/oauth2/token", form(append([]string{"grant_type", "password", "client_id", "app"}, pairs...)...))
	}
	a := ask("username", "ada", "password", password, "scope", "read")
	if info, err := s.Verify(a.AccessToken, ""); err != nil || info.Subject != "user-1" || a.RefreshToken == "" || a.Scope != "read" {
		t.Errorf("right: %s, %+v, %v", a.body, info, err)
	}
	wantError(t, "wrong password", ask("username", "ada", "password", "x"), "invalid_grant")
	wantError(t, "unknown person", ask("username", "who", "password", password), "invalid_grant")
	wantError(t, "no password", ask("username", "ada"), "invalid_request")
	wantError(t, "unknown scope", ask("username", "ada", "password", password, "scope", "admin"), "invalid_scope")
	wantError(t, "two audiences", ask("username", "ada", "password", password, "audience", "a", "audience", "b"), "invalid_request")
}

func TestAccountWithoutPasswordCannotLogIn(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Accounts = []oauth.Account{{Login: "ghost"}} })
	a := post(t, s, "/oauth2/token", form("grant_type", "password", "client_id", "app", "username", "ghost", "password", "x"))
	wantError(t, "any password", a, "invalid_grant")
	b := newBrowser(s)
	b.Login, b.Password = "ghost", ""
	if _, err := b.Visit(t.Context(), authorization()); !errors.Is(err, mocktest.ErrAskedAgain) {
		t.Errorf("no password on the login page: %v", err)
	}
}

func TestUserinfoReturnsTheAccountsClaims(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	token := exchange(t, s, mustCode(t, newBrowser(s))).AccessToken
	ask := func(headers ...string) (int, map[string]any, string) {
		return getWith(t, s, "/oauth2/userinfo", headers...)
	}
	if code, who, _ := ask("Bearer " + token); code != http.StatusOK || who["sub"] != "user-1" || who["email"] != "ada@example.com" {
		t.Errorf("good token: %d %v", code, who)
	}
	if code, who, _ := ask("bearer " + mustToken(t, s).AccessToken); code != http.StatusOK || who["sub"] != clientID {
		t.Errorf("a service: %d %v", code, who)
	}
	s.RevokeTokens()
	for name, headers := range map[string][]string{
		"revoked": {"Bearer " + token}, "nonsense": {"Bearer x"}, "none": nil, "Basic": {"Basic eDp5"}, "two": {"Bearer " + token, "Bearer " + token},
	} {
		if code, who, challenge := ask(headers...); code != http.StatusUnauthorized || challenge == "" || who["sub"] != nil {
			t.Errorf("%s: %d %v, challenge %q", name, code, who, challenge)
		}
	}
}
