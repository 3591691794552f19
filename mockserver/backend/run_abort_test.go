package backend

import (
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestAbortRunAbortsTheRootOnly(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "a1", Phase: running},
			{Manual: true, Phase: succeeded},
			{Action: "a1", Phase: succeeded},
		}})
		_, err := w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{RunId: runID("r1")})
		wantCode(t, err, codes.NotFound)
		_, err = w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{})
		wantCode(t, err, codes.InvalidArgument)

		w.start(t, "r1")
		synctest.Wait()
		reason := "too dear"
		for range 2 { // repeating is no error
			must(w.runs.AbortRun(as(t.Context(), "bob"), &workflowpb.AbortRunRequest{RunId: runID("r1"), Reason: &reason}))(t)
			d := w.details(t, "r1", "a0")
			if d.GetStatus().GetPhase() != aborted || d.GetStatus().GetEndTime() == nil || d.GetAbortInfo().GetReason() != reason {
				t.Errorf("details are %v, want ABORTED with the reason", d)
			}
			if got := d.GetAbortInfo().GetAbortedBy().GetUser().GetId().GetSubject(); got != "bob" {
				t.Errorf("aborted by %q, want bob", got)
			}
		}
		// The root's manual step no longer waits, and the child is left to its timeline.
		time.Sleep(time.Second)
		if got := w.details(t, "r1", "a1").GetStatus().GetPhase(); got != succeeded {
			t.Errorf("child is %v, want SUCCEEDED", got)
		}
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != aborted {
			t.Errorf("root is %v, want it to stay ABORTED", got)
		}
	})
}

func TestAbortRunAbortsAFinishedRunToo(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.start(t, "r1")
		time.Sleep(time.Second)
		must(w.runs.AbortRun(t.Context(), &workflowpb.AbortRunRequest{RunId: runID("r1")}))(t)
		d := w.details(t, "r1", "a0")
		if d.GetStatus().GetPhase() != aborted || d.GetAbortInfo().GetReason() != "User requested abort" {
			t.Errorf("details are %v, want ABORTED with the default reason", d)
		}
	})
}

func TestAbortActionAbortsThatAction(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{{Phase: running}, {Action: "a1", Phase: running}}})
		w.start(t, "r1")
		synctest.Wait()
		must(w.runs.AbortAction(t.Context(), &workflowpb.AbortActionRequest{ActionId: actionID("r1", "a1"), Reason: "why not"}))(t)
		if d := w.details(t, "r1", "a1"); d.GetStatus().GetPhase() != aborted || d.GetAbortInfo().GetReason() != "why not" {
			t.Errorf("child is %v, want ABORTED", d)
		}
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != running {
			t.Errorf("root is %v, want RUNNING", got)
		}
		_, err := w.runs.AbortAction(t.Context(), &workflowpb.AbortActionRequest{ActionId: actionID("r1", "a7")})
		wantCode(t, err, codes.NotFound)
	})
}

func TestSignalEventCompletesACondition(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Action: "ask", New: &NewAction{Condition: &workflowpb.ConditionAction{Name: "approve", Prompt: "Go on?"}}},
			{Await: "ask", Phase: succeeded},
		}})
		w.start(t, "r1")
		time.Sleep(time.Minute)
		if got := w.details(t, "r1", "ask"); got.GetStatus().GetPhase() != paused || got.GetCondition().GetPrompt() != "Go on?" ||
			got.GetMetadata().GetActionType() != workflowpb.ActionType_ACTION_TYPE_CONDITION {
			t.Errorf("condition is %v, want it waiting", got)
		}
		if got := runNames(must(w.runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{PausedActionsOnly: true}))(t).GetRuns()); len(got) != 1 {
			t.Errorf("runs with something paused are %v, want r1", got)
		}

		yes := &workflowpb.EventPayload{Value: &workflowpb.EventPayload_BoolValue{BoolValue: true}}
		for _, id := range []*commonpb.ActionIdentifier{nil, actionID("r1", "a0"), actionID("r1", "nobody"), actionID("r9", "ask")} {
			_, err := w.runs.SignalEvent(t.Context(), &workflowpb.SignalEventRequest{ActionId: id, Payload: yes})
			wantCode(t, err, codes.NotFound)
		}
		signal := &workflowpb.SignalEventRequest{ActionId: actionID("r1", "ask"), ParentActionName: "a0", Payload: &workflowpb.EventPayload{}}
		_, err := w.runs.SignalEvent(t.Context(), signal)
		wantCode(t, err, codes.InvalidArgument)

		signal.Payload = yes
		must(w.runs.SignalEvent(as(t.Context(), "carol"), signal))(t)
		time.Sleep(time.Second)
		got := w.details(t, "r1", "ask")
		wantProto(t, got.GetSignalInfo().GetOutput(), &corepb.Literal{Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{
			Value: &corepb.Scalar_Primitive{Primitive: &corepb.Primitive{Value: &corepb.Primitive_Boolean{Boolean: true}}},
		}}})
		if got.GetStatus().GetPhase() != succeeded || got.GetSignalInfo().GetSignalledBy().GetUser().GetId().GetSubject() != "carol" {
			t.Errorf("condition is %v, want it completed by carol", got)
		}
		if got := w.details(t, "r1", "a0").GetStatus().GetPhase(); got != succeeded {
			t.Errorf("root is %v, want it to have gone on", got)
		}
		_, err = w.runs.SignalEvent(t.Context(), signal) // it waits no more
		wantCode(t, err, codes.NotFound)
	})
}
