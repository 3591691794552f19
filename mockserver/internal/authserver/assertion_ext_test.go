package authserver_test

import (
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const assertionURN = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func newKeyed(t *testing.T, clock *testClock, keys ...signer) *authserver.Server {
	t.Helper()
	return newServer(t, func(c *oauth.Config) {
		c.Now = clock.Now
		var public []crypto.PublicKey
		for _, k := range keys {
			public = append(public, k.private.Public())
		}
		c.Clients = append(c.Clients, oauth.Client{ID: "keyed", Keys: public, Scopes: []string{"all"}})
	})
}

func asserted(t *testing.T, s http.Handler, assertion string, pairs ...string) answer {
	t.Helper()
	return post(t, s, "/oauth2/token", form(append([]string{
		"grant_type", "client_credentials", "client_assertion_type", assertionURN, "client_assertion", assertion,
	}, pairs...)...))
}

func TestClientAuthenticatesByPrivateKeyJWT(t *testing.T) {
	t.Parallel()
	clock := newClock()
	for _, algorithm := range []string{"ES256", "RS256", "PS256", "EdDSA"} {
		old, key := newSigner(t, "ES256"), newSigner(t, algorithm)
		s := newKeyed(t, clock, old, key)
		for name, claims := range map[string]map[string]any{
			"for the token endpoint": assertionClaims(clock.Now()),
			"for the issuer":         assertionClaims(clock.Now(), "aud", issuer),
			"for several":            assertionClaims(clock.Now(), "aud", []string{"https://other.example", issuer}),
		} {
			a := asserted(t, s, key.sign(t, nil, claims))
			info, err := s.Verify(a.AccessToken, "")
			if err != nil || info.ClientID != "keyed" {
				t.Errorf("%s %s: %d %s", algorithm, name, a.status, a.body)
			}
		}
		if a := asserted(t, s, key.sign(t, nil, assertionClaims(clock.Now())), "client_id", "keyed"); a.status != http.StatusOK {
			t.Errorf("%s with client_id: %s", algorithm, a.body)
		}
	}
}

func TestBadClientAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	clock := newClock()
	now := clock.Now()
	key, stranger := newSigner(t, "ES256"), newSigner(t, "ES256")
	good := func() string { return key.sign(t, nil, assertionClaims(now)) }
	with := func(changes ...any) string { return key.sign(t, nil, assertionClaims(now, changes...)) }
	parts := strings.Split(good(), ".")
	tests := []struct {
		name, assertion string
		more            []string
		status          int
		code            string
	}{
		{"another key", stranger.sign(t, nil, assertionClaims(now)), nil, 401, "invalid_client"},
		{"alg none", key.sign(t, map[string]any{"alg": "none"}, assertionClaims(now)), nil, 401, "invalid_client"},
		{"alg HS256", key.sign(t, map[string]any{"alg": "HS256"}, assertionClaims(now)), nil, 401, "invalid_client"},
		{"critical extension", key.sign(t, map[string]any{"crit": []string{"x"}}, assertionClaims(now)), nil, 401, "invalid_client"},
		{"no signature", parts[0] + "." + parts[1] + ".", nil, 401, "invalid_client"},
		{"two parts", parts[0] + "." + parts[1], nil, 401, "invalid_client"},
		{"not a JWT", "nonsense", nil, 401, "invalid_client"},
		{"unknown client", with("iss", "who", "sub", "who"), nil, 401, "invalid_client"},
		{"client without keys", with("iss", clientID, "sub", clientID), nil, 401, "invalid_client"},
		{"another issuer", with("iss", "who"), nil, 401, "invalid_client"},
		{"another client_id", good(), []string{"client_id", clientID}, 401, "invalid_client"},
		{"another audience", with("aud", "https://other.example"), nil, 401, "invalid_client"},
		{"no audience", with("aud", nil), nil, 401, "invalid_client"},
		{"no exp", with("exp", nil), nil, 401, "invalid_client"},
		{"exp as text", with("exp", "tomorrow"), nil, 401, "invalid_client"},
		{"expired", with("exp", now.Add(-time.Minute).Unix()), nil, 401, "invalid_client"},
		{"for too long", with("exp", now.Add(2*time.Hour).Unix()), nil, 401, "invalid_client"},
		{"from the future", with("iat", now.Add(time.Hour).Unix()), nil, 401, "invalid_client"},
		{"not yet", with("nbf", now.Add(time.Hour).Unix()), nil, 401, "invalid_client"},
		{"no jti", with("jti", nil), nil, 401, "invalid_client"},
		{"no assertion", "", nil, 401, "invalid_client"},
		{"with a secret", good(), []string{"client_secret", "x"}, 400, "invalid_request"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := asserted(t, newKeyed(t, clock, key), tt.assertion, tt.more...)
			if a.status != tt.status || a.Error != tt.code {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if len(tt.assertion) > 20 && strings.Contains(a.body, tt.assertion[:20]) {
				t.Error("the answer repeats the assertion")
			}
		})
	}
	s := newKeyed(t, clock, key)
	a := post(t, s, "/oauth2/token", form("grant_type", "client_credentials", "client_assertion_type", "other", "client_assertion", good()))
	wantError(t, "another type", a, "invalid_request")
	a = post(t, s, "/oauth2/token", form("grant_type", "client_credentials", "client_assertion_type", assertionURN, "client_assertion", good()),
		func(r *http.Request) { r.SetBasicAuth(clientID, secret) })
	wantError(t, "with Basic", a, "invalid_request")
	a = post(t, s, "/oauth2/token", form("grant_type", "client_credentials", "client_id", "keyed"))
	wantError(t, "client_id alone", a, "invalid_client")
}

func TestClientAssertionIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	clock := newClock()
	key := newSigner(t, "ES256")
	s := newKeyed(t, clock, key)
	assertion := key.sign(t, nil, assertionClaims(clock.Now()))
	if a := asserted(t, s, assertion); a.status != http.StatusOK {
		t.Fatalf("first use: %s", a.body)
	}
	wantError(t, "second use", asserted(t, s, assertion), "invalid_client")
}

// Their audience may be the endpoint or the issuer.
func TestOtherEndpointsAcceptClientAssertions(t *testing.T) {
	t.Parallel()
	clock := newClock()
	key := newSigner(t, "RS256")
	s := newKeyed(t, clock, key)
	token := asserted(t, s, key.sign(t, nil, assertionClaims(clock.Now()))).AccessToken
	at := func(path string, aud string) answer {
		return post(t, s, path, form("token", token, "client_assertion_type", assertionURN,
			"client_assertion", key.sign(t, nil, assertionClaims(clock.Now(), "aud", aud))))
	}
	if a := at("/oauth2/introspect", issuer+"/oauth2/introspect"); !a.Active {
		t.Errorf("introspection: %s", a.body)
	}
	if a := at("/oauth2/revoke", issuer); a.status != http.StatusOK {
		t.Errorf("revocation: %s", a.body)
	}
	if a := at("/oauth2/introspect", issuer); a.Active {
		t.Error("the revocation did nothing")
	}
}
