package backend

import (
	"cmp"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// plan returns the timeline for a new run of the named task. The caller holds r.mu.
func (r *runs) plan(key runKey, taskName string) Timeline {
	if t, ok := r.planned[key]; ok {
		return t
	}
	if t, ok := r.timelines[taskName]; ok && taskName != "" {
		return t
	}
	return r.fallbackPlan
}

// place is where a run is in its timeline: before a step, or in the middle of it.
type place struct {
	step int
	part stepPart
}

// stepPart is the part of a step that has happened already.
type stepPart int

const (
	noPart       stepPart = iota
	attemptEnded          // of a NewAttempt; its status has not followed
	phaseEntered          // by the attempt, with all data; its status has not followed
)

// goOn plays the remaining steps of ru's timeline, if there are any. The caller holds r.mu.
func (r *runs) goOn(ru *run) {
	if ru.at.step < len(ru.steps) && !r.closed {
		r.wg.Add(1)
		go r.play(ru, ru.at)
	}
}

// play runs the steps of ru from one place until the last step, or until the backend closes
// or the run is undone. The time before a step that has begun is over.
func (r *runs) play(ru *run, from place) {
	defer r.wg.Done()
	var waited time.Duration // for the previous step's status, which is part of After
	for i := from.step; i < len(ru.steps); i++ {
		s := &ru.steps[i]
		if (i > from.step || from.part == noPart) && !r.waitFor(ru, s, waited) || !r.writable() {
			return
		}
		var open bool
		if waited, open = r.apply(ru, s); !open {
			return
		}
	}
}

// writable waits until changes can be kept; false means that the backend was closed.
func (r *runs) writable() bool {
	select {
	case <-r.keeper.Ready():
		return true
	case <-r.done:
		return false
	}
}

// sleep waits; false means that the backend was closed.
func (r *runs) sleep(d time.Duration) bool {
	timer := time.NewTimer(max(0, d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.done:
		return false
	}
}

// waitFor waits as s requires; false means that the backend was closed or the run is gone.
func (r *runs) waitFor(ru *run, s *Step, waited time.Duration) bool {
	if !r.sleep(s.After - waited) {
		return false
	}
	for {
		r.mu.Lock()
		r.visits++
		gone, ready, changed := ru.gone, !ru.gone && r.ready(ru, s), ru.changed.wait()
		r.mu.Unlock()
		if gone || ready {
			return ready
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
	if a := ru.byName[s.name()]; a != nil && a.ended() {
		return true // it does nothing, so it need not wait
	}
	if s.Await != "" {
		if a := ru.byName[s.Await]; a == nil || !a.ended() {
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

// apply makes the remaining parts of s happen, and returns how long it has waited for the
// status to follow; false if the backend was closed or the run is gone.
func (r *runs) apply(ru *run, s *Step) (waited time.Duration, open bool) {
	now := r.b.cfg.Now()
	var spec *taskpb.TaskSpec
	if s.New != nil && s.New.Task != nil {
		spec, _ = r.b.taskSpec(s.New.Task)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if ru.gone {
		return 0, false
	}
	lag := r.lag
	a, did := r.actor(ru, s, spec, now)
	if a == nil {
		ru.stepDone()
		r.keep(ru.root())
		return 0, true
	}
	// follow shows what has changed so far, and lets time pass before the rest; false if the
	// rest must not happen.
	follow := func(part stepPart) bool {
		if lag <= 0 {
			return true
		}
		ru.at.part = part
		r.touch(a, did, now)
		did = noChange
		r.mu.Unlock()
		open = r.sleep(lag)
		r.mu.Lock()
		waited += lag
		if open = open && !ru.gone; open && a.ended() {
			ru.stepDone()
			r.keep(a)
			return false
		}
		return open
	}
	open = true
	if s.NewAttempt && ru.at.part < phaseEntered {
		a.failAttempt(s.Error, now)
		did = max(did, detailChange)
		if ru.at.part < attemptEnded && !follow(attemptEnded) {
			return waited, open
		}
		a.openAttempt(now)
		a.details.Status.Phase = commonpb.ActionPhase_ACTION_PHASE_QUEUED
		a.details.Status.Attempts++
		did = statusChange
	}
	if ru.at.part < phaseEntered {
		did = max(did, r.applyData(a, s, now), a.enterAttempt(s.Attempt, now))
		if moved := a.enterAttempt(s.Phase, now); moved != noChange {
			did = max(did, moved)
			if failure(s.Phase) {
				_, at := a.last()
				at.ErrorInfo = errorInfo(s.Error)
			}
			if !follow(phaseEntered) {
				return waited, open
			}
		}
	}
	did = max(did, a.enter(s.Phase, now))
	if failure(s.Phase) {
		a.details.Result = &workflowpb.ActionDetails_ErrorInfo{ErrorInfo: errorInfo(s.Error)}
	}
	ru.stepDone()
	r.touch(a, did, now)
	return waited, true
}

// stepDone moves the run to its next step.
func (ru *run) stepDone() { ru.at = place{step: ru.at.step + 1} }

// actor returns the action of s, which it creates if it is new; nil if the action has
// ended.
func (r *runs) actor(ru *run, s *Step, spec *taskpb.TaskSpec, now time.Time) (*action, change) {
	a := ru.byName[s.name()]
	switch {
	case a == nil:
		a = ru.startChild(s, spec, now)
		a.inputs, a.outputs = r.blobs.uri(ru, s.name(), "inputs.pb"), r.blobs.uri(ru, s.name(), "outputs.pb")
		r.list(a)
		return a, creation
	case a.ended():
		return nil, noChange
	default:
		return a, noChange
	}
}

// applyData applies the parts of s other than phases.
func (r *runs) applyData(a *action, s *Step, now time.Time) (did change) {
	if len(s.Logs) > 0 {
		if a.openLogs(now) {
			did = detailChange
		}
		own, _ := a.last()
		first := len(own.logs)
		for _, line := range s.Logs {
			own.logs = append(own.logs, logLine(line, now))
		}
		r.due = append(r.due, a.logChange(first))
	}
	for _, e := range s.ClusterEvents {
		_, at := a.current()
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
		_, at := a.current()
		attemptOutputs(at).ReportUri = r.blobs.uri(a.run, s.name(), podName(a, at.GetAttempt()), "report.html")
		r.blobs.put(at.GetOutputs().GetReportUri(), s.Report)
		did = detailChange
	}
	return did
}

func logLine(text string, now time.Time) *dataplanepb.LogLine {
	return &dataplanepb.LogLine{
		Timestamp: timestamppb.New(now), Message: strings.TrimRight(text, "\n"), Originator: dataplanepb.LogLineOriginator_USER,
	}
}

// startChild adds the action of s.
func (ru *run) startChild(s *Step, spec *taskpb.TaskSpec, now time.Time) *action {
	what := s.New
	if what == nil {
		what = &NewAction{}
	}
	parent := ru.byName[what.Parent]
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
		meta.FuntionName = cmp.Or(c.GetName(), s.name())
		meta.Spec = &workflowpb.ActionMetadata_Condition{
			Condition: &workflowpb.ConditionActionMetadata{Name: c.GetName(), Type: proto.CloneOf(c.GetType())},
		}
		a.details.Spec = &workflowpb.ActionDetails_Condition{Condition: proto.CloneOf(c)}
		return a
	}
	meta.Spec = &workflowpb.ActionMetadata_Task{Task: taskMetadata(what.Task, spec)}
	meta.FuntionName = what.Task.GetName()
	if spec != nil {
		a.details.Spec = &workflowpb.ActionDetails_Task{Task: spec}
	}
	return a
}
