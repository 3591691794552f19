package jupyterhub

import (
	"context"
	"net/http"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform"
)

// Resolver finds what a service calls, with its own token. The zero value calls
// the host of the hub.
type Resolver struct {
	Config

	// Endpoint is what to call, in any form that clientset.ForEndpoint takes:
	// another service of the hub, for example. Empty means the host of the API's
	// URL.
	Endpoint string
}

var _ platform.Resolver = Resolver{}

// Resolve reads parameters and variables. It makes no request; hc is not used. The
// error is an [*Error].
func (r Resolver) Resolve(_ context.Context, _ *http.Client) (platform.Target, error) {
	s, err := r.read()
	if err != nil {
		return platform.Target{}, setup(err)
	}
	if _, err := s.token(); err != nil {
		return platform.Target{}, setup(err)
	}
	t := platform.Target{
		Endpoint: r.Endpoint,
		Flow:     own{s},
		User:     s.user,
	}
	if t.Endpoint == "" {
		t.Endpoint = s.api.Scheme + "://" + s.api.Host
		// The hub itself hands out addresses without TLS, for its own network.
		t.PlaintextCredentials = r.APIURL == "" && s.api.Scheme == "http"
	}
	return t, nil
}

// own is the login of a service, by the token that the hub has given it.
type own struct{ here *surroundings }

var _ auth.TraitedFlow = own{}

// Obtain returns the token as it is now.
func (f own) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	token, err := f.here.token()
	if err != nil {
		return nil, setup(err)
	}
	return flow.Static{Credentials: credentials(token)}.Obtain(ctx, env, prev)
}

// Traits say that nobody is needed, and that the token is kept elsewhere.
func (own) Traits() auth.Traits { return auth.Traits{Name: "jupyterhub_token", Unstored: true} }

// credentials present a token as the hub wants it.
func credentials(token string) *auth.Credentials {
	return &auth.Credentials{AccessToken: token, TokenType: "token"}
}
