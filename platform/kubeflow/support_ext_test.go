package kubeflow_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/internal/platformtest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

// What the tests of every system say.
var (
	env      = platformtest.Env
	file     = platformtest.File
	rewrite  = platformtest.Rewrite
	contains = platformtest.Contains
)

func made(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, opts...)
	return platformtest.Opened(t, cs, err)
}

// newAPI is Kubeflow's API server, with one run and one experiment in namespace team.
func newAPI(guards ...grpc.ServerOption) *platformtest.Server {
	s := platformtest.NewServer(guards...)
	kfptest.Register(s.Server, &kfptest.Server{
		Runs:        map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first", ExperimentId: "e1"}}},
		Experiments: map[string][]*kfppb.Experiment{"team": {{ExperimentId: "e1", DisplayName: "tries", Namespace: "team"}}},
		Members:     map[string][]string{"others": {"another user"}},
		Caller:      caller,
	})
	return s
}

func serve(t *testing.T, guards ...grpc.ServerOption) *platformtest.Server {
	t.Helper()
	s := newAPI(guards...)
	s.Start(t)
	return s
}

// behind starts a proxy with Dex, and Kubeflow's API behind it.
func behind(t *testing.T, config dextest.Config) (*dextest.Server, *platformtest.Server) {
	t.Helper()
	var a *platformtest.Server
	config.GRPC = func(checkSession ...grpc.ServerOption) *grpc.Server {
		a = newAPI(checkSession...)
		return a.Server
	}
	proxy := dextest.NewServer(config)
	t.Cleanup(proxy.Close)
	return proxy, a
}

func inCluster(pairs ...string) func(string) (string, bool) {
	return env(append(pairs, "KUBERNETES_SERVICE_HOST", "10.0.0.1", "KUBERNETES_SERVICE_PORT", "443")...)
}

// cluster resolves every name to one address, as the network of a cluster does,
// and records the names that were looked up.
type cluster struct {
	mu    sync.Mutex
	asked []string
}

func (c *cluster) option(addr string) clientset.Option {
	b := manual.NewBuilderWithScheme("dns")
	b.BuildCallback = func(target resolver.Target, _ resolver.ClientConn, _ resolver.BuildOptions) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asked = append(c.asked, target.Endpoint())
	}
	b.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: addr}}})
	return clientset.WithDialOptions(grpc.WithResolvers(b))
}

func (c *cluster) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

func listRuns(ctx context.Context, cc grpc.ClientConnInterface, namespace string) error {
	_, err := kfppb.NewRunServiceClient(cc).ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: namespace})
	return err
}

func user(proxy *dextest.Server) kubeflow.Resolver {
	return kubeflow.Resolver{
		Host: proxy.URL + "/pipeline", LookupEnv: env(),
		Dex: &kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)},
	}
}

func list(t *testing.T, cc grpc.ClientConnInterface) ([]*kfppb.Run, []*kfppb.Experiment) {
	t.Helper()
	runs, err := kfppb.NewRunServiceClient(cc).ListRuns(t.Context(), &kfppb.ListRunsRequest{Namespace: "team"})
	if err != nil {
		t.Fatal(err)
	}
	experiments, err := kfppb.NewExperimentServiceClient(cc).ListExperiments(t.Context(), &kfppb.ListExperimentsRequest{Namespace: "team"})
	if err != nil {
		t.Fatal(err)
	}
	return runs.GetRuns(), experiments.GetExperiments()
}

// caller returns the user whom serverauth found out.
func caller(ctx context.Context) string {
	id, _ := serverauth.IdentityFromContext(ctx)
	return id.Subject
}
