package backend

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	clusterName   = "mock"
	containerName = "main"
)

func podName(a *action, attempt uint32) string {
	return fmt.Sprintf("%s-%s-%d", a.run.key.name, a.details.GetId().GetName(), attempt-1)
}

// terminal reports whether p is final, except for an abort.
func terminal(p commonpb.ActionPhase) bool {
	switch p {
	case commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, commonpb.ActionPhase_ACTION_PHASE_FAILED,
		commonpb.ActionPhase_ACTION_PHASE_ABORTED, commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT,
		commonpb.ActionPhase_ACTION_PHASE_RECOVERED:
		return true
	default:
		return false
	}
}

// hasOutputs reports whether an action in phase p has outputs.
func hasOutputs(p commonpb.ActionPhase) bool {
	return p == commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED || p == commonpb.ActionPhase_ACTION_PHASE_RECOVERED
}

// enter moves the action and its current attempt to a phase.
func (a *action) enter(phase commonpb.ActionPhase, now time.Time) change {
	if phase == commonpb.ActionPhase_ACTION_PHASE_UNSPECIFIED || phase == a.phase() {
		return noChange
	}
	a.enterAttempt(phase, now)
	st := a.details.GetStatus()
	st.Phase = phase
	if terminal(phase) {
		st.EndTime = timestamppb.New(now)
		ms := uint64(max(0, now.Sub(st.GetStartTime().AsTime()).Milliseconds()))
		st.DurationMs = &ms
	}
	return statusChange
}

// enterAttempt moves the current attempt to a phase before the action.
func (a *action) enterAttempt(phase commonpb.ActionPhase, now time.Time) change {
	_, at := a.last()
	if phase == commonpb.ActionPhase_ACTION_PHASE_UNSPECIFIED || phase == at.GetPhase() {
		return noChange
	}
	transit(at, phase, now)
	if phase == commonpb.ActionPhase_ACTION_PHASE_RUNNING && a.details.GetCondition() == nil {
		a.openLogs(now)
	}
	if hasOutputs(phase) && a.outputs != "" {
		at.Outputs.OutputUri = a.outputs
	}
	return detailChange
}

// fail records why the action failed; nil records a general text.
func (a *action) fail(info *workflowpb.ErrorInfo) {
	info = proto.CloneOf(info)
	if info == nil {
		info = &workflowpb.ErrorInfo{Message: "the task failed", Kind: workflowpb.ErrorInfo_KIND_USER}
	}
	_, at := a.last()
	at.ErrorInfo = info
	a.details.Result = &workflowpb.ActionDetails_ErrorInfo{ErrorInfo: proto.CloneOf(info)}
}

// retry ends the current attempt as failed and starts the next one.
func (a *action) retry(info *workflowpb.ErrorInfo, now time.Time) {
	a.enterAttempt(commonpb.ActionPhase_ACTION_PHASE_FAILED, now)
	_, at := a.last()
	at.ErrorInfo = proto.CloneOf(info)
	a.openAttempt(commonpb.ActionPhase_ACTION_PHASE_QUEUED, now)
}

// abort marks the action ABORTED in any phase; a second abort changes nothing.
func (a *action) abort(reason string, by *commonpb.EnrichedIdentity, now time.Time) change {
	c := a.enter(commonpb.ActionPhase_ACTION_PHASE_ABORTED, now)
	if c == noChange {
		return noChange
	}
	_, at := a.last()
	at.ErrorInfo = nil
	a.details.Result = &workflowpb.ActionDetails_AbortInfo{
		AbortInfo: &workflowpb.AbortInfo{Reason: reason, AbortedBy: by},
	}
	return c
}

// transit ends the attempt's current phase and starts the next.
func transit(at *workflowpb.ActionAttempt, phase commonpb.ActionPhase, now time.Time) {
	ts := timestamppb.New(now)
	if n := len(at.GetPhaseTransitions()); n > 0 && at.GetPhaseTransitions()[n-1].GetEndTime() == nil {
		at.PhaseTransitions[n-1].EndTime = ts
	}
	next := &workflowpb.PhaseTransition{Phase: phase, StartTime: ts}
	at.PhaseTransitions = append(at.PhaseTransitions, next)
	at.Phase = phase
	if !terminal(phase) {
		return
	}
	next.EndTime, at.EndTime = ts, ts
	for _, pod := range at.GetLogContext().GetPods() {
		for _, c := range pod.GetContainers() {
			c.Process.ContainerEndTime = ts
		}
	}
}
