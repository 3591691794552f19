package backend

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func identifier(name string) *corepb.Identifier {
	return &corepb.Identifier{Project: "p1", Domain: "development", Name: name, Version: "v1"}
}

func TestC3RunsAndActionsShareOneListOfColumns(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{})
		req := createRun("r1")
		req.Source = workflowpb.RunSource_RUN_SOURCE_CLI
		must(w.runs.CreateRun(t.Context(), req))(t)
		both := func(list *commonpb.ListRequest) (runs, actions int, err error) {
			lr, err := w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{Request: list})
			la, err2 := w.runs.ListActions(t.Context(), &workflowpb.ListActionsRequest{RunId: runID("r1"), Request: list})
			if (err == nil) != (err2 == nil) {
				t.Errorf("%v: runs %v, actions %v", list, err, err2)
			}
			return len(lr.GetRuns()), len(la.GetActions()), err
		}
		for _, name := range []string{
			"project", "domain", "run_name", "phase", "action_type", "run_source", "created_by_subject", "trigger_task_name", "trigger_name",
			"trigger_revision", "task_project", "task_domain", "task_name", "task_version", "function_name", "created_at", "updated_at",
			"ended_at", "duration_ms",
		} {
			_, _, err := both(&commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: name}}})
			t.Log(name)
			wantCode(t, err, codes.OK)
		}
		for _, name := range []string{"name", "group", "parent", "environment_name", "trigger_type"} {
			for _, list := range []*commonpb.ListRequest{
				{SortByFields: []*commonpb.Sort{{Key: name}}},
				{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, name, "0")}},
			} {
				_, _, err := both(list)
				t.Log(name)
				wantCode(t, err, codes.InvalidArgument)
			}
		}
		for value, want := range map[string]int{"RUN_SOURCE_CLI": 1, "RUN_SOURCE_WEB": 0, "2": 0} {
			runs, actions, err := both(&commonpb.ListRequest{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, "run_source", value)}})
			if err != nil || runs != want || actions != want {
				t.Errorf("run_source %s: %d runs, %d actions, %v; want %d", value, runs, actions, err, want)
			}
		}
	})
}

func TestC4OrdersAreByPhaseThenNewestThenName(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(succeeded))
		for _, name := range []string{"b", "a", "c"} { // at one moment
			w.start(t, name)
		}
		time.Sleep(time.Minute)
		w.start(t, "new")
		w.start(t, "newer-done")
		w.Advance("newer-done")
		w.Advance("b")
		time.Sleep(time.Minute)
		list := func(key string, d commonpb.Sort_Direction) []string {
			req := &commonpb.ListRequest{}
			if key != "" {
				req.SortByFields = []*commonpb.Sort{{Key: key, Direction: d}}
			}
			return runNames(must(w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{Request: req}))(t).GetRuns())
		}
		for _, c := range []struct {
			key       string
			direction commonpb.Sort_Direction
			want      []string
		}{
			{"", 0, []string{"new", "c", "a", "newer-done", "b"}},
			{"domain", commonpb.Sort_ASCENDING, []string{"a", "b", "c", "new", "newer-done"}}, // ties by name
			{"domain", commonpb.Sort_DESCENDING, []string{"a", "b", "c", "new", "newer-done"}},
			{"duration_ms", commonpb.Sort_ASCENDING, []string{"newer-done", "b", "a", "c", "new"}},  // missing values last…
			{"duration_ms", commonpb.Sort_DESCENDING, []string{"a", "c", "new", "b", "newer-done"}}, // …or first
			{"ended_at", commonpb.Sort_DESCENDING, []string{"a", "c", "new", "b", "newer-done"}},
		} {
			if got := list(c.key, c.direction); !slices.Equal(got, c.want) {
				t.Errorf("%s %v: got %v, want %v", c.key, c.direction, got, c.want)
			}
		}
	})
}

func TestC4ValuesThatDoNotParseAreInvalid(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		_, conn := dial(t, Config{Strict: strict})
		c := workflowpb.NewRunServiceClient(conn)
		oneValue := codes.InvalidArgument // a real backend fails with Internal
		if strict {
			oneValue = codes.OK
		}
		for _, tc := range []struct {
			f    *commonpb.Filter
			want codes.Code
		}{
			{filter(commonpb.Filter_EQUAL, "phase", "RUNNING"), codes.InvalidArgument},
			{filter(commonpb.Filter_GREATER_THAN, "created_at", "soon"), codes.InvalidArgument},
			{filter(commonpb.Filter_LESS_THAN, "duration_ms", "long"), codes.InvalidArgument},
			{filter(commonpb.Filter_VALUE_IN, "phase", "4"), oneValue},
			{filter(commonpb.Filter_VALUE_IN, "phase", "4", "5"), codes.OK},
			{filter(commonpb.Filter_EQUAL, "phase", "4", "5"), codes.InvalidArgument},
		} {
			_, err := c.ListRuns(t.Context(), &workflowpb.ListRunsRequest{
				ScopeBy: &workflowpb.ListRunsRequest_Org{Org: "o"}, Request: &commonpb.ListRequest{Filters: []*commonpb.Filter{tc.f}},
			})
			t.Log(strict, tc.f)
			wantCode(t, err, tc.want)
		}
	}
}

func TestC5RunMetadata(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.deploy(t, "env.named", &taskpb.TaskSpec{ShortName: "short"}, cronTrigger("nightly", "@daily"))
		w.SetTimeline("", Timeline{Steps: []Step{
			{Action: "child", New: &NewAction{Task: p1Task("env.named")}},
			{Action: "ask", New: &NewAction{Condition: &workflowpb.ConditionAction{Name: "approve"}}},
		}})
		req := createRun("r1")
		req.RunSpec = &taskpb.RunSpec{Labels: &taskpb.Labels{Values: map[string]string{"team": "a"}}}
		run := must(w.runs.CreateRun(as(t.Context(), "alice"), req))(t).GetRun()
		time.Sleep(time.Second)
		meta := run.GetAction().GetMetadata()
		if meta.GetFuntionName() != "env.train" || meta.GetTask().GetShortName() != "" || run.GetLabels() != nil ||
			meta.GetExecutedBy().GetUser().GetSpec() != nil {
			t.Errorf("run is %v", run)
		}
		for name, want := range map[string]string{"child": "env.named", "ask": "approve"} {
			if got := w.details(t, "r1", name).GetMetadata(); got.GetFuntionName() != want {
				t.Errorf("%s: %v, want the function %s", name, got, want)
			}
		}
		if got := w.details(t, "r1", "child").GetMetadata().GetTask().GetShortName(); got != "short" {
			t.Errorf("short name %q, want that of the spec", got)
		}
		if got := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")}))(t).
			GetDetails().GetRunSpec().GetRawDataStorage().GetRawDataPrefix(); got != "s3://mock" {
			t.Errorf("raw data go to %q, want the bare prefix", got)
		}
		stream, err := w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1")})
		watched := follow(t, stream, err).take()[0].GetEnrichedActions()
		for i, want := range []string{"train", "short", ""} {
			m := watched[i].GetAction().GetMetadata()
			if m.GetTask().GetShortName() != want || m.GetActionType() != 0 {
				t.Errorf("a watch shows %v, want short name %q and no type", m, want)
			}
		}

		triggered := createRun("r2")
		triggered.Task = &workflowpb.CreateRunRequest_TriggerName{TriggerName: &commonpb.TriggerName{
			Project: "p1", Domain: "development", TaskName: "env.named", Name: "nightly",
		}}
		meta = must(w.runs.CreateRun(t.Context(), triggered))(t).GetRun().GetAction().GetMetadata()
		if meta.GetTriggerId().GetName().GetName() != "nightly" || meta.GetTriggerName() != "nightly" || meta.GetTriggerType() != nil {
			t.Errorf("started by a trigger: %v, want its id and name and no type", meta)
		}
	})
}

func TestC5TheTimeOfStartNeedsAnSDKThatReadsIt(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		given, inSpec := timestamppb.New(time.Unix(100, 0)), timestamppb.New(time.Unix(200, 0))
		n := 0
		started := func(version string, outer, inner *timestamppb.Timestamp) *timestamppb.Timestamp {
			n++
			req := createRun(fmt.Sprintf("r%d", n))
			spec := inlineTask("t")
			spec.TaskTemplate.Metadata = &corepb.TaskMetadata{Runtime: &corepb.RuntimeMetadata{Version: version}}
			req.Task = &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: spec}
			req.RunStartTime, req.RunSpec = outer, &taskpb.RunSpec{RunStartTime: inner}
			must(w.runs.CreateRun(t.Context(), req))(t)
			return must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID(fmt.Sprintf("r%d", n))}))(t).
				GetDetails().GetRunSpec().GetRunStartTime()
		}
		for _, v := range []string{"", "2.3.5", "1.9.9", "2.3", "2.3.6b1", "2.3.6rc2", "2.3.6-rc2", "x.y.z"} {
			t.Log(v)
			if got := started(v, given, nil); got != nil {
				t.Errorf("got %v, want none", got)
			}
			wantProto(t, started(v, given, inSpec), inSpec)
		}
		for _, v := range []string{"2.3.6", "2.3.6.post1", "2.3.6+local", "2.3.10", "2.4.0b1", "v3.0.0"} {
			t.Log(v)
			wantProto(t, started(v, given, nil), given)
			wantProto(t, started(v, nil, nil), now())
			wantProto(t, started(v, given, inSpec), inSpec)
		}
	})
}

func TestC6ANewRunHasNoAttempts(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running, succeeded))
		w.start(t, "r1")
		if d := w.details(t, "r1", "a0"); len(d.GetAttempts()) != 0 || d.GetStatus().GetAttempts() != 1 {
			t.Errorf("a new run has %v, want no attempts and a number of 1", d)
		}
		w.Advance()
		time.Sleep(time.Second)
		if d := w.details(t, "r1", "a0"); len(d.GetAttempts()) != 1 || d.GetAttempts()[0].GetOutputs() != nil {
			t.Errorf("running it has %v, want an attempt without outputs", d)
		}
		w.Advance()
		time.Sleep(time.Second)
		if d := w.details(t, "r1", "a0"); d.GetAttempts()[0].GetOutputs().GetOutputUri() == "" {
			t.Errorf("finished it has %v, want an attempt with outputs", d)
		}
	})
}

func TestC12LogLinesAreBare(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{{Phase: succeeded, Logs: []string{"one\n"}}}})
		w.start(t, "r1")
		time.Sleep(time.Second)
		got, err := rest(t, must(w.data.TailLogs(t.Context(), tailOf("r1", 1)))(t))
		if err != nil || len(got) != 1 || got[0].GetLogs()[0].GetContainer() != nil {
			t.Fatalf("got %v, %v, want one message that names no container", got, err)
		}
		line := got[0].GetLogs()[0].GetLines()[0]
		wantProto(t, line, &dataplanepb.LogLine{
			Timestamp: line.GetTimestamp(), Message: "one", Originator: dataplanepb.LogLineOriginator_USER,
		})
	})
}

func TestC13ConditionsHaveNoData(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{{Action: "ask", New: &NewAction{Condition: &workflowpb.ConditionAction{Name: "approve"}}}}})
		w.start(t, "r1")
		time.Sleep(time.Second)
		if got := w.actionData(t, "r1", "ask"); got.GetInputsUri() != "" || got.GetOutputsUri() != "" {
			t.Errorf("a condition has %v, want no URIs", got)
		}
	})
}
