package authserver_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestAdvertisedEndpointsAreServed(t *testing.T) {
	t.Parallel()
	everything := map[string]string{
		"authorization_endpoint": "/oauth2/authorize", "device_authorization_endpoint": "/oauth2/device_authorization",
		"revocation_endpoint": "/oauth2/revoke", "userinfo_endpoint": "/oauth2/userinfo", "introspection_endpoint": "/oauth2/introspect",
	}
	for name, tt := range map[string]struct {
		change func(*oauth.Config)
		off    []string
		grants []string
	}{
		"people": {func(*oauth.Config) {}, nil, []string{
			"authorization_code", "client_credentials", "password", "refresh_token", deviceURN, exchangeURN,
		}},
		"no account": {func(c *oauth.Config) { c.Accounts = nil }, []string{"authorization_endpoint", "device_authorization_endpoint"},
			[]string{"client_credentials", "refresh_token", exchangeURN}},
		"no device": {func(c *oauth.Config) { c.Grants = []string{"authorization_code", "refresh_token"} },
			[]string{"device_authorization_endpoint"}, []string{"authorization_code", "refresh_token"}},
		"device only":   {func(c *oauth.Config) { c.Grants = []string{deviceURN} }, []string{"authorization_endpoint"}, []string{deviceURN}},
		"no revocation": {func(c *oauth.Config) { c.Quirks = []oauth.Quirk{oauth.QuirkNoRevocation} }, []string{"revocation_endpoint"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newPeople(t, tt.change)
			_, doc := get(t, s, "/.well-known/openid-configuration")
			for key, path := range everything {
				off := slices.Contains(tt.off, key)
				if served := show(t, s, issuer+path).status != http.StatusNotFound; served == off || (doc[key] == nil) != off {
					t.Errorf("%s: served %t, advertised %v", key, served, doc[key])
				}
			}
			pkce := doc["code_challenge_methods_supported"] != nil
			if pkce == slices.Contains(tt.off, "authorization_endpoint") {
				t.Errorf("PKCE advertised: %t", pkce)
			}
			if got := s.Metadata().GrantTypes; tt.grants != nil && !slices.Equal(got, tt.grants) {
				t.Errorf("grants: %v", got)
			}
		})
	}
}

// An endpoint without advertised methods would mean Basic.
func TestAuthMethodsAreAdvertisedForEachEndpoint(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	_, doc := get(t, s, "/.well-known/oauth-authorization-server")
	for endpoint, want := range map[string]bool{"token": true, "revocation": true, "introspection": false} {
		methods, _ := doc[endpoint+"_endpoint_auth_methods_supported"].([]any)
		if !slices.Contains(methods, any("client_secret_post")) || slices.Contains(methods, any("none")) != want {
			t.Errorf("%s: %v, want none in it: %t", endpoint, methods, want)
		}
	}
	if a := post(t, s, "/oauth2/revoke", form("client_id", "app", "token", "x")); a.status != http.StatusOK {
		t.Errorf("a public client revokes: %d", a.status)
	}
}

func TestGrantThatIsOffIsRefused(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Grants = []string{"authorization_code"} })
	wantError(t, "client credentials", post(t, s, "/oauth2/token", withSecret("grant_type", "client_credentials")), "unsupported_grant_type")
	if a := exchange(t, s, mustCode(t, newBrowser(s))); a.AccessToken == "" || a.RefreshToken != "" {
		t.Errorf("a server without refresh: %s", a.body)
	}
}

func TestSigningAlgorithmsAreAdvertisedWithKeys(t *testing.T) {
	t.Parallel()
	clock := newClock()
	_, doc := get(t, newKeyed(t, clock, newSigner(t, "ES256")), "/.well-known/oauth-authorization-server")
	methods, _ := doc["token_endpoint_auth_methods_supported"].([]any)
	if !slices.Contains(methods, any("private_key_jwt")) || doc["token_endpoint_auth_signing_alg_values_supported"] == nil {
		t.Errorf("advertised %v", doc)
	}
}

func TestNewRefusesBadAccountsAndGrants(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		small = nil // too small even to make: the nil key below is as bad
	}
	var smallKey crypto.PublicKey = (*rsa.PublicKey)(nil)
	if small != nil {
		smallKey = small.Public()
	}
	client := func(c oauth.Client) func(*oauth.Config) {
		c.ID = "x"
		return func(cfg *oauth.Config) { cfg.Clients = []oauth.Client{c} }
	}
	for name, tt := range map[string]struct {
		change func(*oauth.Config)
		field  string
	}{
		"nameless account":    {func(c *oauth.Config) { c.Accounts = []oauth.Account{{}} }, "Account"},
		"twins":               {func(c *oauth.Config) { c.Accounts = []oauth.Account{{Login: "a"}, {Login: "a"}} }, "Account"},
		"unknown approver":    {func(c *oauth.Config) { c.AutoApprove = "who" }, "AutoApprove"},
		"unknown grant":       {func(c *oauth.Config) { c.Grants = []string{"magic"} }, "Grants"},
		"client's grant":      {client(oauth.Client{Grants: []string{"magic"}}), "Grants"},
		"half a second":       {func(c *oauth.Config) { c.DeviceInterval = 500 * time.Millisecond }, "DeviceInterval"},
		"negative grace":      {func(c *oauth.Config) { c.RotationGrace = -1 }, "RotationGrace"},
		"two offline scopes":  {func(c *oauth.Config) { c.OfflineScope = "a b" }, "OfflineScope"},
		"issuer without keys": {func(c *oauth.Config) { c.TrustedIssuers = []oauth.TrustedIssuer{{Issuer: "x"}} }, "TrustedIssuers"},
		"odd trusted key": {func(c *oauth.Config) {
			c.TrustedIssuers = []oauth.TrustedIssuer{{Issuer: "x", Keys: []crypto.PublicKey{1}}}
		}, "TrustedIssuers"},
		"small key":             {client(oauth.Client{Keys: []crypto.PublicKey{smallKey}}), "Client.Keys"},
		"JWT without key":       {client(oauth.Client{Secret: "s", AuthMethods: []string{oauth.AuthPrivateKeyJWT}}), "Client.AuthMethods"},
		"relative redirect":     {client(oauth.Client{RedirectURIs: []string{"/callback"}}), "Client.RedirectURIs"},
		"redirect by http":      {client(oauth.Client{RedirectURIs: []string{"http://app.example/"}}), "Client.RedirectURIs"},
		"redirect with user":    {client(oauth.Client{RedirectURIs: []string{"http://u@127.0.0.1/"}}), "Client.RedirectURIs"},
		"redirect with #":       {client(oauth.Client{RedirectURIs: []string{"https://app.example/#x"}}), "Client.RedirectURIs"},
		"redirect to a script":  {client(oauth.Client{RedirectURIs: []string{"javascript:alert(1)"}}), "Client.RedirectURIs"},
		"redirect without host": {client(oauth.Client{RedirectURIs: []string{"https:///x"}}), "Client.RedirectURIs"},
	} {
		cfg := oauth.Config{Issuer: issuer}
		tt.change(&cfg)
		_, err := authserver.New(cfg)
		if bad, ok := errors.AsType[*authserver.ConfigError](err); !ok || bad.Field != tt.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// ResetFaults stops the faults of all endpoints.
func TestEachEndpointHasFaultsOfItsOwn(t *testing.T) {
	t.Parallel()
	at := map[oauth.Endpoint]string{
		oauth.EndpointToken: "/oauth2/token", oauth.EndpointAuthorization: "/oauth2/authorize",
		oauth.EndpointDevice: "/oauth2/device_authorization", oauth.EndpointRevocation: "/oauth2/revoke",
		oauth.EndpointIntrospection: "/oauth2/introspect", oauth.EndpointUserinfo: "/oauth2/userinfo",
		oauth.EndpointDiscovery: "/.well-known/openid-configuration",
	}
	s := newPeople(t, nil)
	for _, broken := range authserver.Endpoints() {
		s.Faults(broken).Redirect("https://elsewhere.example/", http.StatusPermanentRedirect)
		for _, e := range authserver.Endpoints() {
			if got := show(t, s, issuer+at[e]).status == http.StatusPermanentRedirect; got != (e == broken) {
				t.Errorf("%s is broken: %s redirects: %t", broken, e, got)
			}
			if s.EndpointAt(at[e]) != e {
				t.Errorf("at %s: %q", at[e], s.EndpointAt(at[e]))
			}
		}
		s.ResetFaults()
	}
	s.Faults("no such endpoint").Down(true)
	if s.EndpointAt("/oauth2/login") != "" || !s.IsPage("/oauth2/login") || s.IsPage("/oauth2/token") {
		t.Error("pages and endpoints are mixed up")
	}
}

func TestDeviceAnswersCanBeRewritten(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	f := s.Faults(oauth.EndpointDevice)
	f.Rewrite(func(m map[string]any) { m["interval"] = 0 })
	if d := startDevice(t, s); d.Interval != 0 {
		t.Errorf("got %+v", d)
	}
	f.Refuse(1, "invalid_scope")
	wantError(t, "failed", post(t, s, "/oauth2/device_authorization", form("client_id", "app")), "invalid_scope")
}

// Parameters may be secrets, also in the URL or in an Authorization header of an unknown
// scheme.
func TestAnswersRepeatNoPartOfTheRequest(t *testing.T) {
	t.Parallel()
	const canary = "canary-4711-canary"
	s := newPeople(t, nil)
	for _, path := range []string{
		"/oauth2/authorize", "/oauth2/device", "/oauth2/login", "/oauth2/consent", "/oauth2/device_authorization",
		"/oauth2/revoke", "/oauth2/introspect", "/oauth2/userinfo", "/oauth2/token",
	} {
		names := []string{"client_id", "redirect_uri", "state", "scope", "request", "csrf", "user_code", "token", "resource", "client_secret",
			"client_assertion", "client_assertion_type", "login", "password", "code_challenge"}
		values := form()
		for _, name := range names {
			values.Set(name, canary)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r := httptest.NewRequestWithContext(t.Context(), method, issuer+path+"?"+values.Encode(), http.NoBody)
			r.Header.Set("Authorization", "Bearer "+canary)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), canary) || strings.Contains(w.Header().Get("Location"), canary) {
				t.Errorf("%s %s repeats what was sent", method, path)
			}
		}
		if a := post(t, s, path, values); strings.Contains(a.body, canary) {
			t.Errorf("POST %s repeats what was sent", path)
		}
	}
}
