package kubeflow_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

func TestKubeflowRow03_InClusterDefaults(t *testing.T) {
	t.Parallel()
	// Given a pod with a mounted token and nothing set ...
	k8s := tokenreviewtest.NewCluster()
	a := serve(t, k8s.ServerOptions()...)
	names := &cluster{}
	vars := inCluster(kubeflow.EnvTokenPath, file(t, k8s.IssueToken("sa", 0)))
	for _, config := range []kubeflow.Resolver{{LookupEnv: vars}, {LookupEnv: vars, Namespace: "ml"}} {
		// ... then calls go to the API server's port for gRPC, with the token, without TLS.
		if err := listRuns(t.Context(), made(t, config, names.option(a.Addr())), "team"); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"ml-pipeline.kubeflow.svc.cluster.local:8887", "ml-pipeline.ml.svc.cluster.local:8887"}
	if got := names.names(); !slices.Equal(got, want) {
		t.Errorf("dialled %q, want %q", got, want)
	}
}

func TestKubeflowRow03_ThePodsNamespaceIsUsedForSeveralUsersOnly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		multiUser bool
		config    kubeflow.Resolver
		want      string
		asked     int32
	}{
		"several users":          {true, kubeflow.Resolver{NamespaceFile: file(t, "team-a\n")}, "team-a", 1},
		"one user":               {false, kubeflow.Resolver{NamespaceFile: file(t, "team-a\n")}, "", 1},
		"several, no pod":        {true, kubeflow.Resolver{NamespaceFile: "/nowhere"}, "", 1},
		"given":                  {true, kubeflow.Resolver{UserNamespace: "mine"}, "mine", 0},
		"set in the context":     {true, kubeflow.Resolver{ContextFile: file(t, `{"namespace":"saved"}`)}, "saved", 0},
		"not set in the context": {true, kubeflow.Resolver{ContextFile: file(t, `{"namespace":""}`), NamespaceFile: file(t, "pod")}, "pod", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			var host, authorization string
			health := func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				host, authorization = r.Host, r.Header.Get("Authorization")
				if r.URL.Path != "/apis/v2beta1/healthz" {
					http.NotFound(w, r)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"commit_sha": "x", "multi_user": tt.multiUser})
			}
			hc := reached(t, http.HandlerFunc(health))
			k8s := tokenreviewtest.NewCluster()
			token := k8s.IssueToken("sa", 0)
			tt.config.LookupEnv = inCluster(kubeflow.EnvTokenPath, file(t, token))
			a := serve(t, k8s.ServerOptions()...)
			cs := made(t, tt.config, (&cluster{}).option(a.Addr()))
			got, err := tt.config.FindUserNamespace(t.Context(), hc, cs.Authenticator())
			if err != nil || got != tt.want || asked.Load() != tt.asked {
				t.Errorf("namespace = %q, %v, after %d questions; want %q after %d", got, err, asked.Load(), tt.want, tt.asked)
			}
			if tt.asked > 0 && (host != "ml-pipeline.kubeflow.svc.cluster.local:8888" || authorization != "Bearer "+token) {
				t.Errorf("asked %s, authorization sent: %v", host, authorization != "")
			}
		})
	}
}

func TestKubeflowRow03_TheHealthCheckSendsNoTokenWithoutTLS(t *testing.T) {
	t.Parallel()
	// Given a client with a token for a deployment that is reached without TLS ...
	a := serve(t)
	config := kubeflow.Resolver{
		Host: "http://kf.example/pipeline", API: "http://" + a.Addr(), Token: flow.SecretValue("canary"), LookupEnv: env(),
	}
	var header http.Header
	var path string
	hc := reached(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header, path = r.Header, r.URL.Path
		_, _ = w.Write([]byte(`{"multi_user": false}`))
	}))
	// ... then it is asked, without the token.
	namespace, err := config.FindUserNamespace(t.Context(), hc, made(t, config).Authenticator())
	if err != nil || namespace != "" || path != "/pipeline/apis/v2beta1/healthz" || header.Get("Authorization") != "" {
		t.Errorf("%q, %v; asked %s, with authorization: %v", namespace, err, path, header.Get("Authorization") != "")
	}
}

// reached is an HTTP client that finds h under every name.
func reached(t *testing.T, h http.Handler) *http.Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: h}
	go srv.Serve(l) //nolint:errcheck // ends with Close
	dialer := &net.Dialer{}
	tr := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, l.Addr().String())
	}}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		_ = srv.Close()
	})
	return &http.Client{Transport: tr}
}

func TestKubeflowRow03_StandaloneIsCalledWithoutCredentials(t *testing.T) {
	t.Parallel()
	// The hosts of Kubeflow's documentation, for the deployment that requires no login.
	for host, want := range map[string]string{
		"http://ml-pipeline-ui:80":       "ml-pipeline:8887",
		"http://ml-pipeline-ui.kubeflow": "ml-pipeline.kubeflow.svc.cluster.local:8887",
		"http://localhost:3000":          "localhost:3000",
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			a := serve(t)
			names := &cluster{}
			cs := made(t, kubeflow.Resolver{LookupEnv: env(kubeflow.EnvEndpoint, host)}, names.option(a.Addr()))
			if err := listRuns(t.Context(), cs, "team"); err != nil {
				t.Fatal(err)
			}
			if got := names.names(); !slices.Equal(got, []string{want}) {
				t.Errorf("dialled %q, want %q", got, want)
			}
			if md := a.Calls()[0]; len(md["authorization"])+len(md["cookie"]) != 0 {
				t.Error("the call carried credentials")
			}
		})
	}
}
