package authserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func get(t *testing.T, s http.Handler, path string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, issuer+path, http.NoBody))
	doc := map[string]any{}
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return w.Code, doc
}

func TestDiscoveryDocumentsHaveTheMetadata(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, issuer string
		camel        bool
		path         string
		key          string
	}{
		{"RFC 8414", issuer, false, "/.well-known/oauth-authorization-server", "token_endpoint"},
		{"OpenID Connect", issuer, false, "/.well-known/openid-configuration", "token_endpoint"},
		{"RFC 8414 below a path", issuer + "/realms/demo/", false, "/.well-known/oauth-authorization-server/realms/demo", "token_endpoint"},
		{"OpenID Connect below a path", issuer + "/realms/demo", false, "/realms/demo/.well-known/openid-configuration", "token_endpoint"},
		{"camelCase", issuer, true, "/.well-known/oauth-authorization-server", "tokenEndpoint"},
		{"OpenID Connect is never camelCase", issuer, true, "/.well-known/openid-configuration", "token_endpoint"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, func(c *oauth.Config) { c.Issuer, c.CamelCase = tt.issuer, tt.camel })
			code, doc := get(t, s, tt.path)
			if code != http.StatusOK || doc["issuer"] != strings.TrimRight(tt.issuer, "/") {
				t.Fatalf("got %d %v", code, doc)
			}
			if want := s.TokenURL(); doc[tt.key] != want {
				t.Errorf("%s = %v, want %s", tt.key, doc[tt.key], want)
			}
			endpoint := strings.TrimPrefix(s.TokenURL(), issuer)
			if a := post(t, s, endpoint, withSecret("grant_type", "client_credentials")); a.status != http.StatusOK {
				t.Errorf("the advertised endpoint answers %d", a.status)
			}
		})
	}
}

func TestDocumentElsewhereIsNotFound(t *testing.T) {
	t.Parallel()
	s := newServer(t, func(c *oauth.Config) { c.Issuer = issuer + "/realms/demo" })
	for _, path := range []string{
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
		"/realms/demo/.well-known/oauth-authorization-server",
	} {
		if code, _ := get(t, s, path); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

// The published key suffices for a resource server to verify access tokens.
func TestPublishedKeyVerifiesTokens(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	parts := strings.Split(mustToken(t, s, "audience", "api").AccessToken, ".")
	_, doc := get(t, s, "/oauth2/jwks")
	keys, ok := doc["keys"].([]any)
	if !ok || len(keys) != 1 {
		t.Fatalf("keys: %v", doc)
	}
	key, ok := keys[0].(map[string]any)
	if !ok {
		t.Fatalf("key: %v", keys[0])
	}
	number := func(name string) []byte {
		text, _ := key[name].(string)
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(raw) != 32 {
			t.Fatalf("%s: %v, %d bytes", name, err, len(raw))
		}
		return raw
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, number("x")...), number("y")...))
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	r, v := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	if !ecdsa.Verify(public, sum[:], r, v) {
		t.Error("the signature does not match the published key")
	}

	var header, claims map[string]any
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	if header["kid"] != key["kid"] || header["alg"] != "ES256" || header["typ"] != "at+jwt" {
		t.Errorf("header: %v", header)
	}
	if claims["iss"] != issuer || claims["aud"] != "api" || claims["sub"] != clientID || claims["scope"] != "all read" {
		t.Errorf("claims: %v", claims)
	}
}

func TestNewRefusesBadConfigs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*oauth.Config)
		field  string
	}{
		{"no issuer", func(c *oauth.Config) { c.Issuer = "" }, "Issuer"},
		{"not a URL", func(c *oauth.Config) { c.Issuer = "127.0.0.1:80" }, "Issuer"},
		{"query", func(c *oauth.Config) { c.Issuer = "http://h/?a=b" }, "Issuer"},
		{"pattern in the path", func(c *oauth.Config) { c.Issuer = "http://h/realms/{name}" }, "Issuer"},
		{"space in the path", func(c *oauth.Config) { c.Issuer = "http://h/a b" }, "Issuer"},
		{"steps in the path", func(c *oauth.Config) { c.Issuer = "http://h/a/../b" }, "Issuer"},
		{"empty step in the path", func(c *oauth.Config) { c.Issuer = "http://h/a//b" }, "Issuer"},
		{"half a second", func(c *oauth.Config) { c.TokenTTL = 500e6 }, "TokenTTL"},
		{"nameless client", func(c *oauth.Config) { c.Clients = []oauth.Client{{}} }, "Client.ID"},
		{"public client credentials", func(c *oauth.Config) {
			c.Clients = []oauth.Client{{ID: "x", Grants: []string{"client_credentials"}}}
		}, "Client.Grants"},
		{"public client with Basic", func(c *oauth.Config) {
			c.Clients = []oauth.Client{{ID: "x", AuthMethods: []string{oauth.AuthBasic}}}
		}, "Client.AuthMethods"},
		{"unknown method", func(c *oauth.Config) {
			c.Clients = []oauth.Client{{ID: "x", Secret: "y", AuthMethods: []string{"magic"}}}
		}, "Client.AuthMethods"},
		{"odd scope", func(c *oauth.Config) { c.Clients = []oauth.Client{{ID: "x", Secret: "y", Scopes: []string{"a b"}}} }, "Client.Scopes"},
	}
	for _, tt := range tests {
		cfg := oauth.Config{Issuer: issuer}
		tt.change(&cfg)
		_, err := authserver.New(cfg)
		var bad *authserver.ConfigError
		if !errors.As(err, &bad) || bad.Field != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
