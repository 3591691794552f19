package backend

import (
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// RunSnapshot is a run at one moment, for programs that show the backend's state.
type RunSnapshot struct {
	Project, Domain, Name string
	// Task is the name of its task; may be empty.
	Task string
	// Actions are its first actions in order of creation, the root first.
	Actions []ActionSnapshot
	// More is how many further actions it has.
	More int
}

// ActionSnapshot is an action of a [RunSnapshot].
type ActionSnapshot struct {
	Name, Parent, Group string
	Phase               commonpb.ActionPhase
	// Created is when it was created, and Ended when its last attempt ended; zero before.
	Created, Ended time.Time
	// Spans are the phases of its attempts in order of time, so far.
	Spans []PhaseSpan
	// Attempts is how many attempts have begun.
	Attempts int
	// Logs is how many lines its current attempt has written.
	Logs int
	// Error is the message of its error; empty without one.
	Error string
}

// PhaseSpan is the time that an attempt has spent in a phase.
type PhaseSpan struct {
	Attempt uint32
	Phase   commonpb.ActionPhase
	// From and To are by the backend's clock; To is zero while it lasts.
	From, To time.Time
}

// RunChanges returns a number that grows with each change of a run, also by a line of its
// log.
func (b *Backend) RunChanges() uint64 {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	return b.runs.touched
}

// Snapshot returns the latest limit runs, newest first, with actions first actions each.
func (b *Backend) Snapshot(limit, actions int) []RunSnapshot {
	r := b.runs
	r.mu.Lock()
	defer r.mu.Unlock()
	all, _ := r.newest.with(nil)
	out := make([]RunSnapshot, 0, max(0, min(limit, all.len())))
	for a := range all.from(0) {
		if len(out) >= limit {
			break
		}
		out = append(out, a.run.snapshot(actions))
	}
	return out
}

// RunSnapshot returns one run with its first actions; false if there is none of that name.
func (b *Backend) RunSnapshot(project, domain, name string, actions int) (RunSnapshot, bool) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	ru := b.runs.byKey[runKey{project, domain, name}]
	if ru == nil {
		return RunSnapshot{}, false
	}
	return ru.snapshot(actions), true
}

// snapshot needs r.mu held.
func (ru *run) snapshot(actions int) RunSnapshot {
	shown := ru.actions[:max(0, min(actions, len(ru.actions)))]
	out := RunSnapshot{
		Project: ru.key.project, Domain: ru.key.domain, Name: ru.key.name,
		Task: ru.root().details.GetMetadata().GetTask().GetId().GetName(),
		More: len(ru.actions) - len(shown), Actions: make([]ActionSnapshot, len(shown)),
	}
	for i, a := range shown {
		out.Actions[i] = a.snapshot()
	}
	return out
}

func (a *action) snapshot() ActionSnapshot {
	meta := a.details.GetMetadata()
	out := ActionSnapshot{
		Name: a.details.GetId().GetName(), Parent: meta.GetParent(), Group: meta.GetGroup(),
		Phase: a.phase(), Created: a.created, Attempts: len(a.attempts), Error: a.details.GetErrorInfo().GetMessage(),
	}
	for _, at := range a.details.GetAttempts() {
		for _, t := range at.GetPhaseTransitions() {
			span := PhaseSpan{Attempt: at.GetAttempt(), Phase: t.GetPhase(), From: t.GetStartTime().AsTime()}
			if t.GetEndTime() != nil {
				span.To = t.GetEndTime().AsTime()
			}
			out.Spans = append(out.Spans, span)
		}
	}
	if own, at := a.last(); own != nil {
		out.Logs = len(own.logs)
		if out.Error == "" {
			out.Error = at.GetErrorInfo().GetMessage()
		}
	}
	if a.ended() {
		out.Ended = endOf(a.details)
	}
	return out
}

// endOf returns when an action that has ended did so.
func endOf(d *workflowpb.ActionDetails) time.Time {
	if end := d.GetStatus().GetEndTime(); end != nil {
		return end.AsTime()
	}
	return time.Time{}
}

// LogLine is a line that an action's container has written.
type LogLine struct {
	Time time.Time
	Text string
}

// LogLines returns the lines of an action's current attempt from line skip on, at most the
// latest limit of them, with the number of the first one and the attempt. Without such an
// action or attempt it returns none, and attempt 0.
func (b *Backend) LogLines(project, domain, run, action string, skip, limit int) (lines []LogLine, first, attempt int) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	ru := b.runs.byKey[runKey{project, domain, run}]
	if ru == nil || ru.byName[action] == nil {
		return nil, 0, 0
	}
	a := ru.byName[action]
	own, _ := a.last()
	if own == nil {
		return nil, 0, 0
	}
	first = min(max(skip, 0, len(own.logs)-limit), len(own.logs))
	for _, line := range own.logs[first:] {
		lines = append(lines, LogLine{Time: line.GetTimestamp().AsTime(), Text: line.GetMessage()})
	}
	return lines, first, len(a.attempts)
}
