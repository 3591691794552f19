// Package kubeflow reads the conventions of Kubeflow Pipelines: where its API is,
// inside a cluster and outside, and how a program logs in there.
//
// A [Resolver] is a platform.Resolver. Its zero value is for a pod: the API server
// of namespace kubeflow, with the ServiceAccount token that is mounted, if there
// is one. Elsewhere it takes a Host, in the forms of Kubeflow's documentation, and
// one login: an existing token, the token volume, a Dex user whose session cookie
// then travels with every call, or cookies that somebody else got.
//
//	cs, err := clientset.For(ctx, kubeflow.Resolver{
//		Host: "http://localhost:8080",
//		Dex:  &kubeflow.Dex{Username: "user@example.com", Password: flow.SecretEnv("KUBEFLOW_PASSWORD")},
//	})
//
// Any KFP stub rides on the result, which is a grpc.ClientConnInterface. The API
// wants its namespace in requests; [Resolver.FindUserNamespace] finds it.
package kubeflow

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"os"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/guess"
)

// What Kubeflow's own clients read.
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
// variables. It is never changed and may be shared.
//
// A Token wins over every other login. Of the rest, ServiceAccount (or TokenPath),
// Dex and Cookies, at most one can be set. Without any, the context file decides;
// without that, the token volume if [EnvTokenPath] is set or no host is given; and
// else calls go without credentials, as standalone Kubeflow Pipelines wants it.
type Resolver struct {
	// Host is where Kubeflow is: https://kubeflow.example.com/pipeline,
	// http://localhost:3000 (a port-forward), http://ml-pipeline-ui:80,
	// http://ml-pipeline-ui.kubeflow. Without a scheme it is https. Empty means
	// [EnvEndpoint], and then, inside a cluster, the API server of Namespace.
	//
	// The names of the cluster's own services lead to port 8887 of ml-pipeline,
	// which is where gRPC is served; credentials go there without TLS, as Kubeflow
	// has it. Every other host is dialled as it stands.
	Host string
	// API is where gRPC is served, if that does not follow from Host: a second
	// port-forward, for example. Any form that clientset.ForEndpoint takes.
	API string
	// Namespace is where Kubeflow is deployed; empty means [DefaultNamespace]. It
	// counts only where there is no host.
	Namespace string
	// UserNamespace is the namespace of the caller's runs; see
	// [Resolver.FindUserNamespace].
	UserNamespace string

	// Token is a bearer token that somebody else got, sent as it is, and read again
	// once it is refused.
	Token flow.Secret
	// ServiceAccount takes the token of the ServiceAccount token volume, and fails
	// calls where it cannot be read.
	ServiceAccount bool
	// TokenPath is the file of that token, and implies ServiceAccount; empty means
	// [EnvTokenPath], and then [DefaultTokenPath]. It is read again whenever the
	// token nears its end or is refused, since the cluster replaces it.
	TokenPath string
	// Dex logs in at Host, as a person would, and sends the session cookie.
	Dex *Dex
	// Cookies is a cookie header, "name=value; name2=value2", of a session that
	// somebody else opened.
	Cookies flow.Secret

	// ContextFile is where Kubeflow's client keeps a cookie or header and a
	// namespace; empty means .config/kfp/context.json in the home directory, and
	// there it may be absent. It is only read.
	ContextFile string
	// NamespaceFile holds the pod's namespace; empty means where Kubernetes mounts it.
	NamespaceFile string

	// LookupEnv reads the environment; nil means os.LookupEnv.
	LookupEnv func(name string) (value string, ok bool)
	// Environ lists the environment as os.Environ does, so that an error about a
	// missing setting can show a variable that is misspelt; nil means os.Environ, or
	// nothing if there is a LookupEnv.
	Environ func() []string
	// Logger hears of what was assumed or went without; nil discards.
	Logger *slog.Logger
}

var _ platform.Resolver = Resolver{}

// Resolve reads parameters, variables and the context file. It makes no request;
// hc is not used. The error is an [*Error].
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
		Flow:                 login,
		PlaintextCredentials: r.API == "" && place.inCluster || r.Dex != nil && r.Dex.AllowPlaintext,
	}, nil
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
