package authserver_test

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func login(t *testing.T, s *authserver.Server) oauth.IssuedToken {
	t.Helper()
	tok, err := s.IssueToken(oauth.TokenSpec{Subject: "ada", ClientID: "public", Scopes: []string{"all", "read"}, Refresh: true})
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func refresh(t *testing.T, s *authserver.Server, token string, pairs ...string) answer {
	t.Helper()
	return post(t, s, "/oauth2/token", form(append([]string{
		"grant_type", "refresh_token", "client_id", "public", "refresh_token", token,
	}, pairs...)...))
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	first := login(t, s).RefreshToken

	second := refresh(t, s, first, "scope", "read")
	if second.status != http.StatusOK || second.RefreshToken == "" || second.RefreshToken == first || second.Scope != "read" {
		t.Fatalf("first use: %d %s", second.status, second.body)
	}
	third := refresh(t, s, second.RefreshToken)
	if third.Scope != "all read" {
		t.Errorf("a narrowed token narrowed the login: %q", third.Scope)
	}
}

func TestRefreshReuseRevokesTheLogin(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	stolen, other := login(t, s), login(t, s)
	next := refresh(t, s, stolen.RefreshToken)

	again := refresh(t, s, stolen.RefreshToken)

	if again.Error != "invalid_grant" {
		t.Errorf("second use: %s", again.body)
	}
	if _, err := s.Verify(next.AccessToken, ""); !errors.Is(err, authserver.ErrRevoked) {
		t.Errorf("access token of the family: %v", err)
	}
	if a := refresh(t, s, next.RefreshToken); a.Error != "invalid_grant" {
		t.Errorf("latest refresh token of the family: %s", a.body)
	}
	if a := refresh(t, s, other.RefreshToken); a.status != http.StatusOK {
		t.Errorf("another login was hit: %s", a.body)
	}
}

func TestBadRefreshRequestsAreRefused(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	token := login(t, s).RefreshToken

	if a := refresh(t, s, token, "scope", "admin"); a.Error != "invalid_scope" {
		t.Errorf("more scopes than the login has: %s", a.body)
	}
	stranger := post(t, s, "/oauth2/token", withSecret("grant_type", "refresh_token", "refresh_token", token))
	if stranger.Error != "invalid_grant" {
		t.Errorf("another client: %s", stranger.body)
	}
	if a := refresh(t, s, ""); a.Error != "invalid_request" {
		t.Errorf("none: %s", a.body)
	}
	if a := refresh(t, s, token); a.status != http.StatusOK {
		t.Errorf("the refusals used it up: %s", a.body)
	}
	s.RevokeLogins()
	if a := refresh(t, s, login(t, s).RefreshToken); a.status != http.StatusOK {
		t.Errorf("a login from after the revocation: %s", a.body)
	}
}

func TestConcurrentRefreshesHaveOneWinner(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	token := login(t, s).RefreshToken
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if refresh(t, s, token).status == http.StatusOK {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d requests won", won.Load())
	}
}

func TestKeptRefreshTokensWorkAgain(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *oauth.Config) { c.KeepRefreshTokens = true })
	token := login(t, s).RefreshToken
	for range 3 {
		if a := refresh(t, s, token); a.status != http.StatusOK || a.RefreshToken != token {
			t.Fatalf("got %d %s", a.status, a.body)
		}
	}
}

func TestRevokingARefreshTokenEndsTheLogin(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	tok := login(t, s)

	if a := post(t, s, "/oauth2/revoke", form("client_id", "public", "token", tok.RefreshToken)); a.status != http.StatusOK {
		t.Fatalf("revocation: %s", a.body)
	}
	if _, err := s.Verify(tok.AccessToken, ""); !errors.Is(err, authserver.ErrRevoked) {
		t.Errorf("access token: %v", err)
	}
	if a := refresh(t, s, tok.RefreshToken); a.Error != "invalid_grant" {
		t.Errorf("refresh token: %s", a.body)
	}
}

// Within the grace a client that lost the answer may send the refresh token again; after
// it, a second use revokes the login.
func TestRotationGraceAllowsReuseForATime(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newServer(t, func(c *oauth.Config) { c.Now, c.RotationGrace = clock.Now, 10*time.Second })
	token := login(t, s).RefreshToken
	refresh(t, s, token) // the answer is lost

	clock.advance(9 * time.Second)
	again := refresh(t, s, token)
	if again.status != http.StatusOK || again.RefreshToken == token {
		t.Fatalf("within the grace: %s", again.body)
	}
	clock.advance(time.Second)
	wantError(t, "after it", refresh(t, s, token), "invalid_grant")
	wantError(t, "the family", refresh(t, s, again.RefreshToken), "invalid_grant")
}

func TestRefreshNarrowsTheAudienceOnly(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	a := exchange(t, s, mustCode(t, newBrowser(s), "resource", "https://api.example", "audience", "other"))
	ask := func(token, resource string) answer {
		return post(t, s, "/oauth2/token", form("grant_type", "refresh_token", "client_id", "app", "refresh_token", token, "resource", resource))
	}
	wantError(t, "widened", ask(a.RefreshToken, "https://elsewhere.example"), "invalid_target")
	narrow := ask(a.RefreshToken, "https://api.example")
	info, err := s.Verify(narrow.AccessToken, "https://api.example")
	if err != nil || len(info.Audience) != 1 {
		t.Errorf("narrowed: %+v, %v", info, err)
	}
	back := post(t, s, "/oauth2/token", form("grant_type", "refresh_token", "client_id", "app", "refresh_token", narrow.RefreshToken))
	if _, err := s.Verify(back.AccessToken, "other"); err != nil {
		t.Errorf("the login was narrowed with the token: %v", err)
	}
}
