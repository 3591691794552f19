package kubeflow_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/mockserver/siblings/dexproxy"
	"github.com/jetway-go/jetway/mockserver/siblings/kfpserver"
	"github.com/jetway-go/jetway/platform"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// api is Kubeflow's API server, and what callers sent it.
type api struct {
	*grpc.Server

	addr string

	mu   sync.Mutex
	seen []metadata.MD
}

func (a *api) calls() []metadata.MD {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

// serve is an API server with one run and one experiment in namespace team.
func serve(t *testing.T, opts ...grpc.ServerOption) *api {
	t.Helper()
	a := newAPI(opts...)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a.addr = l.Addr().String()
	go a.Serve(l) //nolint:errcheck // ends with Stop
	t.Cleanup(a.Stop)
	return a
}

func newAPI(opts ...grpc.ServerOption) *api {
	a := &api{}
	note := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		a.mu.Lock()
		a.seen = append(a.seen, md.Copy())
		a.mu.Unlock()
		return handler(ctx, req)
	}
	a.Server = grpc.NewServer(append([]grpc.ServerOption{grpc.ChainUnaryInterceptor(note)}, opts...)...)
	kfpserver.Register(a.Server, &kfpserver.Server{
		Runs:        map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first", ExperimentId: "e1"}}},
		Experiments: map[string][]*kfppb.Experiment{"team": {{ExperimentId: "e1", DisplayName: "tries", Namespace: "team"}}},
		Members:     map[string][]string{"others": {"nobody"}},
	})
	return a
}

func closedBy(v serverauth.Verifier) grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(serverauth.Unary(v))
}

// behind starts a proxy with Dex, and Kubeflow's API behind it.
func behind(t *testing.T, config dexproxy.Config) (*dexproxy.Server, *api) {
	t.Helper()
	var proxy *dexproxy.Server
	a := newAPI(closedBy(serverauth.VerifierFunc(func(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
		return proxy.Verifier().Verify(ctx, p)
	})))
	config.Upstream = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			a.ServeHTTP(w, r)
			return
		}
		_, _ = w.Write([]byte("Kubeflow"))
	})
	return proxied(t, &proxy, config), a
}

func proxied(t *testing.T, proxy **dexproxy.Server, config dexproxy.Config) *dexproxy.Server {
	t.Helper()
	p, err := dexproxy.Start(config)
	if err != nil {
		t.Fatal(err)
	}
	*proxy = p
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// env is an environment with nothing in it but these.
func env(pairs ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1], true
			}
		}
		return "", false
	}
}

func inCluster(pairs ...string) func(string) (string, bool) {
	return env(append(pairs, "KUBERNETES_SERVICE_HOST", "10.0.0.1", "KUBERNETES_SERVICE_PORT", "443")...)
}

func made(t *testing.T, r platform.Resolver, opts ...clientset.Option) *clientset.ClientSet {
	t.Helper()
	cs, err := clientset.For(t.Context(), r, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cs.Close(); err != nil {
			t.Error(err)
		}
	})
	return cs
}

// cluster resolves every name to one address, as the network of a cluster does,
// and tells which names were asked for.
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

func file(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	rewrite(t, path, content)
	return path
}

func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}

// notes keeps what was logged.
type notes struct {
	mu   sync.Mutex
	text strings.Builder
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

func (n *notes) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(n, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func user(proxy *dexproxy.Server) kubeflow.Resolver {
	return kubeflow.Resolver{
		Host: proxy.URL() + "/pipeline", LookupEnv: env(),
		Dex: &kubeflow.Dex{Username: dexproxy.Username, Password: kubeflow.SecretValue(dexproxy.Password)},
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
