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

// What the mock does as it was measured on a real backend, one test for each correction,
// C1 to C16, of what was believed before.

// states lists messages as "status/attempts".
func states(got []*workflowpb.WatchActionDetailsResponse) (out []string) {
	for _, m := range got {
		text := shortPhase(m.GetDetails().GetStatus().GetPhase()) + "/"
		for i, at := range m.GetDetails().GetAttempts() {
			if i > 0 {
				text += ","
			}
			text += shortPhase(at.GetPhase())
		}
		out = append(out, text)
	}
	return out
}

func TestC1WatchActionDetailsEndsWithTheLastAttemptBeforeTheStatusFollows(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetStatusLag(defaultStatusLag) // as it is unless it is set
		w.start(t, "r1")
		in := w.watchDetails(t, "r1", "a0")
		time.Sleep(100 * time.Millisecond) // the attempt ends then
		in.ended(t)
		want := []string{
			"QUEUED/", "QUEUED/WAITING_FOR_RESOURCES", "WAITING_FOR_RESOURCES/WAITING_FOR_RESOURCES",
			"WAITING_FOR_RESOURCES/INITIALIZING", "INITIALIZING/INITIALIZING", "INITIALIZING/RUNNING", "RUNNING/RUNNING",
			"RUNNING/SUCCEEDED",
		}
		if got := states(in.take()); !slices.Equal(got, want) {
			t.Errorf("messages are %q, want %q", got, want)
		}
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != running {
			t.Errorf("read at once the status is %v, want still RUNNING", got)
		}
		time.Sleep(defaultStatusLag)
		if got := w.details(t, "r1", "a0").GetStatus(); got.GetPhase() != succeeded || got.GetDurationMs() != 100 {
			t.Errorf("afterwards the status is %v, want SUCCEEDED after 100 ms", got)
		}
		again := w.watchDetails(t, "r1", "a0")
		if got := states(again.take()); !slices.Equal(got, []string{"SUCCEEDED/SUCCEEDED"}) {
			t.Errorf("of a finished action came %q, want one message", got)
		}
		again.ended(t)
	})
}

func TestC1AWatchEndsBetweenTwoAttempts(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetStatusLag(time.Second)
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Manual: true, NewAttempt: true, Phase: running},
			{Manual: true, Phase: succeeded},
		}})
		w.start(t, "r1")
		time.Sleep(time.Minute)
		in := w.watchDetails(t, "r1", "a0")
		w.Advance()
		if got := states(in.take()); !slices.Equal(got, []string{"RUNNING/RUNNING", "RUNNING/FAILED"}) {
			t.Errorf("messages are %q, want the failed attempt without the next", got)
		}
		in.ended(t)
		time.Sleep(time.Minute)
		in = w.watchDetails(t, "r1", "a0")
		if got := states(in.take()); !slices.Equal(got, []string{"RUNNING/FAILED,RUNNING"}) {
			t.Errorf("a new watch got %q, want the second attempt", got)
		}
		in.open(t)
		w.Close()
	})
}

func TestC7AbortLeavesAttemptsAndOverwritesReasons(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetStatusLag(time.Second)
		w.SetTimeline("", Timeline{Steps: []Step{{Phase: running}, {Manual: true, Phase: failed}}})
		w.start(t, "live")
		w.start(t, "done")
		w.Advance("done")
		time.Sleep(time.Minute)
		before := w.details(t, "done", "a0")

		abort := func(name string, reason *string) *workflowpb.ActionDetails {
			must(w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{RunId: runID(name), Reason: reason}))(t)
			return w.details(t, name, "a0")
		}
		in := w.watchDetails(t, "live", "a0")
		if d := abort("live", nil); d.GetStatus().GetPhase() != aborted || d.GetAttempts()[0].GetPhase() != running {
			t.Errorf("aborted, a live action is %v, want ABORTED with a RUNNING attempt", d)
		}
		time.Sleep(time.Minute)
		if got, want := states(in.take()), []string{"RUNNING/RUNNING", "ABORTED/RUNNING", "ABORTED/ABORTED"}; !slices.Equal(got, want) {
			t.Errorf("messages are %q, want %q", got, want)
		}
		in.ended(t)

		empty, other := "", "other"
		for _, c := range []struct {
			reason *string
			want   string
		}{{&other, "other"}, {nil, "User requested abort"}, {&empty, ""}} {
			d := abort("done", c.reason)
			if d.GetAbortInfo() == nil || d.GetAbortInfo().GetReason() != c.want {
				t.Errorf("abort info is %v, want it present with reason %q", d.GetAbortInfo(), c.want)
			}
			wantProto(t, d.GetAttempts()[0], before.GetAttempts()[0]) // phase and error stay
			wantProto(t, d.GetStatus().GetEndTime(), before.GetStatus().GetEndTime())
			if d.GetStatus().GetPhase() != aborted || d.GetStatus().GetDurationMs() != before.GetStatus().GetDurationMs() {
				t.Errorf("status is %v, want ABORTED with the end as it was", d.GetStatus())
			}
			time.Sleep(time.Minute)
		}
		_, err := w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{})
		wantCode(t, err, codes.InvalidArgument)
		for _, id := range []*commonpb.ActionIdentifier{nil, {Name: "a0"}} {
			_, err = w.runs.AbortAction(t.Context(), &workflowpb.AbortActionRequest{ActionId: id})
			wantCode(t, err, codes.InvalidArgument)
		}
	})
}

func TestC8WatchActionsFiltersByTheTasksShortName(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "train-1", New: &NewAction{Task: p1Task("env.mod.load")}},
			{Action: "load-2"},
			{Manual: true, Action: "load-2", Phase: running},
		}})
		w.start(t, "r1")
		time.Sleep(time.Minute)
		open := func(f *commonpb.Filter) *inbox[workflowpb.WatchActionsResponse] {
			stream, err := w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1"), Filter: []*commonpb.Filter{f}})
			return follow(t, stream, err)
		}
		name := func(values ...string) *commonpb.Filter {
			return filter(commonpb.Filter_CONTAINS_CASE_INSENSITIVE, "NAME", values...)
		}
		const all = "a0 RUNNING map[QUEUED:2]; train-1 QUEUED map[]; load-2 QUEUED map[]"
		for _, c := range []struct {
			f    *commonpb.Filter
			want string
		}{
			{name("LOAD"), all},
			{name("load-2"), "a0 RUNNING map[QUEUED:2]; load-2 QUEUED map[]"},
			{name("train", "load"), "a0 RUNNING map[QUEUED:2]"}, // the first counts, and not train-1's own name
			{name(), all},
		} {
			wantActions(t, open(c.f).take(), c.want)
		}
		none := open(filter(commonpb.Filter_VALUE_IN, "PHASE"))
		wantActions(t, none.take(), all)
		w.Advance() // a count that falls to zero stays
		time.Sleep(time.Second)
		wantActions(t, none.take(), "a0 RUNNING map[QUEUED:1 RUNNING:1]; load-2 RUNNING map[]")
	})
}

func TestC11WatchGroupsGroupsTheNewestThousandByName(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{})
		w.SetTimeline("old", Timeline{Steps: []Step{{Phase: commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT}}})
		inline := func(run, task string) {
			req := createRun(run)
			req.Task = &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: inlineTask(task)}
			must(w.runs.CreateRun(t.Context(), req))(t)
			time.Sleep(time.Second)
		}
		inline("r0", "older")
		inline("r1", "old") // timed out: not a failure in the rate
		for i := range 998 {
			w.runsDirect(fmt.Sprintf("s%d", i))
			time.Sleep(time.Millisecond)
		}
		inline("t1", "") // has no name
		got, err := rest(t, must(w.runs.WatchGroups(t.Context(), &workflowpb.WatchGroupsRequest{EndDate: now()}))(t))
		if err != nil || len(got) != 1 {
			t.Fatalf("got %v, %v", got, err)
		}
		var names []string
		for _, g := range got[0].GetTaskGroups() {
			names = append(names, fmt.Sprintf("%s %d %v", g.GetTaskName(), g.GetTotalRuns(), g.GetAverageFailureRate()))
			if len(g.GetRecentStatuses()) > 10 || g.GetEnvironmentName() != "" || g.GetShortName() != "" {
				t.Errorf("group is %v", g)
			}
		}
		if want := []string{"a0 1 0", "env.train 998 0", "old 1 0"}; !slices.Equal(names, want) {
			t.Errorf("groups are %q, want %q: the newest thousand runs", names, want)
		}
	})
}

// runsDirect creates a run of env.train without a call.
func (w *world) runsDirect(name string) *run {
	what, _ := w.resolveTask(createRun(name))
	r := w.Backend.runs
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.start(keyOf(runID(name)), createRun(name), what, nil)
}

func inlineTask(name string) *taskpb.TaskSpec {
	spec := plainSpec()
	spec.TaskTemplate.Id = identifier(name)
	return spec
}
