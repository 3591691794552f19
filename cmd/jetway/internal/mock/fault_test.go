package mock

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/control"
	"github.com/jetway-go/jetway/mockserver/presets"
)

// faulted is a mock with one fault, and what a client sees of it.
type faulted struct {
	facts map[string]string
	conn  *grpc.ClientConn
}

func withFault(t *testing.T, name string) faulted {
	t.Helper()
	facts := started(t, "--fault", name, "--control")
	return faulted{facts, dial(t, facts["grpc target"])}
}

// token is one that no endpoint had to issue.
func (f faulted) token(t *testing.T) string {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), control.SecretKey, f.facts["control secret"])
	resp, err := mockpb.NewControlServiceClient(f.conn).IssueToken(ctx, &mockpb.IssueTokenRequest{Scopes: []string{"all"}})
	if err != nil {
		t.Fatal(err)
	}
	return resp.GetAccessToken()
}

func (f faulted) call(t *testing.T, token string) error {
	t.Helper()
	ctx := t.Context()
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	_, err := projectpb.NewProjectServiceClient(f.conn).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

func (f faulted) login(t *testing.T) (int, string) {
	t.Helper()
	return askToken(t, f.facts["issuer"], url.Values{
		"grant_type": {"client_credentials"}, "client_id": {f.facts["client id"]}, "client_secret": {f.facts["client secret"]},
	})
}

// Each fault, as a client without any cleverness meets it.
func TestFaultsDoWhatTheirNamesSay(t *testing.T) {
	t.Parallel()
	everyThird := func(want codes.Code) func(*testing.T, faulted) {
		return func(t *testing.T, f faulted) {
			t.Helper()
			token := f.token(t)
			for i := range 6 {
				expect := codes.OK
				if i%3 == 2 {
					expect = want
				}
				if got := status.Code(f.call(t, token)); got != expect {
					t.Errorf("call %d: %v, want %v", i+1, got, expect)
				}
			}
		}
	}
	tests := map[string]func(*testing.T, faulted){
		"expired-tokens": func(t *testing.T, f faulted) {
			if status, body := f.login(t); status != http.StatusOK || !strings.Contains(body, `"expires_in":2`) {
				t.Errorf("a token: %d %s", status, body)
			}
		},
		"rejected-tokens": everyThird(codes.Unauthenticated),
		"flaky":           everyThird(codes.Unavailable),
		"busy":            everyThird(codes.ResourceExhausted),
		"slow": func(t *testing.T, f faulted) {
			token, start := f.token(t), time.Now()
			if err := f.call(t, token); err != nil || time.Since(start) < 2*time.Second {
				t.Errorf("after %v: %v", time.Since(start), err)
			}
			start = time.Now()
			if status, _ := f.login(t); status != http.StatusOK || time.Since(start) < 2*time.Second {
				t.Errorf("after %v: %d", time.Since(start), status)
			}
		},
		"cut-streams": func(*testing.T, faulted) {}, // below: it needs a stream of many messages
		"proxy-401": func(t *testing.T, f faulted) {
			if err := f.call(t, ""); status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "401") {
				t.Errorf("without a token: %v", err)
			}
			if err := f.call(t, f.token(t)); err != nil {
				t.Error(err)
			}
		},
		"proxy-redirect": func(t *testing.T, f faulted) {
			if err := f.call(t, ""); status.Code(err) != codes.Unknown || !strings.Contains(err.Error(), "302") {
				t.Errorf("without a token: %v", err)
			}
			if err := f.call(t, f.token(t)); err != nil {
				t.Error(err)
			}
		},
		"token-endpoint-down": func(t *testing.T, f faulted) {
			for range 2 {
				if status, _ := f.login(t); status != http.StatusServiceUnavailable {
					t.Errorf("a token: %d", status)
				}
			}
		},
		"token-endpoint-busy": func(t *testing.T, f faulted) {
			for _, want := range []int{http.StatusTooManyRequests, http.StatusOK} {
				if status, _ := f.login(t); status != want {
					t.Errorf("a token: %d, want %d", status, want)
				}
			}
		},
		"login-refused": func(t *testing.T, f faulted) {
			for range 2 {
				if status, body := f.login(t); status != http.StatusBadRequest || !strings.Contains(body, "invalid_grant") {
					t.Errorf("a token: %d %s", status, body)
				}
			}
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, withFault(t, name))
		})
	}
}

func TestCutStreamsEndEarly(t *testing.T) {
	t.Parallel()
	server, err := mockserver.New(mockserver.WithOpenAccess(), mockserver.WithProject("demo"))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	f := &Flags{faults: []string{"cut-streams"}}
	if err := prepare(t.Context(), server, f); err != nil {
		t.Fatal(err)
	}
	conn := dial(t, server.Endpoint())
	for range 2 {
		if n, err := messages(t, conn); n != 3 || status.Code(err) != codes.Unavailable {
			t.Errorf("a stream of %d messages: %v", n, err)
		}
	}
}

// A mock begins with each fault that there is.
func TestAMockBeginsWithEveryFault(t *testing.T) {
	t.Parallel()
	for _, p := range presets.All() {
		f, c := &Flags{}, &cobra.Command{}
		if f.Define(c); c.Flags().Parse([]string{"--fault", p.Name}) != nil {
			t.Fatal(p.Name)
		}
		server, err := mockserver.New(append(f.options(), mockserver.WithInMemory())...)
		if err != nil {
			t.Fatal(err)
		}
		over := slices.Contains([]string{"expire-tokens", "revoke-tokens", "revoke-logins"}, p.Name) // at once
		if err := prepare(t.Context(), server, f); err != nil || p.On(server) == (over || p.TokenTTL > 0) {
			t.Errorf("%s: on %t, %v", p.Name, p.On(server), err)
		}
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The table in the documentation is that of the faults.
func TestFaultsAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "docs", "mock.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for line := range strings.Lines(string(page)) {
		if strings.HasPrefix(line, "| `") && strings.Count(line, "|") == 4 {
			got = append(got, line)
		}
	}
	for _, p := range presets.All() {
		want = append(want, "| `"+p.Name+"` | "+p.Does+" | "+p.Clients+" |\n")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("docs/mock.md (- as it should be, + as it is):\n%s", diff)
	}
}

// messages opens a watch of runs that begins with many, and counts what it sends.
func messages(t *testing.T, conn grpc.ClientConnInterface) (n int, err error) {
	t.Helper()
	create, runs := workflowpb.NewRunServiceClient(conn), &workflowpb.WatchRunsRequest{
		Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
	}
	stream, err := create.WatchRuns(t.Context(), runs)
	if err != nil {
		return 0, err
	}
	for {
		if _, err := create.CreateRun(t.Context(), &workflowpb.CreateRunRequest{
			Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: runs.GetProjectId()},
			Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}},
		}); err != nil {
			return n, err
		}
		if _, err := stream.Recv(); err != nil {
			return n, err
		}
		n++
	}
}
