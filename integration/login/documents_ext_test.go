package login_test

import (
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/configstore"
)

// documentScenarios are about what servers publish of themselves.
func documentScenarios() []scenario {
	return []scenario{{name: "discovery", run: discovery}}
}

func discovery(t *testing.T, p *provider) {
	const oauthDocument, openIDDocument = "oauth-authorization-server", "openid-configuration"
	// Given a server that publishes one document or both,
	for _, path := range []string{"/.well-known/" + oauthDocument, "/.well-known/" + openIDDocument} {
		resp, err := http.Get(p.issuer + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		want := http.StatusOK
		if p.traits.NoRFC8414 && path == "/.well-known/"+oauthDocument {
			want = http.StatusNotFound
		}
		if resp.StatusCode != want {
			t.Errorf("%s: %s, want %d", path, resp.Status, want)
		}
	}
	// when a program reads them, or only one can be read,
	var first configstore.ClientConfig
	for i, hidden := range []string{"", oauthDocument, openIDDocument} {
		w := newWire(t)
		w.hide(hidden)
		cfg, err := configstore.Discovery(p.issuer, w.client()).ClientConfig(t.Context())
		if p.traits.NoRFC8414 && hidden == openIDDocument {
			if err == nil {
				t.Error("a document was found where there is none")
			}
			continue
		}
		if err != nil {
			t.Fatalf("without %q: %v", hidden, err)
		}
		if i == 0 {
			first = cfg
		}
		if cfg.TokenEndpoint != first.TokenEndpoint || cfg.AuthorizationEndpoint != first.AuthorizationEndpoint ||
			cfg.DeviceAuthorizationEndpoint != first.DeviceAuthorizationEndpoint || cfg.IssRequired != first.IssRequired {
			t.Errorf("without %q: %+v, before %+v", hidden, cfg, first)
		}
	}
	// then it knows the server.
	if first.Issuer != p.issuer || first.TokenEndpoint == "" || first.AuthorizationEndpoint == "" {
		t.Errorf("found %+v", first)
	}
	if got := first.DeviceAuthorizationEndpoint == ""; got != p.traits.NoDevice {
		t.Errorf("device endpoint %q", first.DeviceAuthorizationEndpoint)
	}
	if got := first.RevocationEndpoint == ""; got != p.traits.NoRevocation {
		t.Errorf("revocation endpoint %q", first.RevocationEndpoint)
	}
	if first.IssRequired == p.traits.NoIss {
		t.Errorf("iss promised: %v", first.IssRequired)
	}
}
