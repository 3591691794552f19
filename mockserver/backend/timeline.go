package backend

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// Timeline is what happens in a run after it was created, which leaves it
// QUEUED. Steps happen one after another. A run stays in the last phase that
// its timeline gave it; the zero Timeline leaves it QUEUED for ever.
type Timeline struct {
	Steps []Step
}

// Step is one moment of a Timeline. First it waits (After, then Manual, then
// Await); then everything else in it happens at once, and watches see it as one
// change. A step for an action that has ended, as after an abort, does nothing.
type Step struct {
	// After is how long after the previous step, in real time.
	After time.Duration
	// Manual makes the step wait for [Backend.Advance].
	Manual bool
	// Await makes the step wait until the action of this name has ended.
	Await string

	// Action names the action that the step is about; empty means the root, "a0".
	// A name that the run does not have yet becomes a new action.
	Action string
	// New says what a new action is; nil means a task under the root.
	New *NewAction

	// NewAttempt ends the attempt under way as failed, with Error if there is
	// one, and opens the next, QUEUED unless Phase says otherwise.
	NewAttempt bool
	// Phase is the phase that the action enters, and with it the attempt under way;
	// unspecified leaves it as it is.
	Phase commonpb.ActionPhase
	// Attempt is the phase that only the attempt under way enters: a real backend
	// records that first, and the action's status in a later step. A watch of the
	// details ends as soon as the last attempt has, whatever the status is.
	Attempt commonpb.ActionPhase
	// Logs are lines that the container writes, newline added where missing. They
	// make the logs available, as RUNNING does.
	Logs []string
	// Outputs are what the action leaves; readable once it has SUCCEEDED.
	Outputs *taskpb.Outputs
	// Error is why the action FAILED or TIMED_OUT; nil means a general text.
	Error *workflowpb.ErrorInfo
	// Report is the HTML page that CreateDownloadLink serves for the attempt.
	Report []byte
	// ClusterEvents happen to the attempt; a missing time becomes now.
	ClusterEvents []*workflowpb.ClusterEvent
}

// NewAction says what a new action of a run is. The zero value is a task under
// the root action, in no group.
type NewAction struct {
	// Parent names the action that starts it; empty or unknown means the root.
	Parent string
	// Group is the name under which consoles fold it together with others.
	Group string
	// Task is the task it runs; may be nil. Its spec is shown if it is deployed.
	Task *taskpb.TaskIdentifier
	// Condition makes it a condition: it waits, PAUSED, until SignalEvent.
	Condition *workflowpb.ConditionAction
}

// DefaultTimeline is what runs do unless [Backend.SetTimeline] says otherwise:
// through every usual phase to SUCCEEDED in about a tenth of a second, with three
// log lines, a cluster event and a report.
func DefaultTimeline() Timeline {
	const beat = 20 * time.Millisecond
	return Timeline{Steps: []Step{
		{After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_WAITING_FOR_RESOURCES},
		{After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_INITIALIZING, ClusterEvents: []*workflowpb.ClusterEvent{{
			Type: workflowpb.ClusterEvent_TYPE_NORMAL, Reason: "Pulled", Message: "Container image is present",
			SourceComponent: "kubelet", Count: 1,
		}}},
		{After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"task started"}},
		{After: beat, Logs: []string{"task is working"}},
		{
			After: beat, Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED,
			Logs: []string{"task finished"}, Report: []byte("<html><body>task finished</body></html>\n"),
		},
	}}
}

// SetTimeline says what runs of the task with this name, in any project, will
// do; with the empty name, runs of every task that has no timeline of its own.
// Runs that exist already keep theirs. It keeps no part of t.
func (b *Backend) SetTimeline(taskName string, t Timeline) {
	t = t.clone()
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	if taskName == "" {
		b.runs.fallbackPlan = t
		return
	}
	b.runs.timelines[taskName] = t
}

// Advance lets each of the named runs pass one Manual step, the one it waits at
// or the next it comes to; without names, every run. It returns how many runs
// that were. Runs of one name in several projects all advance.
func (b *Backend) Advance(runNames ...string) int {
	r := b.runs
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, ru := range r.order {
		if len(runNames) > 0 && !slices.Contains(runNames, ru.key.name) {
			continue
		}
		ru.credits++
		n++
	}
	r.wake()
	return n
}

func (t Timeline) clone() Timeline {
	steps := make([]Step, len(t.Steps))
	for i, s := range t.Steps {
		s.Logs = append([]string(nil), s.Logs...)
		s.Outputs = proto.CloneOf(s.Outputs)
		s.Error = proto.CloneOf(s.Error)
		s.Report = append([]byte(nil), s.Report...)
		events := make([]*workflowpb.ClusterEvent, 0, len(s.ClusterEvents))
		for _, e := range s.ClusterEvents {
			events = append(events, proto.CloneOf(e))
		}
		s.ClusterEvents = events
		if s.New != nil {
			n := *s.New
			n.Task, n.Condition = proto.CloneOf(n.Task), proto.CloneOf(n.Condition)
			s.New = &n
		}
		steps[i] = s
	}
	return Timeline{Steps: steps}
}
