package follow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// newMock starts a mock without a login, and connects to it.
func newMock(t *testing.T) (*mockserver.Server, *grpc.ClientConn) {
	t.Helper()
	mock := mocktest.New(t, mockserver.WithoutLogin(), mockserver.WithProject("demo"))
	return mock, connect(t, mock.Endpoint())
}

func connect(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	cc, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func project() *commonpb.ProjectIdentifier {
	return &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}
}

// start starts a run of a task that is not deployed.
func start(t *testing.T, cc grpc.ClientConnInterface, inputs *taskpb.Inputs) *commonpb.RunIdentifier {
	t.Helper()
	answer, err := workflowpb.NewRunServiceClient(cc).CreateRun(t.Context(), &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: project()}, Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
		InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: inputs},
	})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetRun().GetAction().GetId().GetRun()
}

func logClients(cc grpc.ClientConnInterface) follow.LogClients {
	return follow.LogClients{
		DataProxy: dataproxypb.NewDataProxyServiceClient(cc), Run: workflowpb.NewRunServiceClient(cc),
		RunLogs: workflowpb.NewRunLogsServiceClient(cc),
	}
}

func TestARunOfTheMockIsFollowedToItsOutputs(t *testing.T) {
	t.Parallel()
	mock, cc := newMock(t)
	want := &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "o0"}}}
	plan := backend.DefaultTimeline()
	plan.Steps[len(plan.Steps)-1].Outputs = want
	mock.Backend().SetTimeline("", plan)
	run := start(t, cc, nil)
	runs := workflowpb.NewRunServiceClient(cc)
	for _, name := range []string{"WatchActionDetails", "WatchActionDetails"} {
		mock.Script().BreakStream("/flyteidl2.workflow.RunService/"+name, 1, codes.Unavailable, "cut")
	}
	mock.Script().FailNext(dataproxypb.DataProxyService_TailLogs_FullMethodName, 1, codes.Unimplemented, "unknown method TailLogs")
	lines, err := texts(t.Context(), logClients(cc), &dataproxypb.TailLogsRequest{
		ActionId: &commonpb.ActionIdentifier{Run: run, Name: "a0"}, Attempt: 1,
	})
	if want := []string{"task started", "task is working", "task finished"}; err != nil || !slices.Equal(lines, want) {
		t.Errorf("%q, %v", lines, err)
	}
	if d, err := follow.Wait(t.Context(), runs, run); err != nil || d.GetStatus().GetPhase() != done {
		t.Errorf("%v, %v", d.GetStatus(), err)
	}
	outputs, err := follow.Outputs(t.Context(), dataproxypb.NewDataProxyServiceClient(cc), run)
	if err != nil || len(outputs.GetLiterals()) != 1 {
		t.Errorf("%v, %v", outputs, err)
	}
}

func TestARunOfTheMockIsWaitedForUntilItIsAborted(t *testing.T) {
	t.Parallel()
	mock, cc := newMock(t)
	mock.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{{Phase: running}, {Manual: true}}})
	run, runs := start(t, cc, nil), workflowpb.NewRunServiceClient(cc)
	time.AfterFunc(50*time.Millisecond, func() {
		_, _ = runs.AbortRun(context.WithoutCancel(t.Context()), &workflowpb.AbortRunRequest{RunId: run})
	})
	d, err := follow.Wait(t.Context(), runs, run)
	if d.GetStatus().GetPhase() != aborted || status.Code(err) != codes.Unknown {
		t.Errorf("%v, %v", d.GetStatus(), err)
	}
}

// Its code is Unavailable, and no later call can succeed.
func TestAClosedClientSetEndsAWatchAtOnce(t *testing.T) {
	t.Parallel()
	mock := mocktest.New(t, mockserver.WithProject("demo"))
	mock.Backend().SetTimeline("", backend.Timeline{})
	cs, err := clientset.ForAPIKey(mock.APIKey())
	if err != nil {
		t.Fatal(err)
	}
	run, began := start(t, cs, nil), time.Now()
	for _, err = range follow.WatchRun(t.Context(), cs.Run(), run) {
		if err == nil {
			if err := cs.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if took := time.Since(began); !errors.Is(err, clientset.ErrClosed) || errors.Is(err, follow.ErrGaveUp) || took > 20*time.Second {
		t.Errorf("%v after %v", err, took)
	}
}

func TestEveryListIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	mock, cc := newMock(t)
	mock.Backend().SetTimeline("", backend.Timeline{})
	const n = 7
	tasks, secrets := taskpb.NewTaskServiceClient(cc), secretpb.NewSecretServiceClient(cc)
	var run *commonpb.RunIdentifier
	for i := range n {
		mock.Backend().AddProject(backend.Project{ID: fmt.Sprintf("p%d", i)})
		for _, id := range []*taskpb.TaskIdentifier{{Name: fmt.Sprintf("t%d", i), Version: "v"}, {Name: "same", Version: fmt.Sprint(i)}} {
			id.Project, id.Domain = "demo", "development"
			if _, err := tasks.DeployTask(t.Context(), &taskpb.DeployTaskRequest{TaskId: id, Spec: &taskpb.TaskSpec{}}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := secrets.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{
			Id:         &secretpb.SecretIdentifier{Name: fmt.Sprintf("s%d", i), Project: "demo", Domain: "development"},
			SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "x"}},
		}); err != nil {
			t.Fatal(err)
		}
		run = start(t, cc, nil)
	}
	runs, two := workflowpb.NewRunServiceClient(cc), &commonpb.ListRequest{Limit: 2}
	count := func(name string, want int, got int, err error) {
		if err != nil || got != want {
			t.Errorf("%s: %d entries, want %d; %v", name, got, want, err)
		}
	}
	projects, err := collect(follow.ListProjects(t.Context(), projectpb.NewProjectServiceClient(cc), &projectpb.ListProjectsRequest{Limit: 2}))
	count("projects", n+1, len(projects), err)
	projects, err = collect(follow.ListProjects(t.Context(), projectpb.NewProjectServiceClient(cc), nil))
	count("projects at once", n+1, len(projects), err)
	all, err := collect(follow.ListTasks(t.Context(), tasks, &taskpb.ListTasksRequest{Request: two}))
	count("tasks", n+1, len(all), err)
	versions, err := collect(follow.ListVersions(t.Context(), tasks, &taskpb.ListVersionsRequest{
		Request: two, TaskName: &taskpb.TaskName{Project: "demo", Domain: "development", Name: "same"},
	}))
	count("versions", n, len(versions), err)
	listed, err := collect(follow.ListRuns(t.Context(), runs, &workflowpb.ListRunsRequest{Request: two}))
	count("runs", n, len(listed), err)
	listed, err = collect(follow.ListRuns(t.Context(), runs, &workflowpb.ListRunsRequest{Request: &commonpb.ListRequest{Limit: 2, Token: "4"}}))
	count("runs from the fifth", n-4, len(listed), err)
	actions, err := collect(follow.ListActions(t.Context(), runs, &workflowpb.ListActionsRequest{RunId: run}))
	count("actions", 1, len(actions), err)
	stored, err := collect(follow.ListSecrets(t.Context(), secrets, &secretpb.ListSecretsRequest{Limit: 2}))
	count("secrets", n, len(stored), err)
	if two.GetToken() != "" {
		t.Error("the caller's request was changed")
	}
}
