package flow_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
)

var errAsked = errors.New("the backend was asked")

// unasked is a backend that must not be asked.
type unasked struct{ n int }

func (u *unasked) ClientConfig(context.Context) (configstore.ClientConfig, error) {
	u.n++
	return configstore.ClientConfig{}, errAsked
}

// deaf is a Prompter that ends a login before a person is waited for.
type deaf struct{}

func (deaf) Prompt(context.Context, auth.Prompt) error { return errors.New("no screen") }

// A flow that is given what it cannot do without asks the backend for nothing; with one of
// these fields missing it asks.
func TestFlowWithACompleteConfigurationAsksForNothing(t *testing.T) {
	t.Parallel()
	const idp = "https://idp.example"
	token := configstore.ClientConfig{TokenEndpoint: idp + "/token"}
	with := token.WithOverride
	client := with(configstore.ClientConfig{ClientID: "cli"})
	browser := client.WithOverride(configstore.ClientConfig{AuthorizationEndpoint: idp + "/authorize"})
	device := client.WithOverride(configstore.ClientConfig{DeviceAuthorizationEndpoint: idp + "/device"})
	secret := flow.SecretValue(clientSecret)
	screen, headless := flow.Environment{Browser: true, Terminal: true}, flow.Environment{Terminal: true}
	obtain := func(f auth.Flow) func(context.Context, auth.Env) error {
		return func(ctx context.Context, env auth.Env) error {
			_, err := f.Obtain(ctx, env, nil)
			return err
		}
	}
	renew := func(f auth.Renewer, prev *auth.Credentials) func(context.Context, auth.Env) error {
		return func(ctx context.Context, env auth.Env) error {
			_, err := f.Renew(ctx, env, prev)
			return err
		}
	}
	anonymous := person()
	anonymous.ClientID = ""
	for name, tc := range map[string]struct {
		do      func(context.Context, auth.Env) error
		enough  configstore.ClientConfig
		lacking configstore.ClientConfig
	}{
		"client credentials": {obtain(machine()), token, configstore.ClientConfig{ClientID: "cli"}},
		"password":           {obtain(flow.Password{Username: "ada", Password: secret}), client, token},
		"password, a client of its own": {obtain(flow.Password{Username: "ada", Password: secret, ClientID: "own"}), token,
			configstore.ClientConfig{ClientID: "cli"}},
		"token exchange":                    {obtain(flow.TokenExchange{SubjectToken: secret}), token, configstore.ClientConfig{}},
		"token exchange with a secret":      {obtain(flow.TokenExchange{SubjectToken: secret, ClientSecret: secret}), client, token},
		"browser":                           {obtain(flow.PKCE{NoBrowser: true, Environment: &screen}), browser, client},
		"browser or device":                 {obtain(flow.PKCE{NoBrowser: true, Environment: &headless, Device: &flow.DeviceCode{}}), browser.WithOverride(device), browser},
		"device":                            {obtain(flow.DeviceCode{}), device, client},
		"auto with a browser":               {obtain(flow.Auto{Environment: &screen, PKCE: flow.PKCE{NoBrowser: true}}), browser, device},
		"auto without browser":              {obtain(flow.Auto{Environment: &headless}), device, browser},
		"a stored login":                    {renew(flow.Stored{}, person()), token, configstore.ClientConfig{ClientID: "cli"}},
		"a stored login without its client": {renew(flow.Stored{}, anonymous), client, token},
		"revocation": {func(ctx context.Context, env auth.Env) error {
			return flow.Stored{}.Revoke(ctx, env, person())
		}, with(configstore.ClientConfig{RevocationEndpoint: idp + "/revoke"}), token},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, over := range map[string]configstore.ClientConfig{"enough": tc.enough, "lacking": tc.lacking} {
				_, env := inMemoryEndpoint(grants(goodToken))
				base := &unasked{}
				env.Config, env.Prompter = configstore.Overlay(base, over), deaf{}
				err := tc.do(t.Context(), env)
				if asked := errors.Is(err, errAsked); asked != (what == "lacking") || asked != (base.n > 0) {
					t.Errorf("%s: asked %d times, %v", what, base.n, err)
				}
			}
		})
	}
}

// A server that does not know the client may want more than what is set: the backend is
// asked what it advertises, and the request is sent once more.
func TestRejectedClientAsksTheBackendAfterAll(t *testing.T) {
	t.Parallel()
	_, env := inMemoryEndpoint(func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("client_secret") == "" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"error":"invalid_client"}`))
			return
		}
		grants(goodToken)(w, r)
	})
	base := configstore.Static(configstore.ClientConfig{AuthMethods: []string{"client_secret_post"}})
	env.Config = configstore.Overlay(base, configstore.ClientConfig{TokenEndpoint: "https://idp.example/token"})
	if _, err := machine().Obtain(t.Context(), env, nil); err != nil {
		t.Error(err)
	}
}

// An address that an earlier process found out is dropped when it leads nowhere.
func TestKeptEndpointThatCannotBeReachedIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, kept := range []bool{true, false} {
			rec, env := inMemoryEndpoint(grants(goodToken))
			reachable := env.HTTP.Transport
			env.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.URL.Host == "gone.example" {
					return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
				}
				return reachable.RoundTrip(r)
			})
			cfg := &config{
				now:  configstore.ClientConfig{TokenEndpoint: "https://gone.example/token", Kept: kept},
				next: configstore.ClientConfig{TokenEndpoint: "https://idp.example/token"},
			}
			env.Config = cfg
			_, err := flow.Stored{}.Renew(t.Context(), env, person())
			if (err == nil) != kept || (cfg.invalidated == 1) != kept || (len(rec.requests()) == 1) != kept {
				t.Errorf("kept %v: %v after %d requests, dropped %d times", kept, err, len(rec.requests()), cfg.invalidated)
			}
		}
	})
}

// What only another setting helps against is FailedPrecondition, before anything is sent.
func TestUnusableSettingIsFailedPrecondition(t *testing.T) {
	t.Parallel()
	secret := flow.SecretValue(clientSecret)
	for name, tc := range map[string]struct {
		flow auth.Flow
		cfg  configstore.ClientConfigStore
	}{
		"no configuration":     {machine(), nil},
		"no token endpoint":    {machine(), configstore.Static(configstore.ClientConfig{})},
		"nothing published":    {machine(), configstore.Overlay(nil, configstore.ClientConfig{ClientID: "cli"})},
		"no client":            {flow.Password{Username: "ada", Password: secret}, tokensAt("https://idp.example/token")},
		"no user":              {flow.Password{Password: secret, ClientID: "cli"}, tokensAt("https://idp.example/token")},
		"plain http":           {machine(), tokensAt("http://idp.example/token")},
		"no URL":               {machine(), tokensAt("idp")},
		"an unknown style":     {flow.ClientCredentials{ClientID: "batch", Secret: secret, AuthStyle: 99}, tokensAt("https://idp.example/token")},
		"a reserved parameter": {flow.ClientCredentials{ClientID: "batch", Secret: secret, Extra: url.Values{"scope": {"x"}}}, tokensAt("https://idp.example/token")},
		"a relative resource":  {flow.ClientCredentials{ClientID: "batch", Secret: secret, Resources: []string{"x"}}, tokensAt("https://idp.example/token")},
		"two proofs":           {flow.ClientCredentials{ClientID: "batch", Secret: secret, Assertion: secret}, tokensAt("https://idp.example/token")},
		"no browser endpoint":  {flow.PKCE{NoBrowser: true, ClientID: "cli"}, tokensAt("https://idp.example/token")},
		"no device endpoint":   {flow.DeviceCode{ClientID: "cli"}, tokensAt("https://idp.example/token")},
		"no way for a person":  {flow.Auto{Environment: &flow.Environment{Terminal: true}}, tokensAt("https://idp.example/token")},
		"an unusable document": {machine(), configstore.Func(func(context.Context) (configstore.ClientConfig, error) {
			return configstore.ClientConfig{}, &configstore.Error{Op: "discover", Err: configstore.ErrInvalid}
		})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec, env := inMemoryEndpoint(grants(goodToken))
			env.Config, env.Prompter = tc.cfg, deaf{}
			_, err := tc.flow.Obtain(t.Context(), env, nil)
			if status.Code(err) != codes.FailedPrecondition || len(rec.requests()) != 0 {
				t.Errorf("%v (%v) after %d requests, want FailedPrecondition", err, status.Code(err), len(rec.requests()))
			}
		})
	}
}

// Secrets leave this machine without TLS only where the program allows it.
func TestPlaintextEndpointServesWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		rec, env := inMemoryEndpoint(grants(goodToken))
		env.Config, env.Plaintext = tokensAt("http://dex.auth:5556/token"), allowed
		_, err := machine().Obtain(t.Context(), env, nil)
		if (err == nil) != allowed || errors.Is(err, configstore.ErrPlaintext) == allowed || len(rec.requests()) == 1 != allowed {
			t.Errorf("allowed %v: %v after %d requests", allowed, err, len(rec.requests()))
		}
	}
}

func tokensAt(endpoint string) configstore.ClientConfigStore {
	return configstore.Static(configstore.ClientConfig{TokenEndpoint: endpoint})
}
