package backend

import (
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// plan returns the timeline for a run of the named task. The caller holds r.mu.
func (r *runs) plan(taskName string) Timeline {
	if t, ok := r.timelines[taskName]; ok && taskName != "" {
		return t
	}
	return r.fallbackPlan
}

// play runs the steps of ru until the last one or until the backend closes.
func (r *runs) play(ru *run, steps []Step) {
	defer r.wg.Done()
	for i := range steps {
		if !r.waitFor(ru, &steps[i]) {
			return
		}
		r.apply(ru, &steps[i])
	}
}

// waitFor waits as s requires; false means that the backend was closed.
func (r *runs) waitFor(ru *run, s *Step) bool {
	timer := time.NewTimer(s.After)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.done:
		return false
	}
	for {
		r.mu.Lock()
		ready, changed := r.ready(ru, s), r.changed
		r.mu.Unlock()
		if ready {
			return true
		}
		select {
		case <-changed:
		case <-r.done:
			return false
		}
	}
}

// ready reports whether s may happen, and takes the credit of a manual step.
func (r *runs) ready(ru *run, s *Step) bool {
	if a := ru.action(s.name()); a != nil && a.ended() {
		return true // it does nothing, so it need not wait
	}
	if s.Await != "" {
		if a := ru.action(s.Await); a == nil || !a.ended() {
			return false
		}
	}
	if !s.Manual {
		return true
	}
	if ru.credits == 0 {
		return false
	}
	ru.credits--
	return true
}

func (s *Step) name() string {
	if s.Action == "" {
		return rootAction
	}
	return s.Action
}

// apply makes s happen.
func (r *runs) apply(ru *run, s *Step) {
	now := r.b.cfg.Now()
	var spec *taskpb.TaskSpec
	if s.New != nil && s.New.Task != nil {
		spec, _ = r.b.taskSpec(s.New.Task)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	a, did := ru.action(s.name()), noChange
	if a == nil {
		a, did = ru.startChild(s, spec, now), creation
		a.inputs, a.outputs = r.blobs.uri(ru, s.name(), "inputs.pb"), r.blobs.uri(ru, s.name(), "outputs.pb")
	} else if a.ended() {
		return
	}
	if s.NewAttempt {
		a.retry(s.Error, now)
		did = max(did, statusChange)
	}
	did = max(did, r.applyData(a, s, now))
	did = max(did, a.enterAttempt(s.Attempt, now), a.enter(s.Phase, now))
	if p := s.Phase; p == commonpb.ActionPhase_ACTION_PHASE_FAILED || p == commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT {
		a.fail(s.Error)
	}
	r.touch(a, did, now)
}

// applyData applies the parts of s other than phases.
func (r *runs) applyData(a *action, s *Step, now time.Time) (did change) {
	if len(s.Logs) > 0 {
		if a.openLogs(now) {
			did = detailChange
		}
		own, _ := a.last()
		for _, line := range s.Logs {
			own.logs = append(own.logs, logLine(a, line, now))
		}
	}
	_, at := a.last()
	for _, e := range s.ClusterEvents {
		e = proto.CloneOf(e)
		if e.GetOccurredAt() == nil {
			e.OccurredAt = timestamppb.New(now)
		}
		at.ClusterEvents = append(at.ClusterEvents, e)
		did = detailChange
	}
	if s.Outputs != nil {
		r.blobs.putMessage(a.outputs, s.Outputs)
	}
	if len(s.Report) > 0 {
		at.Outputs.ReportUri = r.blobs.uri(a.run, s.name(), podName(a, at.GetAttempt()), "report.html")
		r.blobs.put(at.GetOutputs().GetReportUri(), s.Report)
		did = detailChange
	}
	return did
}

func logLine(a *action, text string, now time.Time) *dataplanepb.LogLine {
	_, at := a.last()
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return &dataplanepb.LogLine{
		Timestamp: timestamppb.New(now), Message: text, Originator: dataplanepb.LogLineOriginator_USER,
		ShortPodName: podName(a, at.GetAttempt()),
	}
}

// startChild adds the action of s.
func (ru *run) startChild(s *Step, spec *taskpb.TaskSpec, now time.Time) *action {
	what := s.New
	if what == nil {
		what = &NewAction{}
	}
	parent := ru.action(what.Parent)
	if parent == nil {
		parent = ru.root()
	}
	phase := commonpb.ActionPhase_ACTION_PHASE_QUEUED
	if what.Condition != nil {
		phase = commonpb.ActionPhase_ACTION_PHASE_PAUSED
	}
	a := ru.newAction(s.name(), parent, phase, now)
	meta := a.details.GetMetadata()
	meta.Group, meta.Source = what.Group, ru.root().details.GetMetadata().GetSource()
	meta.ExecutedBy = proto.CloneOf(ru.root().details.GetMetadata().GetExecutedBy())
	if c := what.Condition; c != nil {
		meta.ActionType = workflowpb.ActionType_ACTION_TYPE_CONDITION
		meta.Spec = &workflowpb.ActionMetadata_Condition{
			Condition: &workflowpb.ConditionActionMetadata{Name: c.GetName(), Type: proto.CloneOf(c.GetType())},
		}
		a.details.Spec = &workflowpb.ActionDetails_Condition{Condition: proto.CloneOf(c)}
		return a
	}
	meta.Spec = &workflowpb.ActionMetadata_Task{Task: taskMetadata(what.Task, spec)}
	if spec != nil {
		a.details.Spec = &workflowpb.ActionDetails_Task{Task: spec}
	}
	return a
}
