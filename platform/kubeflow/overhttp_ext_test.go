package kubeflow_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
	"github.com/jetway-go/jetway/platform/kubeflow/tokenreviewtest"
)

// pipelines is Kubeflow's API server with its HTTP face, whose users and namespaces are
// those of a deployment for several users.
func pipelines(k8s *tokenreviewtest.Cluster) *kfptest.Server {
	s := &kfptest.Server{
		MultiUser:   true,
		Experiments: map[string][]*kfppb.Experiment{"team": {{ExperimentId: "e1", DisplayName: "tries", Namespace: "team"}}},
		Runs:        map[string][]*kfppb.Run{"team": {{RunId: "r1", ExperimentId: "e1"}}},
		Members:     map[string][]string{"team": {dextest.Username, "sa"}, "others": {"another user"}},
	}
	if k8s != nil {
		s.Review = k8s.User
	}
	return s
}

// gateway starts a proxy with Dex, and the HTTP face behind it.
func gateway(t *testing.T, config dextest.Config) (*dextest.Server, *kfptest.Server) {
	t.Helper()
	s := pipelines(nil)
	routes := http.NewServeMux()
	routes.Handle("/pipeline/apis/", s.Handler())
	routes.HandleFunc("/", func(http.ResponseWriter, *http.Request) {}) // the pages, where a login ends
	config.Upstream = routes
	proxy := dextest.NewServer(config)
	t.Cleanup(proxy.Close)
	return proxy, s
}

// face starts the HTTP face by itself.
func face(t *testing.T, s *kfptest.Server) string {
	t.Helper()
	srv := httptest.NewServer(s.Handler())
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestStubsWorkOverHTTPWithEveryLogin(t *testing.T) {
	t.Parallel()
	proxy, _ := gateway(t, dextest.Config{SignInPage: true})
	k8s := tokenreviewtest.NewCluster()
	standalone := pipelines(nil)
	standalone.MultiUser, standalone.Members = false, nil
	for name, r := range map[string]kubeflow.Resolver{
		"Dex":            user(proxy),
		"ServiceAccount": {Host: face(t, pipelines(k8s)), TokenPath: file(t, k8s.IssueToken("sa", 0)), LookupEnv: env()},
		"token":          {Host: face(t, pipelines(k8s)), Token: flow.SecretValue(k8s.IssueToken("sa", 0)), LookupEnv: env()},
		"none":           {Host: face(t, standalone) + "/pipeline", LookupEnv: env()},
	} {
		cc := made(t, r).HTTPConn()
		runs, experiments := list(t, cc)
		if len(runs) != 1 || len(experiments) != 1 {
			t.Errorf("%s: %v, %v", name, runs, experiments)
		}
		stub := kfppb.NewRunServiceClient(cc)
		run, err := stub.CreateRun(t.Context(), &kfppb.CreateRunRequest{Run: &kfppb.Run{
			DisplayName: "nightly", ExperimentId: "e1",
			PipelineSource: &kfppb.Run_PipelineVersionReference{PipelineVersionReference: &kfppb.PipelineVersionReference{PipelineId: "p"}},
		}})
		for want := kfppb.RuntimeState_PENDING; err == nil && want <= kfppb.RuntimeState_SUCCEEDED; want++ {
			if run.GetState() != want {
				t.Errorf("%s: the run is %v, want %v", name, run.GetState(), want)
			}
			run, err = stub.GetRun(t.Context(), &kfppb.GetRunRequest{RunId: run.GetRunId()})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := stub.GetRun(t.Context(), &kfppb.GetRunRequest{}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: an empty id: %v", name, err)
		}
	}
}

func TestARefusalOverHTTPIsNoReasonToLogIn(t *testing.T) {
	t.Parallel()
	proxy, api := gateway(t, dextest.Config{})
	cs := made(t, user(proxy))
	err := listRuns(t.Context(), cs.HTTPConn(), "others")
	if st := status.Convert(err); st.Code() != codes.PermissionDenied || len(st.Details()) != 1 || !strings.Contains(st.Message(), dextest.Username) {
		t.Errorf("%v with %v", err, st.Details())
	}
	if proxy.Logins() != 1 || len(api.Requests()) != 1 {
		t.Errorf("%d logins and %d requests, want one of each", proxy.Logins(), len(api.Requests()))
	}
}

func TestAnEndedSessionOverHTTPIsOneLoginForAllCalls(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]dextest.Config{"redirect": {}, "page": {SignInPage: true}} {
		proxy, _ := gateway(t, config)
		cs := made(t, user(proxy))
		cc := cs.HTTPConn()
		if err := listRuns(t.Context(), cc, "team"); err != nil {
			t.Fatal(err)
		}
		proxy.ExpireSessions()
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				if err := listRuns(t.Context(), cc, "team"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if proxy.Logins() != 2 {
			t.Errorf("%s: %d logins, want 2", name, proxy.Logins())
		}
	}
}

// A token that the cluster has replaced is read again after Kubeflow's 401, whose challenge
// is a text.
func TestAReplacedServiceAccountTokenServesOverHTTP(t *testing.T) {
	t.Parallel()
	k8s := tokenreviewtest.NewCluster()
	old := k8s.IssueToken("sa", 0)
	path := file(t, old)
	cs := made(t, kubeflow.Resolver{Host: face(t, pipelines(k8s)), TokenPath: path, LookupEnv: env()})
	if err := listRuns(t.Context(), cs.HTTPConn(), "team"); err != nil {
		t.Fatal(err)
	}
	k8s.ExpireToken(old)
	rewrite(t, path, k8s.IssueToken("sa", 0))
	if err := listRuns(t.Context(), cs.HTTPConn(), "team"); err != nil {
		t.Error(err)
	}
	k8s.ExpireToken(strings.TrimSpace(read(t, path)))
	if err := listRuns(t.Context(), cs.HTTPConn(), "team"); status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want Unauthenticated", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// With Dex the API is below /pipeline only, and behind the login.
func TestTheNamespaceIsFoundBehindALogin(t *testing.T) {
	t.Parallel()
	proxy, api := gateway(t, dextest.Config{SignInPage: true})
	r := user(proxy)
	r.Host, r.NamespaceFile = proxy.URL, file(t, "team\n")
	cs := made(t, r)
	for range 2 {
		got, err := r.FindUserNamespace(t.Context(), cs.HTTPClient(), nil)
		if err != nil || got != "team" {
			t.Errorf("%q, %v", got, err)
		}
		proxy.ExpireSessions()
	}
	all := proxy.Requests()
	if last := all[len(all)-1]; last.Path != "/pipeline/apis/v2beta1/healthz" || len(api.Requests()) != 2 {
		t.Errorf("asked %s, %q", last.Path, api.Requests())
	}
}
