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
	token, err := s.token()
	if err != nil {
		return platform.Target{}, setup(err)
	}
	t := platform.Target{
		Endpoint: r.Endpoint,
		Flow:     flow.Static{Credentials: credentials(token)},
		User:     s.user,
	}
	if t.Endpoint == "" {
		t.Endpoint = s.api.Scheme + "://" + s.api.Host
		// The hub itself hands out addresses without TLS, for its own network.
		t.PlaintextCredentials = r.APIURL == "" && s.api.Scheme == "http"
	}
	return t, nil
}

// credentials present a token as the hub wants it.
func credentials(token string) *auth.Credentials {
	return &auth.Credentials{AccessToken: token, TokenType: "token"}
}
