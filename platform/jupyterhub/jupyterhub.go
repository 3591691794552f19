// Package jupyterhub is for services of a JupyterHub: programs that call each other and
// are called by users, with tokens of the hub.
//
// To call another service, give a [Resolver] to clientset.For: calls carry this
// service's API token as "authorization: token …". The same ClientSet signs requests to
// the hub's own REST API, for which there is a [Client]: users, groups, tokens, servers.
//
// To be called, make an [Auth] with [NewAuth]. It identifies callers by a request to the
// hub, caches the answers, and authorizes callers by scopes or lists. It is a
// serverauth.Verifier for gRPC, and its [Auth.Middleware] logs in users with browsers.
// A [Service] serves both at the address and path that the hub expects:
//
//	auth, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{})
//	if err != nil {
//		return err
//	}
//	server := grpc.NewServer(
//		grpc.ChainUnaryInterceptor(serverauth.Unary(auth)),
//		grpc.ChainStreamInterceptor(serverauth.Stream(auth)), // without it every caller may open streams
//	)
//	return jupyterhub.Service{HTTP: auth.Middleware(pages), GRPC: server}.Run(ctx)
package jupyterhub

import (
	"github.com/jetway-go/jetway/auth/flow"
)

// DefaultAPIURL is the default address of a hub's API.
const DefaultAPIURL = "http://127.0.0.1:8081/hub/api"

// The variables that a hub sets for a service that it starts. For a service that is
// started in another way, set at least the token and the API's URL.
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

// Config holds the settings of a service. Fields win over variables; the zero value
// takes all settings from variables. It may be shared.
type Config struct {
	// APIToken is the service's own token; the zero value means [EnvAPIToken].
	APIToken flow.Secret
	// APIURL is the hub's API; empty means [EnvAPIURL], and then [DefaultAPIURL].
	APIURL string
	// ServiceName is the service's name at the hub; empty means [EnvServiceName]. A
	// service that only calls others may have none.
	ServiceName string
	// Prefix is the path that the hub's proxy forwards to the service; empty means
	// [EnvPrefix], and then /services/<name>/ below the hub's base.
	Prefix string
	// ServiceURL is the address to listen on; empty means [EnvServiceURL].
	ServiceURL string
	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
}
