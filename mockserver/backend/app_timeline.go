package backend

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// AppTimeline is what happens to an app after it is deployed or started. Steps happen one
// after another, and the app stays in the state of the last one. With the zero
// AppTimeline it has no state.
type AppTimeline struct {
	// Steps are the steps, in the order in which they happen.
	Steps []AppStep
}

// AppStep is one step of an AppTimeline. First it waits (After, then Manual); then
// everything else in it happens at once, which those who watch the app see as one update.
// A step of an app that has been stopped, deleted or deployed again does not happen.
type AppStep struct {
	// After is the time since the previous step, in real time.
	After time.Duration
	// Manual makes the step wait for [Backend.AdvanceApps].
	Manual bool

	// State is the state that the app enters; unspecified changes nothing.
	State apppb.Status_DeploymentStatus
	// Message goes with State, such as the reason of FAILED; empty means that of a real
	// backend.
	Message string
	// Conditions replace what State makes of it: as many equal conditions as the app has
	// parts. A missing time becomes now.
	Conditions []*apppb.Condition

	// Replicas is how many replicas run from then on; 0 leaves them as they are. Those of
	// an earlier deployment go.
	Replicas int
	// End ends the replicas that run. They exist, and their logs can be read, until the app
	// is stopped, deleted or deployed again.
	End bool
	// Logs are lines that replicas write; newlines at their ends are cut.
	Logs []string
	// Replica is the one that writes Logs, counted from 1; 0 means each that runs.
	Replica int
}

// DefaultAppTimeline returns the timeline of apps without one by
// [Backend.SetAppTimeline]: PENDING and then ACTIVE within a tenth of a second, with one
// replica and its first log line.
func DefaultAppTimeline() AppTimeline {
	const beat = 30 * time.Millisecond
	return AppTimeline{Steps: []AppStep{
		{After: beat, State: apppb.Status_DEPLOYMENT_STATUS_PENDING},
		{After: beat, State: apppb.Status_DEPLOYMENT_STATUS_ACTIVE, Replicas: 1, Logs: []string{"app started"}},
	}}
}

// SetAppTimeline sets what happens to apps of this name, in any project, each time that
// they are deployed or started from now on; with the empty name, to every app that has no
// timeline of its own. It copies t.
func (b *Backend) SetAppTimeline(name string, t AppTimeline) {
	t = t.clone()
	b.apps.mu.Lock()
	defer b.apps.mu.Unlock()
	if name == "" {
		b.apps.fallback = t
		return
	}
	b.apps.timelines[name] = t
}

// AdvanceApps lets each of the named apps pass one Manual step, the one it waits at or the
// next one; without names, every app. It returns the number of those apps. Apps with the
// same name in several projects all advance.
func (b *Backend) AdvanceApps(names ...string) int {
	b.apps.mu.Lock()
	defer b.apps.mu.Unlock()
	n := 0
	for _, a := range b.apps.byKey {
		if len(names) == 0 || slices.Contains(names, a.key.name) {
			a.credits++
			a.changed.fire()
			n++
		}
	}
	return n
}

func (t AppTimeline) clone() AppTimeline {
	steps := slices.Clone(t.Steps)
	for i, step := range steps {
		steps[i].Logs = slices.Clone(step.Logs)
		steps[i].Conditions = nil
		for _, c := range step.Conditions {
			steps[i].Conditions = append(steps[i].Conditions, proto.CloneOf(c))
		}
	}
	return AppTimeline{Steps: steps}
}
