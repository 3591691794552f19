package backend

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func runNames(runs []*workflowpb.Run) []string {
	var names []string
	for _, r := range runs {
		names = append(names, r.GetAction().GetId().GetRun().GetName())
	}
	return names
}

func TestListRunsPages(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{})
		pages := func(limit uint32) (sizes []int, seen map[string]bool) {
			seen = map[string]bool{}
			req := &workflowpb.ListRunsRequest{Request: &commonpb.ListRequest{Limit: limit}}
			for {
				resp := must(w.runs.ListRuns(t.Context(), req))(t)
				sizes = append(sizes, len(resp.GetRuns()))
				for _, n := range runNames(resp.GetRuns()) {
					if seen[n] {
						t.Errorf("%s came twice", n)
					}
					seen[n] = true
				}
				if resp.GetToken() == "" {
					return sizes, seen
				}
				req.Request.Token = resp.GetToken()
			}
		}
		for i := range 100 {
			w.start(t, fmt.Sprintf("r%d", i))
		}
		// The last page has an empty token, also if it is full.
		if sizes, _ := pages(25); !slices.Equal(sizes, []int{25, 25, 25, 25}) {
			t.Errorf("100 runs by 25 came as %v", sizes)
		}
		for i := range 21 {
			w.start(t, fmt.Sprintf("s%d", i))
		}
		if sizes, seen := pages(25); !slices.Equal(sizes, []int{25, 25, 25, 25, 21}) || len(seen) != 121 {
			t.Errorf("121 runs by 25 came as %v, %d different", sizes, len(seen))
		}
		for token, want := range map[string]codes.Code{"x": codes.InvalidArgument, "-1": codes.InvalidArgument, "5000": codes.OK} {
			resp, err := w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{Request: &commonpb.ListRequest{Token: token}})
			wantCode(t, err, want)
			if len(resp.GetRuns()) != 0 || resp.GetToken() != "" {
				t.Errorf("token %q led to %v", token, resp)
			}
		}
	})
}

func TestListRunsOrdersAndScopes(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.project(t, "p2")
		w.deploy(t, "env.eval", &taskpb.TaskSpec{}, &taskpb.TaskTrigger{Name: "tick"})
		w.SetTimeline("env.eval", Timeline{})
		begin := func(name, project string, task *taskpb.TaskIdentifier) {
			req := createRun(name)
			req.GetRunId().Project = project
			req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: task}
			must(w.runs.CreateRun(t.Context(), req))(t)
			time.Sleep(time.Second)
		}
		begin("done1", "p1", p1Task("env.train"))
		begin("open1", "p1", p1Task("env.eval"))
		begin("done2", "p1", p1Task("env.train"))
		begin("open2", "p2", p1Task("env.eval"))
		trig := &commonpb.TriggerName{Project: "p1", Domain: "development", TaskName: "env.eval", Name: "tick"}
		byTrigger := createRun("open3")
		byTrigger.Task = &workflowpb.CreateRunRequest_TriggerName{TriggerName: trig}
		must(w.runs.CreateRun(t.Context(), byTrigger))(t)

		eval := p1Task("env.eval")
		other := p1Task("env.eval")
		other.Version = "v2"
		for name, c := range map[string]struct {
			req  *workflowpb.ListRunsRequest
			want []string
		}{
			"no scope: unfinished first, then newest": {
				&workflowpb.ListRunsRequest{}, []string{"open3", "open2", "open1", "done2", "done1"},
			},
			"organization: all": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_Org{Org: "elsewhere"}},
				[]string{"open3", "open2", "open1", "done2", "done1"},
			},
			"project": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"}}},
				[]string{"open3", "open1", "done2", "done1"},
			},
			"the project in another domain": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "staging"}}}, nil,
			},
			"unknown project": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p9", Domain: "development"}}}, nil,
			},
			"task name": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TaskName{TaskName: &taskpb.TaskName{Project: "p1", Domain: "development", Name: "env.eval"}}},
				[]string{"open3", "open2", "open1"},
			},
			"task": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TaskId{TaskId: eval}}, []string{"open3", "open2", "open1"},
			},
			"other version": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TaskId{TaskId: other}}, nil,
			},
			"trigger": {
				&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TriggerName{TriggerName: trig}}, []string{"open3"},
			},
			"paused only": {&workflowpb.ListRunsRequest{PausedActionsOnly: true}, nil},
		} {
			if got := runNames(must(w.runs.ListRuns(t.Context(), c.req))(t).GetRuns()); !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", name, got, c.want)
			}
		}
	})
}

func TestListRunsFilters(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running, succeeded))
		for _, name := range []string{"r1", "r2", "r3"} {
			must(w.runs.CreateRun(as(t.Context(), "user-"+name), createRun(name)))(t)
			time.Sleep(time.Second)
		}
		w.Advance("r1", "r2")
		w.Advance("r1")
		time.Sleep(time.Second)
		list := func(fn commonpb.Filter_Function, field string, values ...string) ([]string, error) {
			resp, err := w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{Request: &commonpb.ListRequest{
				Filters: []*commonpb.Filter{{Function: fn, Field: field, Values: values}},
			}})
			return runNames(resp.GetRuns()), err
		}
		for _, c := range []struct {
			fn     commonpb.Filter_Function
			field  string
			values []string
			want   []string
		}{
			{commonpb.Filter_EQUAL, "phase", []string{"4"}, []string{"r2"}},
			{commonpb.Filter_VALUE_IN, "phase", []string{"4", "5"}, []string{"r2", "r1"}},
			{commonpb.Filter_EQUAL, "created_by_subject", []string{"user-r3"}, []string{"r3"}},
			{commonpb.Filter_EQUAL, "run_name", []string{"r1"}, []string{"r1"}},
			{commonpb.Filter_EQUAL, "project", []string{"p2"}, nil},
			{commonpb.Filter_EQUAL, "domain", []string{"development"}, []string{"r3", "r2", "r1"}},
			{commonpb.Filter_EQUAL, "task_name", []string{"env.train"}, []string{"r3", "r2", "r1"}},
			{commonpb.Filter_EQUAL, "task_version", []string{"v2"}, nil},
			{commonpb.Filter_EQUAL, "run_source", []string{"RUN_SOURCE_UNSPECIFIED"}, []string{"r3", "r2", "r1"}},
			{commonpb.Filter_GREATER_THAN, "duration_ms", []string{"0"}, []string{"r1"}},
			{commonpb.Filter_GREATER_THAN, "ended_at", []string{"1990-01-01T00:00:00Z"}, []string{"r1"}},
			{commonpb.Filter_GREATER_THAN, "created_at", []string{"1990-01-01T00:00:00Z"}, []string{"r3", "r2", "r1"}},
			{commonpb.Filter_GREATER_THAN, "updated_at", []string{"1990-01-01T00:00:00Z"}, []string{"r3", "r2", "r1"}},
			{commonpb.Filter_EQUAL, "trigger_name", []string{"t"}, nil},
			{commonpb.Filter_EQUAL, "trigger_task_name", []string{"t"}, nil},
		} {
			got, err := list(c.fn, c.field, c.values...)
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%v %s %v: got %v, %v, want %v", c.fn, c.field, c.values, got, err, c.want)
			}
		}
		// What the real backend breaks on is refused.
		for _, bad := range []*commonpb.Filter{
			{Field: "phase", Values: []string{"RUNNING"}},
			{Field: "phase", Function: commonpb.Filter_VALUE_IN, Values: []string{"4"}},
			{Field: "phase"},
			{Field: "name", Values: []string{"r1"}},
			{Field: "run_name", Function: commonpb.Filter_VALUE_NOT_IN, Values: []string{"r1", "r2"}},
		} {
			_, err := list(bad.GetFunction(), bad.GetField(), bad.GetValues()...)
			wantCode(t, err, codes.InvalidArgument)
		}
	})
}

func TestListActionsShowsParentsAndGroups(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "a1", New: &NewAction{Group: "map"}},
			{Action: "a2", New: &NewAction{Parent: "a1"}},
		}})
		w.start(t, "r1")
		time.Sleep(time.Second)
		list := func(req *commonpb.ListRequest) *workflowpb.ListActionsResponse {
			return must(w.runs.ListActions(t.Context(), &workflowpb.ListActionsRequest{RunId: runID("r1"), Request: req}))(t)
		}
		all := list(nil).GetActions()
		if len(all) != 3 {
			t.Fatalf("%d actions, want 3", len(all))
		}
		// By phase, and in one phase and moment by name, descending.
		wantProto(t, all[0].GetMetadata(), &workflowpb.ActionMetadata{Parent: "a1"})
		wantProto(t, all[1].GetMetadata(), &workflowpb.ActionMetadata{Parent: "a0", Group: "map"})
		wantProto(t, all[2].GetMetadata(), &workflowpb.ActionMetadata{})
		if all[2].GetStatus().GetPhase() != running {
			t.Errorf("root is %v, want RUNNING", all[2].GetStatus())
		}

		page := list(&commonpb.ListRequest{Limit: 2})
		next := list(&commonpb.ListRequest{Limit: 2, Token: page.GetToken()})
		if len(page.GetActions()) != 2 || len(next.GetActions()) != 1 || next.GetToken() != "" {
			t.Errorf("pages of two are %v and %v", page, next)
		}
		for _, id := range []*commonpb.RunIdentifier{nil, runID("unknown")} {
			resp := must(w.runs.ListActions(t.Context(), &workflowpb.ListActionsRequest{RunId: id}))(t)
			if len(resp.GetActions()) != 0 {
				t.Errorf("run %v has actions %v", id, resp)
			}
		}
	})
}
