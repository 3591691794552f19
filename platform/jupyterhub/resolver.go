package jupyterhub

import (
	"context"
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform"
)

// Resolver makes calls to a service of the hub, with this service's own token.
type Resolver struct {
	Config

	// Endpoint is the service to call, in any form that clientset.ForEndpoint takes,
	// such as the address in its JUPYTERHUB_SERVICE_URL. Required: the hub itself
	// serves no gRPC, and its proxy passes none on.
	Endpoint string
}

var _ platform.Resolver = Resolver{}

// Resolve reads parameters and variables. It makes no request and does not use the
// http.Client. The error is an [*Error], and wraps [ErrNoEndpoint] if Endpoint is
// empty.
func (r Resolver) Resolve(_ context.Context, _ *http.Client) (platform.Target, error) {
	s, err := r.read()
	if err != nil {
		return platform.Target{}, setup(err)
	}
	if _, err := s.token(); err != nil {
		return platform.Target{}, setup(err)
	}
	if strings.TrimSpace(r.Endpoint) == "" {
		return platform.Target{}, setup(ErrNoEndpoint)
	}
	return platform.Target{
		Endpoint: r.Endpoint,
		Flow:     own{s},
		User:     s.user,
		Settings: platform.Settings{Endpoint: "jupyterhub.Resolver.Endpoint"},
	}, nil
}

// own is the flow for the service's own token.
type own struct{ here *surroundings }

var _ auth.TraitedFlow = own{}

// Obtain returns the token that the configuration has now.
func (f own) Obtain(ctx context.Context, env auth.Env, prev *auth.Credentials) (*auth.Credentials, error) {
	token, err := f.here.token()
	if err != nil {
		return nil, setup(err)
	}
	return flow.Static{Credentials: credentials(token)}.Obtain(ctx, env, prev)
}

// Traits returns that the flow needs no user and that its token is not stored.
func (own) Traits() auth.Traits { return auth.Traits{Name: "jupyterhub_token", Unstored: true} }

// credentials returns credentials that send a token as the hub expects it.
func credentials(token string) *auth.Credentials {
	return &auth.Credentials{AccessToken: token, TokenType: "token"}
}
