package backend

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func (w *world) watchDetails(t *testing.T, run, action string) *inbox[workflowpb.WatchActionDetailsResponse] {
	t.Helper()
	stream, err := w.runs.WatchActionDetails(t.Context(), &workflowpb.WatchActionDetailsRequest{ActionId: actionID(run, action)})
	return follow(t, stream, err)
}

func phasesOf(got []*workflowpb.WatchActionDetailsResponse) (phases []commonpb.ActionPhase) {
	for _, m := range got {
		phases = append(phases, m.GetDetails().GetStatus().GetPhase())
	}
	return phases
}

func TestWatchActionDetailsSendsChangesUntilTheEnd(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		for _, id := range []*commonpb.ActionIdentifier{nil, actionID("r1", "a0")} {
			_, err := rest(t, must(w.runs.WatchActionDetails(t.Context(), &workflowpb.WatchActionDetailsRequest{ActionId: id}))(t))
			wantCode(t, err, codes.NotFound)
		}
		// By the default timeline: a snapshot, then one message a change, then the end.
		w.start(t, "r1")
		in := w.watchDetails(t, "r1", "a0")
		time.Sleep(time.Second)
		got := in.take()
		if want := []commonpb.ActionPhase{queued, waiting, initializing, running, succeeded}; !slices.Equal(phasesOf(got), want) {
			t.Errorf("phases came as %v, want %v", phasesOf(got), want)
		}
		in.ended(t)
		if last := got[len(got)-1].GetDetails(); last.GetId().GetRun().GetOrg() != "org" || len(last.GetAttempts()) != 1 || last.GetTask() == nil {
			t.Errorf("last message is %v, want everything about the action", last)
		}

		again := w.watchDetails(t, "r1", "a0")
		if got := phasesOf(again.take()); !slices.Equal(got, []commonpb.ActionPhase{succeeded}) {
			t.Errorf("of a finished action came %v, want one message", got)
		}
		again.ended(t)
	})
}

func TestWatchActionDetailsSendsEveryAttempt(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Manual: true, NewAttempt: true, Phase: running},
			{Manual: true, Phase: succeeded},
		}})
		w.start(t, "r1")
		synctest.Wait()
		in := w.watchDetails(t, "r1", "a0")
		w.Advance()
		in.open(t) // a failed attempt is not the end
		w.Advance()
		got := in.take()
		if want := []commonpb.ActionPhase{running, running, succeeded}; !slices.Equal(phasesOf(got), want) {
			t.Errorf("phases came as %v, want %v", phasesOf(got), want)
		}
		in.ended(t)
	})
}

// A watch ends with the last attempt; the action's status follows later.
func TestWatchActionDetailsEndsBeforeTheStatusFollows(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Manual: true, Attempt: failed},
			{Manual: true, NewAttempt: true, Phase: running},
			{Manual: true, Attempt: succeeded},
			{Manual: true, Phase: succeeded},
		}})
		w.start(t, "r1")
		synctest.Wait()
		for i, want := range []struct{ status, attempt commonpb.ActionPhase }{
			{running, failed}, {running, succeeded},
		} {
			in := w.watchDetails(t, "r1", "a0")
			in.open(t)
			w.Advance()
			got := in.take()
			in.ended(t)
			last := got[len(got)-1].GetDetails()
			if last.GetStatus().GetPhase() != want.status || last.GetAttempts()[i].GetPhase() != want.attempt || last.GetStatus().GetEndTime() != nil {
				t.Errorf("attempt %d ended as %v, want status %v and attempt %v", i+1, last, want.status, want.attempt)
			}
			again := w.watchDetails(t, "r1", "a0")
			if got := again.take(); len(got) != 1 {
				t.Errorf("a watch in between got %v, want one message", got)
			}
			again.ended(t)
			w.Advance()
			synctest.Wait()
		}
		d := w.details(t, "r1", "a0")
		if d.GetStatus().GetPhase() != succeeded || len(d.GetAttempts()) != 2 {
			t.Errorf("the action ended as %v", d)
		}
		for i, at := range d.GetAttempts() {
			seen := map[commonpb.ActionPhase]int{}
			for _, p := range at.GetPhaseTransitions() {
				seen[p.GetPhase()]++
			}
			if seen[at.GetPhase()] != 1 {
				t.Errorf("attempt %d entered %v %d times, want once", i+1, at.GetPhase(), seen[at.GetPhase()])
			}
		}
	})
}

func TestWatchClusterEventsSendsEventsUntilTheEnd(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		event := func(reason string) []*workflowpb.ClusterEvent {
			return []*workflowpb.ClusterEvent{{Reason: reason}}
		}
		w.SetTimeline("", Timeline{Steps: []Step{
			{ClusterEvents: append(event("Scheduled"), event("Pulled")...)},
			{Manual: true, ClusterEvents: event("Started")},
			{Manual: true, Phase: succeeded},
		}})
		open := func(run string, attempt uint32) *inbox[workflowpb.WatchClusterEventsResponse] {
			stream, err := w.runs.WatchClusterEvents(t.Context(), &workflowpb.WatchClusterEventsRequest{Id: actionID(run, "a0"), Attempt: attempt})
			return follow(t, stream, err)
		}
		_, err := rest(t, must(w.runs.WatchClusterEvents(t.Context(), &workflowpb.WatchClusterEventsRequest{}))(t))
		wantCode(t, err, codes.NotFound)

		w.start(t, "r1")
		synctest.Wait()
		in := open("r1", 1)
		none := open("r1", 2)
		if got := in.take(); len(got) != 1 || len(got[0].GetClusterEvents()) != 2 || got[0].GetClusterEvents()[0].GetOccurredAt() == nil {
			t.Errorf("past events came as %v, want both in one message, with their times", got)
		}
		w.Advance()
		if got := in.take(); len(got) != 1 || len(got[0].GetClusterEvents()) != 1 || got[0].GetClusterEvents()[0].GetReason() != "Started" {
			t.Errorf("then came %v, want the new event", got)
		}
		in.open(t)
		w.Advance()
		in.ended(t)
		none.ended(t)
		if got := none.take(); len(got) != 0 {
			t.Errorf("an attempt that never was had events %v", got)
		}
		late := open("r1", 1)
		if got := late.take(); len(got) != 1 || len(got[0].GetClusterEvents()) != 3 {
			t.Errorf("afterwards came %v, want all events", got)
		}
		late.ended(t)
	})
}

func TestWatchActionsSendsActionsAndChanges(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "a1", Phase: running},
			{Action: "a2", New: &NewAction{Parent: "a1"}, Phase: running},
			{Manual: true, Action: "a2", Phase: succeeded},
			{Manual: true, Action: "a3", New: &NewAction{Parent: "a1", Group: "late"}},
			{Manual: true, Phase: succeeded},
		}})
		stream, err := w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1")})
		early := follow(t, stream, err)
		early.open(t) // an unknown run: no message
		if got := early.take(); len(got) != 0 {
			t.Errorf("of an unknown run came %v", got)
		}

		w.start(t, "r1")
		if got := early.take(); len(got) == 0 {
			t.Error("nothing came once the run was there")
		}
		stream, err = w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1")})
		in := follow(t, stream, err)
		wantActions(t, in.take(), "a0 RUNNING map[RUNNING:1]; a1 RUNNING map[RUNNING:1]; a2 RUNNING map[]")
		w.Advance()
		wantActions(t, in.take(), "a1 RUNNING map[RUNNING:0 SUCCEEDED:1]; a2 SUCCEEDED map[]")
		w.Advance()
		wantActions(t, in.take(), "a1 RUNNING map[QUEUED:1 RUNNING:0 SUCCEEDED:1]; a3 QUEUED map[]")
		w.Advance()
		wantActions(t, in.take(), "a0 SUCCEEDED map[RUNNING:1]")
		in.open(t) // also when the run has finished
	})
}

// wantActions wants exactly one message that reads like want.
func wantActions(t *testing.T, got []*workflowpb.WatchActionsResponse, want string) {
	t.Helper()
	text := ""
	for _, m := range got {
		if text != "" {
			text += " | "
		}
		for i, e := range m.GetEnrichedActions() {
			if i > 0 {
				text += "; "
			}
			counts := map[string]int32{}
			for p, n := range e.GetChildrenPhaseCounts() {
				counts[shortPhase(commonpb.ActionPhase(p))] = n
			}
			text += fmt.Sprintf("%s %s %v", e.GetAction().GetId().GetName(), shortPhase(e.GetAction().GetStatus().GetPhase()), counts)
			if !e.GetMeetsFilter() {
				text += " no more"
			}
		}
	}
	if text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func shortPhase(p commonpb.ActionPhase) string { return p.String()[len("ACTION_PHASE_"):] }

func TestWatchActionsSplitsLargeRuns(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		var steps []Step
		for i := range 2100 {
			steps = append(steps, Step{Action: fmt.Sprintf("a%d", i+1)})
		}
		w.SetTimeline("", Timeline{Steps: steps})
		w.start(t, "r1")
		synctest.Wait()
		stream, err := w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1")})
		got := follow(t, stream, err).take()
		var sizes []int
		for _, m := range got {
			sizes = append(sizes, len(m.GetEnrichedActions()))
		}
		if !slices.Equal(sizes, []int{1000, 1000, 101}) {
			t.Fatalf("2101 actions came as %v", sizes)
		}
		if got[0].GetEnrichedActions()[0].GetAction().GetId().GetName() != "a0" {
			t.Error("the parent does not come first")
		}
	})
}

func TestWatchActionsFilters(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "load", Phase: running},
			{Action: "load-part", New: &NewAction{Parent: "load"}, Phase: running},
			{Action: "other"},
			{Manual: true, Action: "load-part", Phase: failed},
			{Manual: true, Action: "other", Phase: failed},
			{Manual: true, Action: "third", Phase: failed},
		}})
		w.start(t, "r1")
		synctest.Wait()
		open := func(filters ...*commonpb.Filter) *inbox[workflowpb.WatchActionsResponse] {
			stream, err := w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{RunId: runID("r1"), Filter: filters})
			return follow(t, stream, err)
		}
		name := &commonpb.Filter{Field: "NAME", Function: commonpb.Filter_CONTAINS_CASE_INSENSITIVE, Values: []string{"PART"}}
		byName := open(name)
		wantActions(t, byName.take(), "a0 RUNNING map[QUEUED:1 RUNNING:1]; load RUNNING map[RUNNING:1]; load-part RUNNING map[]")
		failedOnly := open(&commonpb.Filter{Field: "PHASE", Function: commonpb.Filter_VALUE_IN, Values: []string{"6", "8"}})
		queuedOnly := open(&commonpb.Filter{Field: "PHASE", Function: commonpb.Filter_VALUE_IN, Values: []string{"1"}})
		if got := failedOnly.take(); len(got) != 0 {
			t.Errorf("nothing has failed, yet came %v", got)
		}
		wantActions(t, queuedOnly.take(), "a0 RUNNING map[QUEUED:1 RUNNING:1]; other QUEUED map[]")

		// A new match brings its ancestors along.
		w.Advance()
		wantActions(t, byName.take(), "load RUNNING map[FAILED:1 RUNNING:0]; load-part FAILED map[]")
		wantActions(t, failedOnly.take(), "a0 RUNNING map[QUEUED:1 RUNNING:1]; load RUNNING map[FAILED:1 RUNNING:0]; load-part FAILED map[]")
		if got := queuedOnly.take(); len(got) != 0 {
			t.Errorf("of no concern, yet came %v", got)
		}
		// What matches no more is sent once more, and so are its ancestors.
		w.Advance()
		wantActions(t, queuedOnly.take(), "a0 RUNNING map[FAILED:1 QUEUED:0 RUNNING:1] no more; other FAILED map[] no more")
		w.Advance()
		if got := queuedOnly.take(); len(got) != 0 {
			t.Errorf("long gone, yet came %v", got)
		}

		for _, bad := range []*commonpb.Filter{
			{Field: "phase", Function: commonpb.Filter_VALUE_IN, Values: []string{"4"}},
			{Field: "PHASE", Function: commonpb.Filter_EQUAL, Values: []string{"4"}},
			{Field: "PHASE", Function: commonpb.Filter_VALUE_IN, Values: []string{"RUNNING"}},
			{Field: "NAME", Function: commonpb.Filter_CONTAINS, Values: []string{"a"}},
			{Field: "GROUP", Function: commonpb.Filter_VALUE_IN, Values: []string{"a"}},
		} {
			_, err := rest(t, must(w.runs.WatchActions(t.Context(), &workflowpb.WatchActionsRequest{Filter: []*commonpb.Filter{name, bad}}))(t))
			wantCode(t, err, codes.InvalidArgument)
		}
	})
}
