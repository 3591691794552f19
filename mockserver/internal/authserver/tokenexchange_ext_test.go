package authserver_test

import (
	"crypto"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	exchangeURN = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessURN   = "urn:ietf:params:oauth:token-type:access_token"
	jwtURN      = "urn:ietf:params:oauth:token-type:jwt"
	cluster     = "https://cluster.example"
)

func swap(t *testing.T, s http.Handler, token, kind string, pairs ...string) answer {
	t.Helper()
	return post(t, s, "/oauth2/token", withSecret(append([]string{
		"grant_type", exchangeURN, "subject_token", token, "subject_token_type", kind,
	}, pairs...)...))
}

func workload(now time.Time, changes ...any) map[string]any {
	return assertionClaims(now, append([]any{"iss", cluster, "sub", "system:serviceaccount:jobs:trainer", "aud", issuer}, changes...)...)
}

func newExchange(t *testing.T, clock *testClock, key signer) *authserver.Server {
	t.Helper()
	return newPeople(t, func(c *oauth.Config) {
		c.Now = clock.Now
		c.TrustedIssuers = []oauth.TrustedIssuer{{
			Issuer: cluster, Keys: []crypto.PublicKey{key.private.Public()},
			Subjects: []string{"system:serviceaccount:jobs:trainer"},
		}}
	})
}

// A workload exchanges its cluster's token for an access token of this server.
func TestTokenOfATrustedIssuerIsExchanged(t *testing.T) {
	t.Parallel()
	clock := newClock()
	key := newSigner(t, "RS256")
	s := newExchange(t, clock, key)

	a := swap(t, s, key.sign(t, nil, workload(clock.Now())), jwtURN, "scope", "read",
		"audience", "https://api.example", "audience", "https://other.example")

	info, err := s.Verify(a.AccessToken, "https://other.example")
	if err != nil || info.Subject != "system:serviceaccount:jobs:trainer" || info.ClientID != clientID || a.Scope != "read" {
		t.Errorf("token: %s, %+v, %v", a.body, info, err)
	}
	if a.IssuedType != accessURN || a.RefreshToken != "" {
		t.Errorf("answer: %s", a.body)
	}
}

// The exchanged token has fewer scopes and is revoked with its login.
func TestOwnTokenIsExchangedForANarrowerOne(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	person := exchange(t, s, mustCode(t, newBrowser(s)))
	service := mustToken(t, s)

	a := swap(t, s, person.AccessToken, accessURN, "actor_token", service.AccessToken, "actor_token_type", accessURN,
		"requested_token_type", jwtURN)

	info, err := s.Verify(a.AccessToken, "")
	if err != nil || info.Subject != "user-1" || a.Scope != "read" || a.IssuedType != jwtURN {
		t.Fatalf("token: %s, %+v, %v", a.body, info, err)
	}
	if act, _ := info.Claims["act"].(map[string]any); act["sub"] != clientID {
		t.Errorf("actor: %v", info.Claims)
	}
	wantError(t, "more than the token may", swap(t, s, person.AccessToken, accessURN, "scope", "all"), "invalid_scope")
	post(t, s, "/oauth2/revoke", form("client_id", "app", "token", person.RefreshToken))
	if _, err := s.Verify(a.AccessToken, ""); !errors.Is(err, authserver.ErrRevoked) {
		t.Errorf("after the login's end: %v", err)
	}
	wantError(t, "a revoked token", swap(t, s, person.AccessToken, accessURN), "invalid_request")
}

func TestBadExchangesAreRefused(t *testing.T) {
	t.Parallel()
	clock := newClock()
	now := clock.Now()
	key := newSigner(t, "ES256")
	s := newExchange(t, clock, key)
	good := key.sign(t, nil, workload(now))
	for name, tt := range map[string]struct {
		token, kind string
		more        []string
		want        string
	}{
		"no token":           {"", jwtURN, nil, "invalid_request"},
		"no type":            {good, "", nil, "invalid_request"},
		"unknown type":       {good, "urn:ietf:params:oauth:token-type:saml2", nil, "invalid_request"},
		"unknown wish":       {good, jwtURN, []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"},
		"nonsense":           {"nonsense", jwtURN, nil, "invalid_request"},
		"another key":        {newSigner(t, "ES256").sign(t, nil, workload(now)), jwtURN, nil, "invalid_request"},
		"another issuer":     {key.sign(t, nil, workload(now, "iss", "https://evil.example")), jwtURN, nil, "invalid_request"},
		"another audience":   {key.sign(t, nil, workload(now, "aud", "https://other.example")), jwtURN, nil, "invalid_request"},
		"another subject":    {key.sign(t, nil, workload(now, "sub", "admin")), jwtURN, nil, "invalid_request"},
		"expired":            {key.sign(t, nil, workload(now, "exp", now.Add(-time.Hour).Unix())), jwtURN, nil, "invalid_request"},
		"actor without type": {good, jwtURN, []string{"actor_token", good}, "invalid_request"},
		"bad actor":          {good, jwtURN, []string{"actor_token", "x", "actor_token_type", jwtURN}, "invalid_request"},
		"unknown scope":      {good, jwtURN, []string{"scope", "admin"}, "invalid_scope"},
		"bad resource":       {good, jwtURN, []string{"resource", "x"}, "invalid_target"},
	} {
		wantError(t, name, swap(t, s, tt.token, tt.kind, tt.more...), tt.want)
	}
	public := post(t, s, "/oauth2/token", form("grant_type", exchangeURN, "client_id", "app", "subject_token", good, "subject_token_type", jwtURN))
	wantError(t, "a client that may not", public, "unauthorized_client")
	if a := swap(t, s, good, jwtURN); a.Scope != "all read" {
		t.Errorf("after all that: %s", a.body)
	}
}
