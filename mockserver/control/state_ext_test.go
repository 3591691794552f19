package control_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/control"
)

const (
	running   = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	succeeded = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
)

// until waits until the root action of a run of the project demo is in a phase.
func (f fixture) until(t *testing.T, run string, want commonpb.ActionPhase) *workflowpb.ActionDetails {
	t.Helper()
	ctx := f.login(t)
	id := action(run)
	for {
		resp, err := workflowpb.NewRunServiceClient(f.backend).GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: id})
		if err != nil {
			t.Fatal(err)
		}
		if resp.GetDetails().GetStatus().GetPhase() == want {
			return resp.GetDetails()
		}
		time.Sleep(time.Millisecond)
	}
}

func action(run string) *commonpb.ActionIdentifier {
	return &commonpb.ActionIdentifier{Run: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: run}, Name: "a0"}
}

// advance lets a run pass a manual step.
func (f fixture) advance(t *testing.T, run string, want commonpb.ActionPhase) {
	t.Helper()
	resp := ok[*mockpb.AdvanceRunsResponse](t)(f.control.AdvanceRuns(with(t), &mockpb.AdvanceRunsRequest{Names: []string{run}}))
	if resp.GetRuns() != 1 {
		t.Fatalf("%d runs advance", resp.GetRuns())
	}
	f.until(t, run, want)
}

func (f fixture) projects(ctx context.Context, t *testing.T) map[string]*projectpb.Project {
	t.Helper()
	resp, err := projectpb.NewProjectServiceClient(f.backend).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*projectpb.Project{}
	for _, p := range resp.GetProjects().GetProjects() {
		out[p.GetId()] = p
	}
	return out
}

func TestAddProjectAddsAndReplaces(t *testing.T) {
	t.Parallel()
	f := start(t)
	add := func(p *mockpb.AddProjectRequest) { ok[*mockpb.AddProjectResponse](t)(f.control.AddProject(with(t), p)) }
	add(&mockpb.AddProjectRequest{Id: "a", Name: "A", Description: "first", Labels: map[string]string{"team": "x"}})
	add(&mockpb.AddProjectRequest{Id: "b"})
	add(&mockpb.AddProjectRequest{Id: "c"})
	add(&mockpb.AddProjectRequest{Id: "c", Archived: true})
	got := f.projects(f.login(t), t)
	a := got["a"]
	if a.GetName() != "A" || a.GetDescription() != "first" || a.GetLabels().GetValues()["team"] != "x" || got["b"].GetName() != "b" || got["c"] != nil {
		t.Errorf("projects %v", got)
	}
	_, err := f.control.AddProject(with(t), &mockpb.AddProjectRequest{})
	wantCode(t, err, codes.InvalidArgument)
}

// A task with a timeline, and a run of it: phases, logs, inputs, outputs, as clients see them.
func TestAddTaskAndAddRunPlayATimeline(t *testing.T) {
	t.Parallel()
	f := start(t)
	outputs, err := structpb.NewStruct(map[string]any{"ratio": 2})
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := structpb.NewStruct(map[string]any{"times": 3})
	if err != nil {
		t.Fatal(err)
	}
	ok[*mockpb.AddTaskResponse](t)(f.control.AddTask(with(t), &mockpb.AddTaskRequest{
		Project: "demo", Name: "hello", Inputs: map[string]string{"times": "integer"}, Outputs: map[string]string{"ratio": "float"},
		Timeline: []*mockpb.Step{
			{After: durationpb.New(time.Millisecond), Phase: running, Logs: []string{"looking"}},
			{Action: "child", Group: "side", Phase: running},
			{Action: "child", Phase: succeeded},
			{AwaitAction: "child", Phase: succeeded, Outputs: outputs, Report: "<html></html>"},
		},
	}))
	name := ok[*mockpb.AddRunResponse](t)(f.control.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo", Name: "first", Task: "hello", Inputs: inputs})).GetName()
	if name != "first" {
		t.Errorf("the run is %q", name)
	}
	details := f.until(t, name, succeeded)
	if details.GetTask().GetTaskTemplate() == nil || details.GetMetadata().GetTask().GetId().GetVersion() != "v1" {
		t.Errorf("details %v", details)
	}
	data, err := dataproxypb.NewDataProxyServiceClient(f.backend).GetActionData(f.login(t), &dataproxypb.GetActionDataRequest{ActionId: action(name)})
	if err != nil {
		t.Fatal(err)
	}
	in, out := data.GetInputs().GetLiterals(), data.GetOutputs().GetLiterals()
	if len(in) != 1 || in[0].GetValue().GetScalar().GetPrimitive().GetInteger() != 3 || len(out) != 1 || out[0].GetValue().GetScalar().GetPrimitive().GetFloatValue() != 2 {
		t.Errorf("data %v", data)
	}
	list, err := workflowpb.NewRunServiceClient(f.backend).ListActions(f.login(t), &workflowpb.ListActionsRequest{RunId: action(name).GetRun()})
	if err != nil || len(list.GetActions()) != 2 {
		t.Errorf("actions %v, %v", list, err)
	}
}

// The timeline of a run is its own: others of the task keep that of the task.
func TestAddRunHasATimelineOfItsOwn(t *testing.T) {
	t.Parallel()
	f := start(t)
	ok[*mockpb.AddTaskResponse](t)(f.control.AddTask(with(t), &mockpb.AddTaskRequest{
		Project: "demo", Name: "hello", Timeline: []*mockpb.Step{{Phase: succeeded}},
	}))
	add := func(name string, steps ...*mockpb.Step) {
		ok[*mockpb.AddRunResponse](t)(f.control.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo", Task: "hello", Name: name, Timeline: steps}))
	}
	add("own", &mockpb.Step{Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED, Error: "no luck"})
	add("other")
	if got := f.until(t, "own", commonpb.ActionPhase_ACTION_PHASE_FAILED).GetErrorInfo().GetMessage(); got != "no luck" {
		t.Errorf("it failed with %q", got)
	}
	f.until(t, "other", succeeded)
	created, err := workflowpb.NewRunServiceClient(f.backend).CreateRun(f.login(t), &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task: &workflowpb.CreateRunRequest_TaskId{TaskId: &taskpb.TaskIdentifier{
			Project: "demo", Domain: "development", Name: "hello", Version: "v1",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.until(t, created.GetRun().GetAction().GetId().GetRun().GetName(), succeeded)
}

func TestSetTimelineAndAdvanceRunsScriptRunsOfClients(t *testing.T) {
	t.Parallel()
	f := start(t)
	ok[*mockpb.SetTimelineResponse](t)(f.control.SetTimeline(with(t), &mockpb.SetTimelineRequest{Timeline: []*mockpb.Step{
		{Manual: true, Phase: running}, {Manual: true, NewAttempt: true, Error: "once"}, {Manual: true, Phase: succeeded},
	}}))
	name := ok[*mockpb.AddRunResponse](t)(f.control.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo"})).GetName()
	f.advance(t, name, running)
	f.advance(t, name, commonpb.ActionPhase_ACTION_PHASE_QUEUED)
	f.advance(t, name, succeeded)
	if got := f.until(t, name, succeeded).GetStatus().GetAttempts(); got != 2 {
		t.Errorf("%d attempts", got)
	}
	all := ok[*mockpb.AdvanceRunsResponse](t)(f.control.AdvanceRuns(with(t), &mockpb.AdvanceRunsRequest{}))
	if all.GetRuns() != 1 {
		t.Errorf("%d runs", all.GetRuns())
	}
}

func TestMistakesInStateAreRefusedWithAHint(t *testing.T) {
	t.Parallel()
	f := start(t)
	c := f.control
	ok[*mockpb.AddTaskResponse](t)(c.AddTask(with(t), &mockpb.AddTaskRequest{Project: "demo", Name: "hello", Inputs: map[string]string{"n": "integer"}}))
	ok[*mockpb.AddRunResponse](t)(c.AddRun(with(t), &mockpb.AddRunRequest{Project: "demo", Name: "taken"}))
	text, err := structpb.NewStruct(map[string]any{"n": "three"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := structpb.NewStruct(map[string]any{"m": 3})
	if err != nil {
		t.Fatal(err)
	}
	run := func(r *mockpb.AddRunRequest) error { _, err := c.AddRun(with(t), r); return err }
	task := func(r *mockpb.AddTaskRequest) error { _, err := c.AddTask(with(t), r); return err }
	for says, tt := range map[string]struct {
		err  error
		code codes.Code
	}{
		"name of the task": {task(&mockpb.AddTaskRequest{Project: "demo"}), codes.InvalidArgument},
		`project "none"`:   {task(&mockpb.AddTaskRequest{Project: "none", Name: "x"}), codes.NotFound},
		"boolean datetime": {task(&mockpb.AddTaskRequest{Project: "demo", Name: "x", Outputs: map[string]string{"n": "number"}}), codes.InvalidArgument},
		"already exists":   {run(&mockpb.AddRunRequest{Project: "demo", Name: "taken"}), codes.AlreadyExists},
		`project "no"`:     {run(&mockpb.AddRunRequest{Project: "no"}), codes.NotFound},
		"AddTask":          {run(&mockpb.AddRunRequest{Project: "demo", Task: "none"}), codes.NotFound},
		"version v2":       {run(&mockpb.AddRunRequest{Project: "demo", Task: "hello", Version: "v2"}), codes.NotFound},
		"not an integer":   {run(&mockpb.AddRunRequest{Project: "demo", Task: "hello", Inputs: text}), codes.InvalidArgument},
		`has no "m"`:       {run(&mockpb.AddRunRequest{Project: "demo", Task: "hello", Inputs: other}), codes.InvalidArgument},
		"run name":         {run(&mockpb.AddRunRequest{Project: "demo", Name: "Upper"}), codes.InvalidArgument},
		"phase number 77":  {run(&mockpb.AddRunRequest{Project: "demo", Timeline: []*mockpb.Step{{Phase: 77}}}), codes.InvalidArgument},
	} {
		if st := status.Convert(tt.err); st.Code() != tt.code || !contains(st.Message(), says) {
			t.Errorf("%q: %v", says, tt.err)
		}
	}
}

func TestSeedAddsWhatItsTextDescribes(t *testing.T) {
	t.Parallel()
	f := start(t)
	ok[*mockpb.SeedResponse](t)(f.control.Seed(with(t), &mockpb.SeedRequest{Yaml: `
projects: [{id: seeded}]
tasks: [{project: demo, name: hello}]
runs: [{project: demo, name: first, task: hello, timeline: [{phase: succeeded}]}]
`}))
	if f.projects(f.login(t), t)["seeded"] == nil {
		t.Error("there is no project")
	}
	f.until(t, "first", succeeded)
}

func TestABadSeedIsRefusedWithItsLines(t *testing.T) {
	t.Parallel()
	f := start(t)
	for text, tt := range map[string]struct {
		code         codes.Code
		reason, says string
		lines        []string
	}{
		"projects:\n- idd: x\n- {id: a, labels: 7}\n": {codes.InvalidArgument, control.ReasonBadSeed, `"idd"`, []string{"yaml, line 2", "yaml, line 3"}},
		"a: [":                                   {codes.InvalidArgument, control.ReasonBadSeed, "not YAML", []string{"yaml, line 1"}},
		"\nruns: [{project: nowhere}]":           {codes.NotFound, control.ReasonBadSeed, `"nowhere"`, []string{"yaml, line 2"}},
		"users: [{login: grace}]":                {codes.FailedPrecondition, control.ReasonStartOnly, "--seed", nil},
		"clients: [{id: ci, secret: canary-xx}]": {codes.FailedPrecondition, control.ReasonStartOnly, "--seed", nil},
	} {
		_, err := f.control.Seed(with(t), &mockpb.SeedRequest{Yaml: text})
		wantRefusal(t, err, tt.code, tt.reason, tt.says)
		var lines []string
		for _, d := range status.Convert(err).Details() {
			if bad, ok := d.(*errdetails.BadRequest); ok {
				for _, v := range bad.GetFieldViolations() {
					lines = append(lines, v.GetField())
				}
			}
		}
		if len(lines) != len(tt.lines) || len(lines) > 0 && lines[0] != tt.lines[0] {
			t.Errorf("%q: lines %q", text, lines)
		}
	}
}
