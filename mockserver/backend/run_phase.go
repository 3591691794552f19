package backend

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

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

// failure reports whether an action in phase p has an error.
func failure(p commonpb.ActionPhase) bool {
	return p == commonpb.ActionPhase_ACTION_PHASE_FAILED || p == commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT
}

// hasOutputs reports whether an action in phase p has outputs.
func hasOutputs(p commonpb.ActionPhase) bool {
	return p == commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED || p == commonpb.ActionPhase_ACTION_PHASE_RECOVERED
}

// enter moves the action's status to a phase. The end of a finished action stays what it
// was.
func (a *action) enter(phase commonpb.ActionPhase, now time.Time) change {
	if phase == commonpb.ActionPhase_ACTION_PHASE_UNSPECIFIED || phase == a.phase() {
		return noChange
	}
	st := a.details.GetStatus()
	st.Phase = phase
	if terminal(phase) && st.GetEndTime() == nil {
		st.EndTime = timestamppb.New(now)
		ms := uint64(max(0, now.Sub(st.GetStartTime().AsTime()).Milliseconds()))
		st.DurationMs = &ms
	}
	return statusChange
}

// errorInfo returns why an action fails; nil is a general text.
func errorInfo(info *workflowpb.ErrorInfo) *workflowpb.ErrorInfo {
	if info == nil {
		return &workflowpb.ErrorInfo{Message: "the task failed", Kind: workflowpb.ErrorInfo_KIND_USER}
	}
	return proto.CloneOf(info)
}

// abort marks the action ABORTED, in any phase; a second abort has its own reason. The
// attempts stay as they are.
func (a *action) abort(reason string, by *commonpb.EnrichedIdentity, now time.Time) change {
	a.details.Result = &workflowpb.ActionDetails_AbortInfo{
		AbortInfo: &workflowpb.AbortInfo{Reason: reason, AbortedBy: by},
	}
	return max(detailChange, a.enter(commonpb.ActionPhase_ACTION_PHASE_ABORTED, now))
}
