package backend

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// Timeline is what happens in a run after its creation, at which it is QUEUED. Steps
// happen one after another, and the run stays in the phase of the last one. With the zero
// Timeline it stays QUEUED.
type Timeline struct {
	// Steps are the steps, in the order in which they happen.
	Steps []Step
}

// Step is one step of a Timeline. First it waits (After, then Manual, then Await); then
// everything else in it happens at once, except that the action's status follows its
// attempt: see [Backend.SetStatusLag]. A step for an action that is finished, for example
// aborted, does nothing.
type Step struct {
	// After is the time since the previous step, in real time.
	After time.Duration
	// Manual makes the step wait for [Backend.Advance].
	Manual bool
	// Await makes the step wait until the action with this name is finished.
	Await string

	// Action is the name of the step's action; empty means the root, "a0". A name that
	// the run does not have creates an action.
	Action string
	// New describes a new action; nil means a task under the root.
	New *NewAction

	// NewAttempt ends the current attempt as failed, with Error if there is one, and
	// later, as the status follows, starts the next, QUEUED unless Phase is set.
	NewAttempt bool
	// Phase is the phase that the action and its current attempt enter; unspecified
	// changes neither.
	Phase commonpb.ActionPhase
	// Attempt is the phase that only the current attempt enters, for a status that follows
	// later than usual or never.
	Attempt commonpb.ActionPhase
	// Logs are lines that the container writes; newlines at their ends are cut. They make
	// the logs available, as RUNNING does.
	Logs []string
	// Outputs are the action's outputs, readable once it has SUCCEEDED.
	Outputs *taskpb.Outputs
	// Error is why the action FAILED or TIMED_OUT; nil means a general text.
	Error *workflowpb.ErrorInfo
	// Report is the HTML page that CreateDownloadLink serves for the attempt.
	Report []byte
	// ClusterEvents happen to the attempt; a missing time becomes now.
	ClusterEvents []*workflowpb.ClusterEvent
}

// NewAction describes a new action of a run. The zero value is a task under the root
// action, in no group.
type NewAction struct {
	// Parent is the name of the action that starts it; empty or unknown means the root.
	Parent string
	// Group is the name of the group in which consoles show it.
	Group string
	// Task is the task it runs; may be nil. Details show its spec if it is deployed.
	Task *taskpb.TaskIdentifier
	// Condition makes it a condition: it waits, PAUSED, until a call of SignalEvent.
	Condition *workflowpb.ConditionAction
}

// DefaultTimeline returns the timeline of runs without one by [Backend.SetTimeline]: all
// usual phases up to SUCCEEDED in about a tenth of a second, with three log lines, a
// cluster event and a report.
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

// defaultStatusLag is how long a status follows its attempt unless [Backend.SetStatusLag]
// says otherwise.
const defaultStatusLag = 10 * time.Millisecond

// SetStatusLag sets how much later than its last attempt an action's status changes, from
// now on; the default is 10 ms. A real backend records the attempt first, so that a watch
// of the details, which ends with the last attempt, mostly ends before the status is final,
// and between a failed attempt and the next one. Zero changes both at once, for tests that
// do not want to see that.
func (b *Backend) SetStatusLag(d time.Duration) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	b.runs.lag = d
}

// SetTimeline sets the timeline of future runs of the task with this name, in any project;
// with the empty name, of every task that has no timeline of its own. Existing runs keep
// theirs. It copies t.
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

// Advance lets each of the named runs pass one Manual step, the one it waits at or the
// next one; without names, every run. It returns the number of those runs. Runs with the
// same name in several projects all advance.
func (b *Backend) Advance(runNames ...string) int {
	r := b.runs
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	advance := func(of map[string]string) {
		set, _ := r.table.with(of)
		for a := range set.from(0) {
			a.run.credits++
			r.keep(a)
			a.run.changed.fire()
			n++
		}
	}
	if len(runNames) == 0 {
		advance(nil)
	}
	for i, name := range runNames {
		if !slices.Contains(runNames[:i], name) {
			advance(map[string]string{"run_name": name})
		}
	}
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
