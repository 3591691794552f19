package mockserver_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
)

const (
	listProjects = "/flyteidl2.project.ProjectService/ListProjects"
	watchRuns    = "/flyteidl2.workflow.RunService/WatchRuns"
	watchGroups  = "/flyteidl2.workflow.RunService/WatchGroups"
)

// connect is a plain gRPC client, as any program might be.
func connect(tb testing.TB, s *mockserver.Server) *grpc.ClientConn {
	tb.Helper()
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()), s.DialOption())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// fetchToken logs in by client credentials over plain HTTP.
func fetchToken(tb testing.TB, s *mockserver.Server, pairs ...string) string {
	tb.Helper()
	form := url.Values{"grant_type": {"client_credentials"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	code, body := postToken(tb, s, form)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.AccessToken == "" {
		tb.Fatalf("no token: %d, %v", code, err)
	}
	return answer.AccessToken
}

func postToken(tb testing.TB, s *mockserver.Server, form url.Values) (int, []byte) {
	tb.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, s.Issuer()+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(s.ClientID()), url.QueryEscape(s.ClientSecret()))
	return roundTrip(tb, s, r)
}

func roundTrip(tb testing.TB, s *mockserver.Server, r *http.Request) (int, []byte) {
	tb.Helper()
	resp, err := s.HTTPClient().Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, body
}

// with puts a bearer token on the calls of ctx.
func with(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func list(ctx context.Context, conn grpc.ClientConnInterface) error {
	_, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

// watch opens a stream whose first message comes at once and that then stays open.
func watch(ctx context.Context, tb testing.TB, conn grpc.ClientConnInterface) grpc.ServerStreamingClient[workflowpb.WatchRunsResponse] {
	tb.Helper()
	stream, err := workflowpb.NewRunServiceClient(conn).WatchRuns(ctx, &workflowpb.WatchRunsRequest{
		Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: projectID()},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return stream
}

// groups opens WatchGroups, which sends a first message even when nothing is there.
func groups(ctx context.Context, conn grpc.ClientConnInterface, s *mockserver.Server) (workflowpb.RunService_WatchGroupsClient, error) {
	return workflowpb.NewRunServiceClient(conn).WatchGroups(ctx, &workflowpb.WatchGroupsRequest{
		ScopeBy:   &workflowpb.WatchGroupsRequest_ProjectId{ProjectId: projectID()},
		StartDate: timestamppb.New(s.Now().Add(-time.Hour)),
	})
}

// startRun creates a run and returns its root action.
func startRun(ctx context.Context, tb testing.TB, conn grpc.ClientConnInterface) *commonpb.ActionIdentifier {
	tb.Helper()
	run, err := workflowpb.NewRunServiceClient(conn).CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: projectID()},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	return run.GetRun().GetAction().GetId()
}

func projectID() *commonpb.ProjectIdentifier {
	return &commonpb.ProjectIdentifier{Organization: "org", Name: "demo", Domain: "development"}
}

func wantCode(tb testing.TB, err error, want codes.Code) {
	tb.Helper()
	if got := status.Code(err); got != want {
		tb.Errorf("got %v (%v), want %v", got, err, want)
	}
}

func short(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	tb.Cleanup(cancel)
	return ctx
}
