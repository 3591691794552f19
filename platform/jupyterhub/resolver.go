package jupyterhub

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/platform"
)

// Resolver makes calls to a service of the hub and to the hub's own API, with this
// service's own token.
type Resolver struct {
	Config

	// Endpoint is the service to call by gRPC, in any form that clientset.ForEndpoint
	// takes, such as the address in its JUPYTERHUB_SERVICE_URL. The hub itself serves no
	// gRPC, and its proxy passes none on: without an Endpoint there is only the hub's API,
	// see [Client].
	Endpoint string
}

var _ platform.Resolver = Resolver{}

// Resolve reads parameters and variables. It makes no request and does not use the
// http.Client. The error is an [*Error].
//
// HTTP requests are for the hub's API; the token goes there and to the hub's public
// address, if the environment has one. The hub answers 403 both to a token that is not
// valid and to one that lacks a scope: a 403 is a rejection only if a request for
// the token's own user is refused as well. The token is sent without TLS to an API that
// [EnvAPIURL] names so, as [Auth] does, if there is no Endpoint.
func (r Resolver) Resolve(_ context.Context, _ *http.Client) (platform.Target, error) {
	s, err := r.read()
	if err != nil {
		return platform.Target{}, setup(err)
	}
	if _, err := s.token(); err != nil {
		return platform.Target{}, setup(err)
	}
	api := s.api.String()
	t := platform.Target{
		Endpoint: strings.TrimSpace(r.Endpoint),
		HTTPBase: api,
		Rejected: httpauth.Any(httpauth.Unauthorized, httpauth.Confirm(httpauth.Forbidden, api+"/user")),
		Flow:     own{s},
		User:     s.user,
		Settings: platform.Settings{Endpoint: "jupyterhub.Resolver.Endpoint"},
	}
	t.PlaintextCredentials = t.Endpoint == "" && s.api.Scheme == "http" && strings.TrimSpace(r.APIURL) == ""
	if hub, err := url.Parse(s.hub); err == nil && hub.Host != "" && (hub.Scheme == "https" || !t.PlaintextCredentials) {
		t.Origins = []string{hub.Scheme + "://" + hub.Host}
	}
	return t, nil
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
