package backend

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func (w *world) watchRuns(t *testing.T, req *workflowpb.WatchRunsRequest) *inbox[workflowpb.WatchRunsResponse] {
	t.Helper()
	stream, err := w.runs.WatchRuns(t.Context(), req)
	return follow(t, stream, err)
}

func TestWatchRunsSendsPhaseChanges(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running, succeeded))
		in := w.watchRuns(t, &workflowpb.WatchRunsRequest{})
		in.open(t)
		if got := in.take(); len(got) != 0 {
			t.Errorf("with no runs came %v", got)
		}

		// Creation is not announced, every phase after it is.
		w.start(t, "r1")
		if got := in.take(); len(got) != 0 {
			t.Errorf("at creation came %v", got)
		}
		for _, want := range []commonpb.ActionPhase{running, succeeded} {
			w.Advance("r1")
			got := in.take()
			if len(got) != 1 || len(got[0].GetRuns()) != 1 || got[0].GetRuns()[0].GetAction().GetStatus().GetPhase() != want {
				t.Errorf("after a change came %v, want the run %v", got, want)
			}
		}

		// Later watches begin with what there is, in one message.
		w.start(t, "r2")
		late := w.watchRuns(t, &workflowpb.WatchRunsRequest{})
		got := late.take()
		if len(got) != 1 || len(got[0].GetRuns()) != 2 {
			t.Errorf("snapshot is %v, want both runs in one message", got)
		}

		// Changes at one moment come one a message.
		w.start(t, "r3")
		w.Advance("r2", "r3")
		if got := late.take(); len(got) != 2 || len(got[0].GetRuns()) != 1 || len(got[1].GetRuns()) != 1 {
			t.Errorf("two changes came as %v, want two messages of one run", got)
		}
		late.open(t)
	})
}

func TestWatchRunsIsRestrictedByProjectOnly(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running))
		w.start(t, "r1")
		for name, c := range map[string]struct {
			req  *workflowpb.WatchRunsRequest
			want int
		}{
			"its project": {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_ProjectId{
				ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"},
			}}, 1},
			"other domain": {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_ProjectId{
				ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "production"},
			}}, 0},
			"other task, no filter": {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_TaskId{
				TaskId: &taskpb.TaskIdentifier{Name: "other"},
			}}, 1},
			"other org, no filter": {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_Org{Org: "other"}}, 1},
			"other cluster, no filter": {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_ClusterId{
				ClusterId: &commonpb.ClusterIdentifier{Name: "other"},
			}}, 1},
		} {
			if got := w.watchRuns(t, c.req).take(); len(got) != c.want {
				t.Errorf("%s: %d messages, want %d", name, len(got), c.want)
			}
		}
	})
}

func TestWatchRunsLimitsItsFirstMessage(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{})
		for i := range 105 {
			w.start(t, fmt.Sprintf("r%d", i))
		}
		got := w.watchRuns(t, &workflowpb.WatchRunsRequest{}).take()
		if len(got) != 1 || len(got[0].GetRuns()) != 101 {
			t.Errorf("snapshot of 105 runs came as %d messages, want one of 101", len(got))
		}
	})
}

func TestWatchRunDetailsSendsEmptyDetails(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running, succeeded))
		for _, id := range []*commonpb.RunIdentifier{nil, runID("r1")} {
			_, err := rest(t, must(w.runs.WatchRunDetails(t.Context(), &workflowpb.WatchRunDetailsRequest{RunId: id}))(t))
			wantCode(t, err, codes.NotFound)
		}
		w.start(t, "r1")
		stream, err := w.runs.WatchRunDetails(t.Context(), &workflowpb.WatchRunDetailsRequest{RunId: runID("r1")})
		in := follow(t, stream, err)
		for range 3 { // at once and after each of two changes
			got := in.take()
			if len(got) != 1 || got[0].GetDetails() == nil || proto.Size(got[0].GetDetails()) != 0 {
				t.Errorf("got %v, want one message with details that are present and empty", got)
			}
			w.Advance()
		}
		in.open(t)
	})
}

func TestWatchGroupsRepeatsItself(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{After: time.Second, Phase: running},
			{After: time.Second, Phase: failed, Error: &workflowpb.ErrorInfo{Kind: workflowpb.ErrorInfo_KIND_SYSTEM}},
		}})
		stream, err := w.runs.WatchGroups(t.Context(), &workflowpb.WatchGroupsRequest{
			ScopeBy: &workflowpb.WatchGroupsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"}},
		})
		in := follow(t, stream, err)
		if got := in.take(); len(got) != 1 || !got[0].GetSentinel() || len(got[0].GetTaskGroups()) != 0 {
			t.Errorf("at first came %v, want an empty sentinel", got)
		}
		time.Sleep(12 * time.Second)
		if got := in.take(); len(got) != 0 {
			t.Errorf("while empty came %v, want silence", got)
		}

		must(w.runs.CreateRun(as(t.Context(), "dave"), createRun("r1")))(t)
		time.Sleep(10 * time.Second)
		got := in.take()
		if len(got) != 2 {
			t.Fatalf("in ten seconds came %d messages, want 2", len(got))
		}
		if len(got[1].GetTaskGroups()) != 1 {
			t.Fatalf("groups are %v, want one", got[1])
		}
		g := got[1].GetTaskGroups()[0]
		wantProto(t, g, &workflowpb.TaskGroup{ // and nothing else
			TaskName: "env.train", TotalRuns: 1, AverageFailureRate: 1, LatestRunTime: g.GetLatestRunTime(),
			RecentStatuses: []*workflowpb.TaskGroup_RecentStatus{{RunName: "r1", Phase: failed}},
			PhaseCounts:    []*workflowpb.TaskGroup_PhaseCounts{{Phase: failed, Count: 1}},
		})
		in.open(t)
	})
}

func TestWatchGroupsWithAnEndDateEnds(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.deploy(t, "env.eval", &taskpb.TaskSpec{})
		begin := now()
		w.start(t, "r1")
		time.Sleep(time.Minute)
		second := now()
		eval := createRun("r2")
		eval.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: p1Task("env.eval")}
		must(w.runs.CreateRun(t.Context(), eval))(t)
		time.Sleep(time.Minute)

		for name, c := range map[string]struct {
			req  *workflowpb.WatchGroupsRequest
			want []string
		}{
			"all, latest first": {&workflowpb.WatchGroupsRequest{StartDate: begin, EndDate: now()}, []string{"env.eval", "env.train"}},
			"sorts and limits are ignored": {&workflowpb.WatchGroupsRequest{
				StartDate: begin, EndDate: now(), KnownSortFields: []*workflowpb.WatchGroupsRequest_KnownSortField{{
					SortBy: &workflowpb.WatchGroupsRequest_KnownSortField_CreatedAt{CreatedAt: commonpb.Sort_ASCENDING},
				}}, Request: &commonpb.ListRequest{Limit: 1},
			}, []string{"env.eval", "env.train"}},
			"until the second": {&workflowpb.WatchGroupsRequest{StartDate: begin, EndDate: second}, []string{"env.train"}},
			"from the second":  {&workflowpb.WatchGroupsRequest{StartDate: second, EndDate: now()}, []string{"env.eval"}},
			"none": {&workflowpb.WatchGroupsRequest{EndDate: now(), ScopeBy: &workflowpb.WatchGroupsRequest_ProjectId{
				ProjectId: &commonpb.ProjectIdentifier{Name: "p9"},
			}}, nil},
		} {
			got, err := rest(t, must(w.runs.WatchGroups(t.Context(), c.req))(t))
			if err != nil || len(got) != 1 || !got[0].GetSentinel() || len(got[0].GetTaskGroups()) != len(c.want) {
				t.Errorf("%s: got %v, %v, want one sentinel with %v", name, got, err, c.want)
				continue
			}
			for i, g := range got[0].GetTaskGroups() {
				if g.GetTaskName() != c.want[i] {
					t.Errorf("%s: group %d is %s, want %s", name, i, g.GetTaskName(), c.want[i])
				}
			}
		}
	})
}
