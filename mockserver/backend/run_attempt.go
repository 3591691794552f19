package backend

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	clusterName   = "mock"
	containerName = "main"
)

func podName(a *action, attempt uint32) string {
	return fmt.Sprintf("%s-%s-%d", a.run.key.name, a.details.GetId().GetName(), attempt-1)
}

// attempt returns attempt n, counted from 1, or nil twice.
func (a *action) attempt(n uint32) (*attempt, *workflowpb.ActionAttempt) {
	if n == 0 || int64(n) > int64(len(a.attempts)) {
		return nil, nil
	}
	return a.attempts[n-1], a.details.GetAttempts()[n-1]
}

// last returns the current attempt, or the last one of a finished action; nil twice before
// the first.
func (a *action) last() (*attempt, *workflowpb.ActionAttempt) {
	return a.attempt(uint32(len(a.attempts))) //nolint:gosec // a handful of attempts
}

// current is last, and begins the first attempt if there is none: an event is what creates
// it.
func (a *action) current() (*attempt, *workflowpb.ActionAttempt) {
	if len(a.attempts) == 0 {
		a.openAttempt(a.created)
	}
	return a.last()
}

// openAttempt begins the next attempt, QUEUED.
func (a *action) openAttempt(now time.Time) {
	at := timestamppb.New(now)
	a.attempts = append(a.attempts, &attempt{})
	n := uint32(len(a.attempts)) //nolint:gosec // a handful of attempts
	const queued = commonpb.ActionPhase_ACTION_PHASE_QUEUED
	a.details.Attempts = append(a.details.Attempts, &workflowpb.ActionAttempt{
		Phase: queued, StartTime: at, Attempt: n, Cluster: clusterName,
		PhaseTransitions: []*workflowpb.PhaseTransition{{Phase: queued, StartTime: at}},
	})
}

// enterAttempt moves the current attempt to a phase. A condition has no attempts.
func (a *action) enterAttempt(phase commonpb.ActionPhase, now time.Time) change {
	if phase == commonpb.ActionPhase_ACTION_PHASE_UNSPECIFIED || a.details.GetCondition() != nil {
		return noChange
	}
	did := noChange
	if len(a.attempts) == 0 {
		did = detailChange
	}
	_, at := a.current()
	if phase == at.GetPhase() {
		return did
	}
	transit(at, phase, now)
	if phase == commonpb.ActionPhase_ACTION_PHASE_RUNNING {
		a.openLogs(now)
	}
	if hasOutputs(phase) && a.outputs != "" {
		attemptOutputs(at).OutputUri = a.outputs
	}
	return detailChange
}

// attemptOutputs returns the message of an attempt's outputs, which exists only once there
// is a URI in it.
func attemptOutputs(at *workflowpb.ActionAttempt) *taskpb.OutputReferences {
	if at.GetOutputs() == nil {
		at.Outputs = &taskpb.OutputReferences{}
	}
	return at.GetOutputs()
}

// failAttempt ends the current attempt as failed.
func (a *action) failAttempt(info *workflowpb.ErrorInfo, now time.Time) {
	a.enterAttempt(commonpb.ActionPhase_ACTION_PHASE_FAILED, now)
	_, at := a.current()
	at.ErrorInfo = proto.CloneOf(info)
}

// openLogs gives the current attempt its pod, once.
func (a *action) openLogs(now time.Time) (opened bool) {
	_, at := a.current()
	if at.GetLogContext() != nil {
		return false
	}
	pod := podName(a, at.GetAttempt())
	at.LogsAvailable = true
	at.LogContext = &corepb.LogContext{
		PrimaryPodName: pod,
		Pods: []*corepb.PodLogContext{{
			Namespace: a.run.key.project + "-" + a.run.key.domain, PodName: pod, PrimaryContainerName: containerName,
			Containers: []*corepb.ContainerContext{{
				ContainerName: containerName,
				Process:       &corepb.ContainerContext_ProcessContext{ContainerStartTime: timestamppb.New(now)},
			}},
		}},
	}
	return true
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
