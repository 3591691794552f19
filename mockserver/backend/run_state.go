package backend

import (
	"maps"
	"sync"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// rootAction is the name of the action that every run starts with.
const rootAction = "a0"

// runKey names a run. The organization is no part of it: the backend never
// looks at organizations.
type runKey struct{ project, domain, name string }

func keyOf(id *commonpb.RunIdentifier) runKey {
	return runKey{id.GetProject(), id.GetDomain(), id.GetName()}
}

func (k runKey) String() string { return k.project + "/" + k.domain + "/" + k.name }

func (k runKey) id() *commonpb.RunIdentifier {
	return &commonpb.RunIdentifier{Project: k.project, Domain: k.domain, Name: k.name}
}

// run is one run: its root action and whatever that started.
type run struct {
	key     runKey
	seq     int // how many runs were made before this one
	spec    *taskpb.RunSpec
	task    *taskpb.TaskIdentifier // of an inline task: what its template says
	trigger *commonpb.TriggerName
	created time.Time
	actions []*action // in creation order, the root first
	credits int       // manual steps that may be passed
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

// runs is every run, what is scripted for them, and who watches. State changes
// carry a version, and watches look for what is newer than the version they
// have seen: a slow one skips states but never misses the latest.
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

	drop         int  // updates still to be lost
	endCleanly   bool // watches end with OK at their deadline
	withoutLogs  bool // RunLogsService is switched off
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

// close ends every watch and waits for every timeline to stop.
func (r *runs) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.done)
	}
	r.mu.Unlock()
	r.wg.Wait()
}

// wake makes every watch look again. The caller holds r.mu.
func (r *runs) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// touch gives a's change a version, so that watches see it, unless the script
// wants this update lost. The caller holds r.mu.
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

// runMessage is the run as lists and watches tell it. The caller holds r.mu.
func (ru *run) message() *workflowpb.Run {
	return &workflowpb.Run{Action: ru.root().message(), Labels: ru.labels()}
}

func (ru *run) labels() map[string]string {
	labels := map[string]string{}
	maps.Copy(labels, ru.spec.GetLabels().GetValues())
	return labels
}
