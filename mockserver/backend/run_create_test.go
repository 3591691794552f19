package backend

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

func TestCreateRunValidatesAndMakesNames(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		for name, want := range map[string]codes.Code{
			"r1": codes.OK, "a": codes.OK, "a-b-1": codes.OK, "abcdefghijklmnopqrstuvwxyz1234": codes.OK,
			"": codes.InvalidArgument, "1r": codes.InvalidArgument, "R": codes.InvalidArgument, "a-": codes.InvalidArgument,
			"-a": codes.InvalidArgument, "a_b": codes.InvalidArgument, "a.b": codes.InvalidArgument,
			"abcdefghijklmnopqrstuvwxyz12345": codes.InvalidArgument,
		} {
			_, err := w.runs.CreateRun(t.Context(), createRun(name))
			t.Log(name)
			wantCode(t, err, want)
		}

		// The server names the run if the request has the project only.
		req := createRun("")
		req.Id = &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "anything"}}
		id := must(w.runs.CreateRun(t.Context(), req))(t).GetRun().GetAction().GetId().GetRun()
		if len(id.GetName()) != 20 || id.GetName()[0] != 'r' || id.GetProject() != "p1" || id.GetDomain() != "anything" {
			t.Errorf("generated id is %v, want 20 characters that begin with r, in p1/anything", id)
		}

		req.Id = nil
		_, err := w.runs.CreateRun(t.Context(), req)
		wantStatus(t, err, codes.InvalidArgument, "invalid run ID type: set run_id or project_id")
		req.Id = &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "nowhere"}}
		_, err = w.runs.CreateRun(t.Context(), req)
		wantCode(t, err, codes.NotFound)
	})
}

func TestCreateRunResolvesItsTask(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		req := createRun("r1")
		req.Task = nil
		_, err := w.runs.CreateRun(t.Context(), req)
		wantCode(t, err, codes.InvalidArgument)

		req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: p1Task("unknown")}
		_, err = w.runs.CreateRun(t.Context(), req)
		wantStatus(t, err, codes.NotFound, "task not found: p1/development/unknown version v1")

		req.Task = &workflowpb.CreateRunRequest_TriggerName{TriggerName: &commonpb.TriggerName{Project: "p1", Name: "unknown"}}
		_, err = w.runs.CreateRun(t.Context(), req)
		wantCode(t, err, codes.NotFound)

		req.Task = &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{
			Type: "sql", Id: &corepb.Identifier{Project: "p1", Domain: "development", Name: "query", Version: "v9"},
		}}}
		meta := must(w.runs.CreateRun(t.Context(), req))(t).GetRun().GetAction().GetMetadata()
		wantProto(t, meta.GetTask(), &workflowpb.TaskActionMetadata{
			Id:       &taskpb.TaskIdentifier{Project: "p1", Domain: "development", Name: "query", Version: "v9"},
			TaskType: "sql",
		})
		// It ran without being deployed.
		tasks := taskpb.NewTaskServiceClient(w.conn)
		_, err = tasks.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: meta.GetTask().GetId()})
		wantCode(t, err, codes.NotFound)
	})
}

func TestCreateRunResolvesATrigger(t *testing.T) {
	t.Parallel()
	inWorld(t, objectConfig(), func(t *testing.T, w *world) {
		in := &taskpb.Inputs{Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(4)}}}
		given := w.upload(t, in)
		w.deploy(t, "env.nightly", &taskpb.TaskSpec{}, &taskpb.TaskTrigger{
			Name: "night", AutomationSpec: &taskpb.TriggerAutomationSpec{Type: taskpb.TriggerAutomationSpecType_TYPE_NONE},
			Spec: &taskpb.TaskTriggerSpec{
				RunSpec:      &taskpb.RunSpec{Queue: "slow"},
				InputWrapper: &taskpb.TaskTriggerSpec_OffloadedInputData{OffloadedInputData: given},
			},
		})
		req := createRun("r1")
		name := &commonpb.TriggerName{Project: "p1", Domain: "development", TaskName: "env.nightly", Name: "night"}
		req.Task = &workflowpb.CreateRunRequest_TriggerName{TriggerName: name}
		meta := must(w.runs.CreateRun(t.Context(), req))(t).GetRun().GetAction().GetMetadata()
		if meta.GetTriggerName() != "night" || meta.GetFuntionName() != "env.nightly" {
			t.Errorf("metadata is %v, want it to name the trigger night and its task nightly", meta)
		}
		details := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")}))(t).GetDetails()
		if got := details.GetRunSpec().GetQueue(); got != "slow" {
			t.Errorf("queue is %q, want the trigger's", got)
		}
		wantProto(t, w.actionData(t, "r1", "a0").GetInputs(), in)
	})
}

func TestCreateRunTwiceReturnsTheSameRun(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		first := w.start(t, "r1")
		time.Sleep(time.Second)
		again := createRun("r1")
		again.Source = workflowpb.RunSource_RUN_SOURCE_CLI
		second := must(w.runs.CreateRun(t.Context(), again))(t).GetRun()

		if got := second.GetAction().GetStatus().GetPhase(); got != succeeded {
			t.Errorf("phase is %v, want the existing run's", got)
		}
		wantProto(t, second.GetAction().GetMetadata(), first.GetAction().GetMetadata())
		list := must(w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{}))(t)
		if len(list.GetRuns()) != 1 {
			t.Errorf("%d runs, want 1", len(list.GetRuns()))
		}
	})
}

func TestCreateRunReturnsTheRun(t *testing.T) {
	t.Parallel()
	store := objectstore.New(objectstore.Config{Bucket: "bucket"})
	inWorld(t, Config{Objects: store}, func(t *testing.T, w *world) {
		w.deploy(t, "env.sum", &taskpb.TaskSpec{DefaultInputs: []*taskpb.NamedParameter{
			{Name: "x", Parameter: &corepb.Parameter{Behavior: &corepb.Parameter_Default{Default: integer(1)}}},
			{Name: "y", Parameter: &corepb.Parameter{Behavior: &corepb.Parameter_Default{Default: integer(2)}}},
			{Name: "z", Parameter: &corepb.Parameter{Behavior: &corepb.Parameter_Required{Required: true}}},
		}})
		req := createRun("r1")
		req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: p1Task("env.sum")}
		req.Source = workflowpb.RunSource_RUN_SOURCE_CLI
		req.RunSpec = &taskpb.RunSpec{Labels: &taskpb.Labels{Values: map[string]string{"team": "a"}}}
		req.InputWrapper = &workflowpb.CreateRunRequest_Inputs{Inputs: &taskpb.Inputs{
			Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(7)}},
		}}
		now := time.Now()
		run := must(w.runs.CreateRun(as(t.Context(), "alice"), req))(t).GetRun()

		alice := &commonpb.EnrichedIdentity{Principal: &commonpb.EnrichedIdentity_User{
			User: &commonpb.User{Id: &commonpb.UserIdentifier{Subject: "alice"}},
		}}
		wantProto(t, run, &workflowpb.Run{
			Action: &workflowpb.Action{
				Id: &commonpb.ActionIdentifier{Name: "a0", Run: &commonpb.RunIdentifier{Project: "p1", Domain: "development", Name: "r1"}},
				Metadata: &workflowpb.ActionMetadata{
					ActionType: workflowpb.ActionType_ACTION_TYPE_TASK, Source: workflowpb.RunSource_RUN_SOURCE_CLI,
					ExecutedBy: alice, EnvironmentName: "env", FuntionName: "env.sum",
					Spec: &workflowpb.ActionMetadata_Task{Task: &workflowpb.TaskActionMetadata{
						Id:       &taskpb.TaskIdentifier{Project: "p1", Domain: "development", Name: "env.sum", Version: "v1"},
						TaskType: "python",
					}},
				},
				Status: &workflowpb.ActionStatus{Phase: queued, Attempts: 1, StartTime: timestamppb.New(now)},
			},
		})

		raw, ok := store.Get("p1/development/r1/inputs/inputs.pb")
		if !ok {
			t.Fatal("no inputs where they belong")
		}
		stored := &taskpb.Inputs{}
		if err := proto.Unmarshal(raw, stored); err != nil {
			t.Fatal(err)
		}
		wantProto(t, stored, &taskpb.Inputs{Literals: []*taskpb.NamedLiteral{
			{Name: "x", Value: integer(7)}, {Name: "y", Value: integer(2)},
		}})

		details := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")}))(t).GetDetails()
		if got := details.GetRunSpec().GetRawDataStorage().GetRawDataPrefix(); got != "s3://bucket" {
			t.Errorf("raw data go to %q", got)
		}
	})
}

func integer(n int64) *corepb.Literal {
	return &corepb.Literal{Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{
		Primitive: &corepb.Primitive{Value: &corepb.Primitive_Integer{Integer: n}},
	}}}}
}
