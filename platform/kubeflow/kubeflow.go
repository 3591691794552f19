// Package kubeflow reads the conventions of Kubeflow Pipelines: where its API is,
// inside a cluster and outside, and how a program logs in there.
//
// Give a [Resolver] to clientset.For. Its zero value is for a pod: the API server of
// namespace kubeflow, with the ServiceAccount token that is mounted, if there is one.
// Outside of a cluster set its Host, in the forms of Kubeflow's documentation, and one
// login: an existing token, the token volume, a user of Dex, or cookies that were
// obtained by other means.
//
//	cs, err := clientset.For(ctx, kubeflow.Resolver{
//		Host: "http://localhost:8080",
//		Dex:  &kubeflow.Dex{Username: "user@example.com", Password: flow.SecretEnv("KUBEFLOW_PASSWORD")},
//	})
//
// The result is a grpc.ClientConnInterface, so any stub of Kubeflow's works with it. The
// routes of a gateway with Dex carry HTTP alone: there the stubs work on cs.HTTPConn(). What
// the API has over HTTP only, such as the upload of a pipeline, does a [Client].
// Requests to the API name a namespace; [Resolver.FindUserNamespace] finds it.
package kubeflow

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/guess"
)

// Variables and defaults of Kubeflow's own clients.
const (
	// EnvEndpoint is the variable that names the host.
	EnvEndpoint = "KF_PIPELINES_ENDPOINT"
	// EnvTokenPath is the variable that names the ServiceAccount token's file.
	EnvTokenPath = "KF_PIPELINES_SA_TOKEN_PATH"
	// DefaultTokenPath is where the token volume is mounted by convention.
	DefaultTokenPath = "/var/run/secrets/kubeflow/pipelines/token"
	// DefaultNamespace is where Kubeflow is deployed by convention.
	DefaultNamespace = "kubeflow"

	envIAPClient      = "KF_PIPELINES_IAP_OAUTH2_CLIENT_ID"
	envKubernetesHost = "KUBERNETES_SERVICE_HOST"
	envKubernetesPort = "KUBERNETES_SERVICE_PORT"
)

// Resolver says where Kubeflow Pipelines is and how to log in. Fields win over
// variables. No method changes it, and it is safe for concurrent use.
//
// A Token wins over every other login. Of the others, ServiceAccount (or TokenPath),
// Dex and Cookies, at most one may be set. If none is set, the login in the context file
// is used; without one, the token volume, if [EnvTokenPath] is set or no host is; and
// otherwise calls are made without credentials, as standalone Kubeflow Pipelines
// expects.
type Resolver struct {
	// Host is where Kubeflow is: https://kubeflow.example.com/pipeline,
	// http://localhost:3000 (a port-forward), http://ml-pipeline-ui:80,
	// http://ml-pipeline-ui.kubeflow. Without a scheme it is https. Empty means
	// [EnvEndpoint], and then, inside a cluster, the API server of Namespace.
	//
	// For the names of the cluster's own services, calls are made to port 8887 of
	// ml-pipeline, which serves gRPC; credentials are sent there without TLS, as in
	// Kubeflow's own deployment. Every other host is used as it is. HTTP requests go to
	// Host itself: with Dex or Cookies below /pipeline, which is the route of the gateway,
	// and to port 8888 of ml-pipeline unless another one is set.
	Host string
	// API is the address of gRPC, if it does not follow from Host: a second
	// port-forward, for example. Any form that clientset.ForEndpoint takes.
	API string
	// Namespace is where Kubeflow is deployed; empty means [DefaultNamespace]. It is
	// used only if no host is set.
	Namespace string
	// UserNamespace is the namespace of the caller's runs; see
	// [Resolver.FindUserNamespace].
	UserNamespace string

	// Token is a bearer token that was obtained by other means. It is read again when
	// it is rejected.
	Token flow.Secret
	// ServiceAccount uses the token of the ServiceAccount token volume; calls fail if
	// it cannot be read.
	ServiceAccount bool
	// TokenPath is the file of that token, and implies ServiceAccount; empty means
	// [EnvTokenPath], and then [DefaultTokenPath]. It is read again before the token
	// expires and when it is rejected, since the cluster replaces it.
	TokenPath string
	// Dex logs in at Host, as a user with a browser would, and sends the session cookie.
	Dex *Dex
	// Cookies is a cookie header, "name=value; name2=value2", of a session that was
	// opened by other means.
	Cookies flow.Secret

	// ContextFile is the file in which Kubeflow's client stores a cookie or header and
	// a namespace; empty means .config/kfp/context.json in the home directory, which
	// may be missing. It is never written.
	ContextFile string
	// NamespaceFile contains the pod's namespace; empty means the file that Kubernetes
	// mounts.
	NamespaceFile string

	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
	// Logger receives a warning when a scheme is assumed, or when calls are made without
	// credentials because there is no token; nil means that of the client
	// (clientset.WithLogger).
	Logger *slog.Logger
}

var _ platform.Resolver = Resolver{}

// WithLogger returns r with l as its Logger, unless it has one. clientset.For calls it
// with the logger of the client.
func (r Resolver) WithLogger(l *slog.Logger) platform.Resolver {
	r.Logger = cmp.Or(r.Logger, l)
	return r
}

// Resolve reads parameters, variables and the context file. It makes no request and
// does not use the http.Client. The error is an [*Error].
func (r Resolver) Resolve(ctx context.Context, _ *http.Client) (platform.Target, error) {
	place, err := r.locate(ctx)
	if err != nil {
		return platform.Target{}, failed(opResolve, err)
	}
	login, err := r.login(place)
	if err != nil {
		return platform.Target{}, failed(opResolve, err)
	}
	return platform.Target{
		Endpoint:             cmp.Or(r.API, place.endpoint),
		HTTPBase:             place.httpBase(login),
		Rejected:             httpauth.CookieProxy("/oauth2", "/dex"),
		Flow:                 login,
		PlaintextCredentials: r.API == "" && place.inCluster || r.Dex != nil && r.Dex.AllowPlaintext,
		Settings:             platform.Settings{Endpoint: r.endpointSetting()},
	}, nil
}

// endpointSetting is what the user sets the endpoint by; empty where the cluster does.
func (r Resolver) endpointSetting() string {
	switch {
	case r.API != "":
		return "kubeflow.Resolver.API"
	case strings.TrimSpace(r.Host) != "":
		return "kubeflow.Resolver.Host"
	case strings.TrimSpace(r.getenv(EnvEndpoint)) != "":
		return EnvEndpoint
	default:
		return ""
	}
}

func (r Resolver) getenv(name string) string {
	lookup := r.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, _ := lookup(name)
	return value
}

// misspelt names variables that are set under a name like one of these; empty for none.
func (r Resolver) misspelt(missing ...string) string {
	return guess.Variables(r.LookupEnv, r.Environ, []string{EnvEndpoint, EnvTokenPath, envIAPClient}, missing)
}

func (r Resolver) logger() *slog.Logger {
	if r.Logger != nil {
		return r.Logger
	}
	return slog.New(slog.DiscardHandler)
}
