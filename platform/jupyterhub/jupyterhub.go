// Package jupyterhub connects services of a JupyterHub, in both directions.
//
// A program that the hub has started, or that knows its API token, calls others
// with it: made by a [Resolver], its calls carry "authorization: token …". A
// program that is called finds out by whom: [NewAuth] makes an [Auth], which asks
// the hub, remembers the answers, and decides by scopes or lists. It is a
// serverauth.Verifier for gRPC and, with [Auth.Middleware], the login of people with
// browsers. A [Service] serves both where the hub expects it:
//
//	auth, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{})
//	if err != nil {
//		return err
//	}
//	server := grpc.NewServer(
//		grpc.ChainUnaryInterceptor(serverauth.Unary(auth)),
//		grpc.ChainStreamInterceptor(serverauth.Stream(auth)), // without it streams are open to everybody
//	)
//	return jupyterhub.Service{HTTP: auth.Middleware(pages), GRPC: server}.Run(ctx)
package jupyterhub

import (
	"github.com/jetway-go/jetway/auth/flow"
)

// DefaultAPIURL is where a hub's API is by convention.
const DefaultAPIURL = "http://127.0.0.1:8081/hub/api"

// The variables that a hub starts a service with. A service that the hub does not
// start is given at least the token and the API's URL by whoever does.
const (
	EnvAPIToken    = "JUPYTERHUB_API_TOKEN"
	EnvAPIURL      = "JUPYTERHUB_API_URL"
	EnvServiceName = "JUPYTERHUB_SERVICE_NAME"
	EnvServiceURL  = "JUPYTERHUB_SERVICE_URL"
	EnvPrefix      = "JUPYTERHUB_SERVICE_PREFIX"
	EnvBaseURL     = "JUPYTERHUB_BASE_URL"

	envHost         = "JUPYTERHUB_HOST"
	envPublicHub    = "JUPYTERHUB_PUBLIC_HUB_URL"
	envUser         = "JUPYTERHUB_USER"
	envClientID     = "JUPYTERHUB_CLIENT_ID"
	envCallback     = "JUPYTERHUB_OAUTH_CALLBACK_URL"
	envAccessScopes = "JUPYTERHUB_OAUTH_ACCESS_SCOPES"
	envOldScopes    = "JUPYTERHUB_OAUTH_SCOPES"
	envKeyFile      = "JUPYTERHUB_SSL_KEYFILE"
	envCertFile     = "JUPYTERHUB_SSL_CERTFILE"
	envClientCA     = "JUPYTERHUB_SSL_CLIENT_CA"
)

// Config is what a service knows of its hub and of itself. Fields win over the
// variables; the zero value takes everything from these. It may be shared.
type Config struct {
	// APIToken is the service's own token; the zero value means [EnvAPIToken].
	APIToken flow.Secret
	// APIURL is the hub's API; empty means [EnvAPIURL], and then [DefaultAPIURL].
	APIURL string
	// ServiceName is the name that the hub has for the service; empty means
	// [EnvServiceName]. A service that only calls others may have none.
	ServiceName string
	// Prefix is the path under which the hub's proxy leads to the service; empty
	// means [EnvPrefix], and then /services/<name>/ below the hub's base.
	Prefix string
	// ServiceURL is where the service listens; empty means [EnvServiceURL].
	ServiceURL string
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}
