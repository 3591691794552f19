package backend

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestGetRunDetailsReturnsSpecAndRootAction(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		began := time.Now()
		w.start(t, "r1")
		time.Sleep(time.Second)
		d := must(w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")}))(t).GetDetails()

		wantProto(t, d.GetAction().GetId(), actionID("r1", "a0")) // as asked for, organization included
		ms := uint64(100)
		wantProto(t, d.GetAction().GetStatus(), &workflowpb.ActionStatus{
			Phase: succeeded, Attempts: 1, DurationMs: &ms,
			StartTime: timestamppb.New(began), EndTime: timestamppb.New(began.Add(100 * time.Millisecond)),
		})
		if d.GetAction().GetTask().GetTaskTemplate().GetType() != "python" || d.GetRunSpec() == nil {
			t.Errorf("details %v lack the task or the run spec", d)
		}

		if len(d.GetAction().GetAttempts()) != 1 {
			t.Fatalf("%d attempts, want 1", len(d.GetAction().GetAttempts()))
		}
		at := d.GetAction().GetAttempts()[0]
		want := []commonpb.ActionPhase{queued, waiting, initializing, running, succeeded}
		for i, tr := range at.GetPhaseTransitions() {
			if i >= len(want) || tr.GetPhase() != want[i] || tr.GetEndTime() == nil {
				t.Errorf("transition %d is %v, want an ended one of %v", i, tr, want)
			}
		}
		if len(at.GetPhaseTransitions()) != len(want) {
			t.Errorf("%d transitions, want %d", len(at.GetPhaseTransitions()), len(want))
		}
		if len(at.GetClusterEvents()) != 1 || at.GetOutputs().GetOutputUri() == "" || !at.GetLogsAvailable() ||
			at.GetLogContext().GetPrimaryPodName() == "" {
			t.Errorf("attempt %v lacks events, outputs or logs", at)
		}
	})
}

func TestGetRunDetailsOfAnUnknownRunIsNotFound(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		_, err := w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")})
		wantCode(t, err, codes.NotFound)
		if got := err.Error(); got != "rpc error: code = NotFound desc = run not found: p1/development/r1" {
			t.Errorf("message is %q", got)
		}
		_, err = w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{})
		wantCode(t, err, codes.InvalidArgument)
	})
}

func TestDetailsShowFailuresAndRetries(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		first := &workflowpb.ErrorInfo{Message: "node lost", Kind: workflowpb.ErrorInfo_KIND_SYSTEM}
		second := &workflowpb.ErrorInfo{Message: "out of cheese", Kind: workflowpb.ErrorInfo_KIND_USER}
		w.SetTimeline("env.train", Timeline{Steps: []Step{
			{Phase: running},
			{NewAttempt: true, Error: first, Phase: running},
			{Manual: true, Phase: failed, Error: second},
		}})
		w.start(t, "r1")
		time.Sleep(time.Second)
		if got := w.details(t, "r1", "a0").GetStatus(); got.GetPhase() != running || got.GetAttempts() != 2 || got.GetEndTime() != nil {
			t.Errorf("status between attempts is %v, want attempt 2 running", got)
		}
		if n := w.Advance("r1"); n != 1 {
			t.Errorf("advanced %d runs, want 1", n)
		}
		time.Sleep(time.Second)
		d := w.details(t, "r1", "a0")
		if d.GetStatus().GetPhase() != failed || len(d.GetAttempts()) != 2 {
			t.Fatalf("details are %v, want a failure after 2 attempts", d)
		}
		wantProto(t, d.GetAttempts()[0].GetErrorInfo(), first)
		wantProto(t, d.GetAttempts()[1].GetErrorInfo(), second)
		wantProto(t, d.GetErrorInfo(), second)
	})
}

func TestActionsAreFoundByIdentifier(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running, succeeded))
		w.start(t, "r1")
		for _, id := range []*commonpb.ActionIdentifier{actionID("r1", "a9"), actionID("r2", "a0"), nil} {
			_, err := w.runs.GetActionDetails(t.Context(), &workflowpb.GetActionDetailsRequest{ActionId: id})
			wantCode(t, err, codes.NotFound)
			_, err = w.runs.GetActionDataURIs(t.Context(), &workflowpb.GetActionDataURIsRequest{ActionId: id})
			wantCode(t, err, codes.NotFound)
			_, err = w.runs.GetActionLogContext(t.Context(), &workflowpb.GetActionLogContextRequest{ActionId: id, Attempt: 1})
			wantCode(t, err, codes.NotFound)
		}
		_, err := w.runs.GetActionData(t.Context(), &workflowpb.GetActionDataRequest{ActionId: actionID("r1", "a0")}) //nolint:staticcheck // it is what we test
		wantCode(t, err, codes.Unimplemented)

		// Before the attempt runs there is nothing to read but inputs.
		uris := func() *workflowpb.GetActionDataURIsResponse {
			return must(w.runs.GetActionDataURIs(t.Context(), &workflowpb.GetActionDataURIsRequest{ActionId: actionID("r1", "a0")}))(t)
		}
		if got := uris(); got.GetInputsUri() == "" || got.GetOutputsUri() != "" {
			t.Errorf("URIs of a queued action are %v, want inputs only", got)
		}
		logCtx := &workflowpb.GetActionLogContextRequest{ActionId: actionID("r1", "a0"), Attempt: 1}
		_, err = w.runs.GetActionLogContext(t.Context(), logCtx)
		wantCode(t, err, codes.NotFound)

		w.Advance()
		w.Advance()
		time.Sleep(time.Second)
		if got := uris(); got.GetOutputsUri() == "" {
			t.Errorf("URIs of a finished action are %v, want outputs too", got)
		}
		got := must(w.runs.GetActionLogContext(t.Context(), logCtx))(t)
		if got.GetLogContext().GetPrimaryPodName() == "" || got.GetStartTime() != nil || got.GetEndTime() != nil || got.GetCluster() == "" {
			t.Errorf("log context is %v", got)
		}
		if ran := got.GetLogContext().GetPods()[0].GetContainers()[0].GetProcess(); ran.GetContainerStartTime() == nil || ran.GetContainerEndTime() == nil {
			t.Errorf("container ran %v, want from and until", ran)
		}
		logCtx.Attempt = 2
		_, err = w.runs.GetActionLogContext(t.Context(), logCtx)
		wantCode(t, err, codes.NotFound)
		if got := w.details(t, "r1", "a0").GetId(); got.GetRun().GetOrg() != "org" {
			t.Errorf("id is %v, want it as asked for, organization included", got)
		}
	})
}

func TestOutputsHaveAURIAfterSuccessOnly(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		recovered, timedOut := commonpb.ActionPhase_ACTION_PHASE_RECOVERED, commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT
		for phase, want := range map[commonpb.ActionPhase]bool{
			running: false, succeeded: true, recovered: true, failed: false, aborted: false, timedOut: false,
		} {
			w.SetTimeline("", Timeline{Steps: []Step{{Phase: phase}}})
			name := fmt.Sprintf("r%d", phase)
			w.start(t, name)
			synctest.Wait()
			got := must(w.runs.GetActionDataURIs(t.Context(), &workflowpb.GetActionDataURIsRequest{ActionId: actionID(name, "a0")}))(t)
			if (got.GetOutputsUri() != "") != want || got.GetInputsUri() == "" {
				t.Errorf("%v: URIs are %v, want outputs: %t", phase, got, want)
			}
		}
	})
}
