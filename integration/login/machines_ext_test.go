package login_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
)

// machineScenarios need nobody.
func machineScenarios() []scenario {
	return []scenario{
		{"client credentials", clientCredentials},
		{"wrong secret", wrongSecret},
		{"private key", privateKey},
		{"token exchange", tokenExchange},
		{"resource", resourceIndicator},
		{"password", passwordGrant},
		{"wrong password", wrongPassword},
	}
}

func machine(style flow.AuthStyle) flow.ClientCredentials {
	return flow.ClientCredentials{ClientID: machineClient, Secret: flow.SecretValue(machineSecret), AuthStyle: style}
}

// The secret arrives as it is, whether it travels in a header or in a form.
func clientCredentials(t *testing.T, p *provider) {
	for _, style := range []flow.AuthStyle{flow.StyleFromServer, flow.StyleBasic, flow.StyleForm} {
		prog := p.start(t, machine(style), nil, nil)
		prog.callsAs(machineClient, p.traits.MachineRefusal)
	}
}

func wrongSecret(t *testing.T, p *provider) {
	for _, style := range []flow.AuthStyle{flow.StyleBasic, flow.StyleForm} {
		f := machine(style)
		f.Secret = flow.SecretValue("not the secret of this machine")
		prog := p.start(t, f, nil, nil)
		_, err := prog.whoami()
		wantRefusal(t, err, "invalid_client")
		if n := prog.wire.sent(); n != 1 {
			t.Errorf("%d token requests, want 1", n)
		}
	}
}

// A client signs who it is; the audience is the token endpoint or the issuer.
func privateKey(t *testing.T, p *provider) {
	key := newSigner(t)
	p = p.again(t, settings{signer: key})
	for _, audience := range []string{"", p.issuer} {
		f := flow.ClientCredentials{ClientID: signerClient, PrivateKey: flow.PrivateKey{PEM: key.pem(t), Audience: audience}}
		p.start(t, f, nil, nil).callsAs(signerClient, p.traits.SignerRefusal)
	}
}

// A workload's own token is traded for one of the server.
func tokenExchange(t *testing.T, p *provider) {
	key := newSigner(t)
	p = p.again(t, settings{signer: key})
	f := flow.TokenExchange{ClientID: machineClient, ClientSecret: flow.SecretValue(machineSecret), SubjectToken: key.token(t, p.issuer)}
	p.start(t, f, nil, nil).callsAs("system:serviceaccount:ml:trainer", p.traits.ExchangeRefusal)
}

// callsAs makes a call, which takes one token request and no rejected call, or is
// refused by the server.
func (p *program) callsAs(subject, refusal string) {
	p.t.Helper()
	got, err := p.whoami()
	if refusal != "" {
		wantRefusal(p.t, err, refusal)
		return
	}
	if err != nil || got != subject {
		p.t.Errorf("called by %q, %v; want %q", got, err, subject)
	}
	if p.wire.sent() != 1 || p.backend.rejected() != 0 {
		p.t.Errorf("%d token requests and %d rejected calls, want 1 and 0", p.wire.sent(), p.backend.rejected())
	}
}

// Who names a resource gets a token for it (RFC 8707).
func resourceIndicator(t *testing.T, p *provider) {
	f := machine(flow.StyleFromServer)
	f.Resources = []string{resource}
	prog := p.start(t, f, nil, nil)
	c, err := f.Obtain(t.Context(), prog.env, nil)
	if p.traits.MachineRefusal != "" {
		wantRefusal(t, prog.hear(err), p.traits.MachineRefusal)
		return
	}
	if err != nil {
		t.Fatal(prog.hear(err))
	}
	var claims struct {
		Audience string `json:"aud"`
	}
	if parts := strings.Split(c.AccessToken, "."); len(parts) == 3 {
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil || json.Unmarshal(payload, &claims) != nil {
			t.Error("the token is no JWT that can be read")
		}
	}
	if claims.Audience != resource {
		t.Errorf("the token is for %q, want %q", claims.Audience, resource)
	}
}

func legacy(p *provider, text string) flow.Password {
	return flow.Password{Username: user, Password: flow.SecretValue(text), Scopes: p.traits.PersonScopes}
}

// A password is enough, and then a refresh token is.
func passwordGrant(t *testing.T, p *provider) {
	prog := p.start(t, legacy(p, password), nil, nil)
	prog.callsAs(user, p.traits.PasswordRefusal)
	if p.traits.PasswordRefusal != "" {
		return
	}
	prog.backend.distrust(prog.login().AccessToken)
	prog.mustBe(user)
	if got := prog.wire.sent("refresh_token"); got != 1 {
		t.Errorf("%d renewals, want 1", got)
	}
}

func wrongPassword(t *testing.T, p *provider) {
	prog := p.start(t, legacy(p, "not the password"), nil, nil)
	_, err := prog.whoami()
	code := p.traits.WrongPassword
	if p.traits.PasswordRefusal != "" {
		code = p.traits.PasswordRefusal
	}
	wantRefusal(t, err, code)
}
