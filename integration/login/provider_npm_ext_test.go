package login_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var oidcProviderTraits = traits{
	WrongPassword:    "invalid_grant",
	UsedRefreshToken: "invalid_grant",
	ExchangeRefusal:  "unsupported_grant_type",
	RedirectURI:      "http://127.0.0.1/callback",
	// OpenID Connect Core §11: without both there is no refresh token.
	PersonScopes: []string{"openid", "offline_access", scope},
	PersonExtra:  url.Values{"prompt": {"consent"}},
}

// startOIDCProvider runs the npm package oidc-provider; see ../oidc-provider.
func startOIDCProvider(t *testing.T, s settings) *provider {
	t.Helper()
	dir := filepath.Join("..", "oidc-provider")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "oidc-provider")); err != nil {
		t.Fatalf("the npm package oidc-provider is not installed: run `npm ci` in integration/oidc-provider, or `make integration` (%v)", err)
	}
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start node (Debian package nodejs, 20 or later): %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // it ends with that
		stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		if err := cmd.Wait(); err != nil {
			t.Errorf("oidc-provider did not end with its standard input: %v", err)
		}
		stuck.Stop()
		if t.Failed() {
			t.Logf("oidc-provider said:\n%s", stderr.String())
		}
	})
	if err := json.NewEncoder(stdin).Encode(oidcProviderSettings(s)); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	var up struct {
		Issuer string `json:"issuer"`
	}
	if err != nil || json.Unmarshal(line, &up) != nil || up.Issuer == "" {
		t.Fatalf("oidc-provider did not start: %q, %v\n%s", line, err, stderr.String())
	}
	return &provider{
		name: "oidc-provider", issuer: up.Issuer, traits: oidcProviderTraits,
		verify: introspection(up.Issuer + "/token/introspection"),
	}
}

// oidcProviderSettings is the line that ../oidc-provider/server.mjs reads.
func oidcProviderSettings(s settings) map[string]any {
	machine := func(id string, more map[string]any) map[string]any {
		c := map[string]any{
			"client_id": id, "grant_types": []string{"client_credentials"},
			"redirect_uris": []string{}, "response_types": []string{},
		}
		maps.Copy(c, more)
		return c
	}
	clients := []map[string]any{
		machine(machineClient, map[string]any{"client_secret": machineSecret}),
		machine(resourceID, map[string]any{"client_secret": resourceKey}),
		{
			"client_id": personClient, "token_endpoint_auth_method": "none", "application_type": "native",
			"grant_types": []string{
				"authorization_code", "refresh_token", "password", "urn:ietf:params:oauth:grant-type:device_code",
			},
			"redirect_uris": []string{"http://127.0.0.1/callback"},
		},
	}
	if s.signer != nil {
		clients = append(clients, machine(signerClient, map[string]any{
			"token_endpoint_auth_method": "private_key_jwt", "jwks": map[string]any{"keys": []any{s.signer.jwk()}},
		}))
	}
	ttl := s.tokenTTL
	if ttl == 0 {
		ttl = time.Hour
	}
	return map[string]any{"clients": clients, "ttl": ttl.Seconds(), "passwords": map[string]string{user: password, other: password}}
}
