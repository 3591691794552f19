package backend

import (
	"maps"
	"sync"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// rootAction is the name of every run's first action.
const rootAction = "a0"

// runKey identifies a run. It has no organization, since the backend ignores
// organizations.
type runKey struct{ project, domain, name string }

func keyOf(id *commonpb.RunIdentifier) runKey {
	return runKey{id.GetProject(), id.GetDomain(), id.GetName()}
}

func (k runKey) String() string { return k.project + "/" + k.domain + "/" + k.name }

func (k runKey) id() *commonpb.RunIdentifier {
	return &commonpb.RunIdentifier{Project: k.project, Domain: k.domain, Name: k.name}
}

// run is one run: its root action and all actions started from it.
type run struct {
	key     runKey
	seq     int // how many runs were made before this one
	spec    *taskpb.RunSpec
	task    *taskpb.TaskIdentifier // of an inline task: that of its template
	trigger *commonpb.TriggerName
	created time.Time
	actions []*action // in creation order, the root first
	credits int       // number of manual steps that may happen
}

func (ru *run) root() *action { return ru.actions[0] }

func (ru *run) action(name string) *action {
	for _, a := range ru.actions {
		if a.details.GetId().GetName() == name {
			return a
		}
	}
	return nil
}

// runs holds every run and its timeline. Each state change has a version, and a watch
// sends what is newer than the version it has sent: a slow watch skips states but always
// sends the latest.
type runs struct {
	b     *Backend
	blobs *blobs
	done  chan struct{} // closed by close
	wg    sync.WaitGroup

	mu        sync.Mutex // guards everything below, and every run and action
	byKey     map[runKey]*run
	order     []*run
	timelines map[string]Timeline

	version uint64
	changed chan struct{} // closed and replaced whenever anything changes

	drop         int  // number of updates to drop
	endCleanly   bool // watches end with OK at their deadline
	withoutLogs  bool // RunLogsService is off
	closed       bool
	fallbackPlan Timeline
}

func newRuns(b *Backend) *runs {
	return &runs{
		b:            b,
		blobs:        newBlobs(b),
		done:         make(chan struct{}),
		byKey:        map[runKey]*run{},
		timelines:    map[string]Timeline{},
		changed:      make(chan struct{}),
		fallbackPlan: DefaultTimeline(),
	}
}

// close ends every watch and waits until every timeline has stopped.
func (r *runs) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.done)
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// wake makes every watch look for changes. The caller holds r.mu.
func (r *runs) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// touch gives a's change a version, so that watches send it, unless the script drops
// this update. The caller holds r.mu.
func (r *runs) touch(a *action, c change, now time.Time) {
	a.updated = now
	defer r.wake()
	if c == noChange {
		return
	}
	if r.drop > 0 && c != creation {
		r.drop--
		return
	}
	r.version++
	a.anyVersion = r.version
	if c == creation {
		a.bornVersion = r.version
	}
	if c == statusChange {
		a.statusVersion = r.version
	}
}

// find returns the action that id names, or nil. The caller holds r.mu.
func (r *runs) find(id *commonpb.ActionIdentifier) *action {
	ru := r.byKey[keyOf(id.GetRun())]
	if ru == nil {
		return nil
	}
	return ru.action(id.GetName())
}

// runMessage returns the run as lists and watches send it. The caller holds r.mu.
func (ru *run) message() *workflowpb.Run {
	return &workflowpb.Run{Action: ru.root().message(), Labels: ru.labels()}
}

func (ru *run) labels() map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, ru.spec.GetLabels().GetValues())
	return labels
}
