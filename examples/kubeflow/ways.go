package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

const namespace = "team-a"

// content is what Kubeflow's API server has.
func content() *kfptest.Server {
	return &kfptest.Server{
		Runs:        map[string][]*kfppb.Run{namespace: {{RunId: "r-1", DisplayName: "nightly training", ExperimentId: "e-1"}}},
		Experiments: map[string][]*kfppb.Experiment{namespace: {{ExperimentId: "e-1", DisplayName: "Default", Namespace: namespace}}},
	}
}

// api is Kubeflow's API server.
func api(opts ...grpc.ServerOption) *grpc.Server {
	s := grpc.NewServer(opts...)
	kfptest.Register(s, content())
	return s
}

// listen serves the API on an address of its own.
func listen(ctx context.Context, s *grpc.Server) (address string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l)
	}()
	return "http://" + l.Addr().String(), func() { s.Stop(); <-ended }, nil
}

// inAPod reads the token that the cluster has mounted, and keeps going when the
// cluster replaces it.
func inAPod(ctx context.Context, out io.Writer) error {
	cluster := tokenreviewtest.NewCluster()
	host, stop, err := listen(ctx, api(cluster.ServerOptions()...))
	if err != nil {
		return err
	}
	defer stop()
	volume, err := os.MkdirTemp("", "kubeflow")
	if err != nil {
		return err
	}
	defer os.RemoveAll(volume)
	path := filepath.Join(volume, "token")
	var mounted string
	mount := func() error {
		cluster.ExpireToken(mounted)
		mounted = cluster.IssueToken("system:serviceaccount:"+namespace+":default-editor", 0)
		return os.WriteFile(path, []byte(mounted+"\n"), 0o600)
	}
	if err := mount(); err != nil {
		return err
	}
	return use(ctx, out, kubeflow.Resolver{Host: host, TokenPath: path, LookupEnv: nowhere}, func() error {
		fmt.Fprintln(out, "  the token is replaced, the old one ends")
		return mount()
	})
}

// fromOutside logs in at the proxy in front of the deployment as a person would. The proxy
// passes HTTP on.
func fromOutside(ctx context.Context, out io.Writer) error {
	server := content()
	server.MultiUser, server.Members = true, map[string][]string{namespace: {dextest.Username}}
	routes := http.NewServeMux()
	routes.Handle("/pipeline/apis/", server.Handler())
	routes.HandleFunc("/", func(http.ResponseWriter, *http.Request) {}) // Kubeflow's pages
	proxy := dextest.NewServer(dextest.Config{Connectors: []string{"ldap", "local"}, Approval: true, Upstream: routes})
	defer proxy.Close()

	dex := &kubeflow.Dex{Username: dextest.Username, Password: flow.SecretValue(dextest.Password)}
	hc := &http.Client{Transport: &http.Transport{}}
	defer hc.CloseIdleConnections()
	session, err := dex.Login(ctx, hc, proxy.URL) // the client below logs in by itself; this shows what comes of it
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "  %v: secured %v, a cookie of %d bytes\n", session, session.Secured, len(session.Cookie))

	cs, err := clientset.For(ctx, kubeflow.Resolver{Host: proxy.URL, Dex: dex, LookupEnv: nowhere})
	if err != nil {
		return err
	}
	defer cs.Close()
	if err := list(ctx, out, cs.HTTPConn()); err != nil {
		return err
	}
	fmt.Fprintln(out, "  the session ends")
	proxy.ExpireSessions()
	if err := list(ctx, out, cs.HTTPConn()); err != nil {
		return err
	}
	if err := train(ctx, out, cs); err != nil {
		return err
	}
	fmt.Fprintf(out, "  %d logins by this client\n", proxy.Logins()-1)
	return nil
}

// standalone needs no login: the client sends no credentials, and the server requires
// none.
func standalone(ctx context.Context, out io.Writer) error {
	host, stop, err := listen(ctx, api())
	if err != nil {
		return err
	}
	defer stop()
	return use(ctx, out, kubeflow.Resolver{Host: host, LookupEnv: nowhere}, nil)
}
