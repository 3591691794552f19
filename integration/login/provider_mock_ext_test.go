package login_test

import (
	"crypto"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// mockTraits are those of the strictest server that there is.
var mockTraits = traits{
	WrongPassword:    "invalid_grant",
	UsedRefreshToken: "invalid_grant",
	RedirectURI:      "http://127.0.0.1/callback",
	PersonScopes:     []string{scope},
}

// likeDexTraits are those of a mock with the habits of a Dex of today.
var likeDexTraits = traits{
	NoRFC8414: true, NoIss: true, NoRevocation: true, DeviceDenialUntold: true,
	WrongPassword:    "access_denied",
	UsedRefreshToken: "invalid_request",
	RedirectURI:      "http://127.0.0.1/callback",
	PersonScopes:     []string{scope},
}

// startMock serves the mock's authorization server.
func startMock(t *testing.T, s settings) *provider {
	t.Helper()
	return serveMock(t, "mock", mockTraits, s)
}

func startMockLikeDex(t *testing.T, s settings) *provider {
	t.Helper()
	return serveMock(t, "mock like dex", likeDexTraits, s, oauth.DexQuirks()...)
}

func serveMock(t *testing.T, name string, its traits, s settings, quirks ...oauth.Quirk) *provider {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	cfg := oauth.Config{
		Issuer:   server.URL,
		TokenTTL: s.tokenTTL,
		Quirks:   quirks,
		Accounts: []oauth.Account{{Login: user, Password: password}, {Login: other, Password: password}},
		Clients: []oauth.Client{
			{ID: personClient, Scopes: []string{scope}, RedirectURIs: []string{"http://127.0.0.1/callback"}},
			{ID: machineClient, Secret: machineSecret, Scopes: []string{scope}},
			{ID: resourceID, Secret: resourceKey},
		},
	}
	if s.signer != nil {
		keys := []crypto.PublicKey{s.signer.key.Public()}
		cfg.Clients = append(cfg.Clients, oauth.Client{ID: signerClient, Keys: keys, Scopes: []string{scope}})
		cfg.TrustedIssuers = []oauth.TrustedIssuer{{Issuer: workloadIssuer, Keys: keys}}
	}
	as, err := mockserver.NewAuthorizationServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	handler = as
	return &provider{
		name: name, issuer: server.URL, traits: its,
		verify: introspection(server.URL + "/oauth2/introspect"),
	}
}
