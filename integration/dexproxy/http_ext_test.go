package dexproxy_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/integration/gateway/kfpserver"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

// kfp is Kubeflow's API server as it is deployed: its services over gRPC, a real
// grpc-gateway with its settings in front of them, and the uploads beside that.
type kfp struct {
	*kfptest.Server
	http.Handler

	mu    sync.Mutex
	calls []string // verb, path and user
}

func startKFP(t *testing.T) *kfp {
	t.Helper()
	k := &kfp{Server: &kfptest.Server{
		MultiUser:   true,
		Experiments: map[string][]*kfppb.Experiment{"team": {{ExperimentId: "e1", DisplayName: "tries"}}},
		Runs:        map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first", ExperimentId: "e1"}}},
		Members:     map[string][]string{"team": {user}, "bobs": {other}},
	}}
	_, gateway := kfpserver.Start(t, k.Server)
	routes := http.NewServeMux()
	routes.Handle("/", http.StripPrefix("/pipeline", gateway))
	for _, path := range []string{"POST /pipeline/apis/v2beta1/pipelines/upload", "POST /pipeline/apis/v2beta1/pipelines/upload_version", "/pipeline/apis/v2beta1/healthz"} {
		routes.Handle(path, k.Server.Handler())
	}
	k.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Kubeflow-Userid") // the mesh says who it is, by what the proxy says
		if who := r.Header.Get("X-Forwarded-Email"); who != "" {
			r.Header.Set("Kubeflow-Userid", who)
		}
		k.mu.Lock()
		k.calls = append(k.calls, r.Method+" "+r.URL.Path+" "+r.Header.Get("Kubeflow-Userid"))
		k.mu.Unlock()
		routes.ServeHTTP(w, r)
	})
	return k
}

func (k *kfp) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.calls)
}

// outside is a client set of ann's for HTTP through the proxy.
func outside(t *testing.T, p *proxy, opts ...clientset.Option) (*clientset.ClientSet, kubeflow.Resolver) {
	t.Helper()
	r := kubeflow.Resolver{
		Host: p.url(), LookupEnv: func(string) (string, bool) { return "", false },
		Dex: &kubeflow.Dex{Username: user, Password: flow.SecretValue(password)},
	}
	cs, err := clientset.For(t.Context(), r, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cs.Close() })
	return cs, r
}

func TestStubsAndUploadsWorkThroughDexAndTheProxy(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]deployment{"redirect": {}, "sign-in page": {signInPage: true, approval: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d.api = startKFP(t)
			p := startProxy(t, d)
			cs, r := outside(t, p)
			ctx, cc := t.Context(), cs.HTTPConn()

			namespaceFile := t.TempDir() + "/namespace"
			writeFile(t, namespaceFile, "team")
			r.NamespaceFile = namespaceFile
			namespace, err := r.FindUserNamespace(ctx, cs.HTTPClient(), nil)
			if err != nil || namespace != "team" {
				t.Fatalf("%q, %v", namespace, err)
			}
			experiments, err := kfppb.NewExperimentServiceClient(cc).ListExperiments(ctx, &kfppb.ListExperimentsRequest{Namespace: namespace})
			if err != nil || len(experiments.GetExperiments()) != 1 {
				t.Fatalf("%v, %v", experiments, err)
			}

			client := kubeflow.NewClient(cs.HTTPClient(), cs.HTTPURL(""))
			content := "pipelineInfo: {name: train}\n" + strings.Repeat("# x\n", 100_000)
			sent := int64(0)
			of := kubeflow.Package{Name: "train.yaml", Content: strings.NewReader(content), Size: int64(len(content))}
			pipeline, err := client.UploadPipeline(ctx, of, kubeflow.Upload{Name: "train", Namespace: namespace, Progress: func(n, _ int64) { sent = n }})
			if err != nil || sent != of.Size || string(d.api.(*kfp).Package(pipeline.ID)) != content {
				t.Fatalf("%+v, %v; %d sent", pipeline, err, sent)
			}
			version, err := client.UploadVersion(ctx, pipeline.ID, of, kubeflow.Upload{Name: "v2"})
			if err != nil {
				t.Fatal(err)
			}

			stub := kfppb.NewRunServiceClient(cc)
			run, err := stub.CreateRun(ctx, &kfppb.CreateRunRequest{Run: &kfppb.Run{
				DisplayName: "nightly", ExperimentId: experiments.GetExperiments()[0].GetExperimentId(),
				PipelineSource: &kfppb.Run_PipelineVersionReference{PipelineVersionReference: &kfppb.PipelineVersionReference{
					PipelineId: pipeline.ID, PipelineVersionId: version.ID,
				}},
				RuntimeConfig: &kfppb.RuntimeConfig{Parameters: map[string]*structpb.Value{"epochs": structpb.NewNumberValue(3)}},
			}})
			for err == nil && run.GetState() != kfppb.RuntimeState_SUCCEEDED {
				run, err = stub.GetRun(ctx, &kfppb.GetRunRequest{RunId: run.GetRunId()})
			}
			if err != nil || run.GetRuntimeConfig().GetParameters()["epochs"].GetNumberValue() != 3 {
				t.Fatalf("%v, %v", run, err)
			}
			if found, err := stub.ListRuns(ctx, &kfppb.ListRunsRequest{Namespace: namespace}); err != nil || len(found.GetRuns()) != 2 {
				t.Errorf("%v, %v", found, err)
			}
			if n := p.forms.Load(); n != 1 {
				t.Errorf("%d logins, want 1", n)
			}
		})
	}
}

func TestAnEndedSessionIsOneLoginFor200HTTPCalls(t *testing.T) {
	t.Parallel()
	for name, signIn := range map[string]bool{"redirect": false, "sign-in page": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, deployment{signInPage: signIn, api: startKFP(t)})
			cs, _ := outside(t, p)
			stub := kfppb.NewRunServiceClient(cs.HTTPConn())
			list := func() {
				if found, err := stub.ListRuns(t.Context(), &kfppb.ListRunsRequest{Namespace: "team"}); err != nil || len(found.GetRuns()) != 1 {
					t.Errorf("%v, %v", found, err)
				}
			}
			list()
			p.stop()
			p.run(t) // it knows no session of before
			var all sync.WaitGroup
			for range 200 {
				all.Go(list)
			}
			all.Wait()
			if n := p.forms.Load(); n != 2 {
				t.Errorf("%d logins, want 2", n)
			}
		})
	}
}

func TestASessionThatTheProxyRenewsIsKeptAndStored(t *testing.T) {
	t.Parallel()
	p := startProxy(t, deployment{api: startKFP(t), refresh: time.Second})
	store := &tokenstore.MemoryStore{}
	cs, _ := outside(t, p, clientset.WithStore(store))
	list := func(cs *clientset.ClientSet) {
		t.Helper()
		if err := listOver(t, cs); err != nil {
			t.Error(err)
		}
	}
	list(cs)
	for range 3 {
		before, renewed := stored(t, store), p.renewals.Load()
		for deadline := time.Now().Add(patience); p.renewals.Load() == renewed; time.Sleep(200 * time.Millisecond) {
			if list(cs); time.Now().After(deadline) {
				t.Fatal("the proxy does not renew the session")
			}
		}
		if after := stored(t, store); after == before {
			t.Error("the renewed session is not stored")
		}
	}
	// Another process goes on with the last one.
	later, _ := outside(t, p, clientset.WithStore(store))
	list(later)
	if n := p.forms.Load(); n != 1 {
		t.Errorf("%d logins, want 1", n)
	}
}

func listOver(t *testing.T, cs *clientset.ClientSet) error {
	t.Helper()
	_, err := kfppb.NewRunServiceClient(cs.HTTPConn()).ListRuns(t.Context(), &kfppb.ListRunsRequest{Namespace: "team"})
	return err
}

func stored(t *testing.T, store *tokenstore.MemoryStore) string {
	t.Helper()
	keys, err := store.List(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d stored logins, %v", len(keys), err)
	}
	c, err := store.Retrieve(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	return c.AccessToken
}

func TestAWrongPasswordAndARefusalOverHTTPAreNamed(t *testing.T) {
	t.Parallel()
	k := startKFP(t)
	p := startProxy(t, deployment{api: k})
	wrong, err := clientset.For(t.Context(), kubeflow.Resolver{
		Host: p.url(), LookupEnv: func(string) (string, bool) { return "", false },
		Dex: &kubeflow.Dex{Username: user, Password: flow.SecretValue("canary-that-is-wrong")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer wrong.Close()
	client := kubeflow.NewClient(wrong.HTTPClient(), wrong.HTTPURL(""))
	_, uploaded := client.UploadPipeline(t.Context(), kubeflow.Package{Name: "a.yaml", Content: strings.NewReader("a"), Size: 1}, kubeflow.Upload{})
	for _, err := range []error{listOver(t, wrong), uploaded} {
		if !errors.Is(err, kubeflow.ErrWrongPassword) || !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v (%v), want ErrWrongPassword", err, status.Code(err))
		}
	}
	if k.count() != 0 {
		t.Errorf("%d calls reached the API", k.count())
	}

	before := p.forms.Load()
	cs, _ := outside(t, p)
	_, err = kfppb.NewRunServiceClient(cs.HTTPConn()).ListRuns(t.Context(), &kfppb.ListRunsRequest{Namespace: "bobs"})
	if st := status.Convert(err); st.Code() != codes.PermissionDenied || len(st.Details()) != 1 || !strings.Contains(st.Message(), user) {
		t.Errorf("%v with %v, want PermissionDenied", err, st.Details())
	}
	if n := p.forms.Load() - before; n != 1 || k.count() != 1 {
		t.Errorf("%d logins and %d calls, want one of each", n, k.count())
	}
}
