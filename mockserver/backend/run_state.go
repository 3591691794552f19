package backend

import (
	"sync"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/internal/kept"
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
	created time.Time
	actions []*action // in creation order, the root first
	byName  map[string]*action
	order   *ordered[*action] // the same in the order of listings
	paused  int               // how many of them are PAUSED
	log     changeLog         // of those that a watch of actions sends
	changed signal            // anything about the run
	credits int               // number of manual steps that may happen
	steps   []Step            // its timeline
	at      place             // where it is in it
	gone    bool              // undone: see [runs.restore]
}

func newRun(key runKey, seq int, now time.Time, visits *int) *run {
	return &run{
		key: key, seq: seq, created: now, byName: map[string]*action{},
		order: &ordered[*action]{compare: compareActions, visits: visits},
		log:   changeLog{links: func(a *action) *changeLink { return &a.inRun }},
	}
}

func (ru *run) root() *action { return ru.actions[0] }

// runs holds every run and its timeline. Each state change has a version, and a watch
// sends what is newer than the version it has sent: a slow watch skips states but always
// sends the latest.
type runs struct {
	b      *Backend
	blobs  *blobs
	keeper kept.Keeper
	done   chan struct{} // closed by close
	wg     sync.WaitGroup

	mu        sync.Mutex // guards everything below, and every run and action
	byKey     map[runKey]*run
	table     *table[*action] // roots, in the default order
	newest    *table[*action] // roots, by creation
	timelines map[string]Timeline
	planned   map[runKey]Timeline // of runs that AddRun is about to make
	visits    int                 // rows and actions that calls and watches have looked at

	touched uint64 // calls of touch so far
	version uint64
	log     changeLog // of roots that a watch of runs sends
	changed signal    // a run is new, or its phase has changed

	lag          time.Duration // see SetStatusLag
	drop         int           // number of updates to drop
	endCleanly   bool          // watches end with OK at their deadline
	withoutLogs  bool          // RunLogsService is off
	closed       bool
	fallbackPlan Timeline

	due    []kept.Change // that the next keep adds to its own
	undone chan struct{} // closed when runs are undone
}

func newRuns(b *Backend) *runs {
	r := &runs{
		b:            b,
		keeper:       kept.Off{},
		undone:       make(chan struct{}),
		blobs:        newBlobs(b),
		done:         make(chan struct{}),
		byKey:        map[runKey]*run{},
		timelines:    map[string]Timeline{},
		planned:      map[runKey]Timeline{},
		log:          changeLog{links: func(a *action) *changeLink { return &a.inRuns }},
		lag:          defaultStatusLag,
		fallbackPlan: DefaultTimeline(),
	}
	r.table = newRunTable(&r.visits)
	r.newest = newTable(actionColumns(), compareNewest, &r.visits, nil, []string{"project", "domain"})
	return r
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

// list puts a new action, whose metadata is complete, where listings and counts find it.
// The caller holds r.mu.
func (r *runs) list(a *action) {
	a.listed = a.phase()
	if a.parent == nil {
		a.sets = r.table.add(a)
		a.ages = r.newest.add(a)
	}
	a.run.order.add(a)
	a.sets = append(a.sets, a.run.order)
	a.count(1)
}

// relist moves an action to the place of its phase.
func (a *action) relist() {
	if a.listed == a.phase() {
		return
	}
	for _, set := range a.sets {
		set.remove(a)
	}
	a.count(-1)
	a.listed = a.phase()
	a.count(1)
	for _, set := range a.sets {
		set.add(a)
	}
}

// count adds n to the number of paused actions if a is one.
func (a *action) count(n int) {
	if a.listed == commonpb.ActionPhase_ACTION_PHASE_PAUSED {
		a.run.paused += n
	}
}

// touch gives a's change a version, so that watches send it, unless the script drops
// this update. The caller holds r.mu.
func (r *runs) touch(a *action, c change, now time.Time) {
	r.touched++
	a.updated = now
	a.relist()
	r.keep(a)
	defer a.run.changed.fire()
	if c == noChange {
		return
	}
	if r.drop > 0 && c != creation {
		r.drop--
		return
	}
	r.version++
	a.anyVersion = r.version
	if c < statusChange {
		return
	}
	a.run.log.record(a, r.version)
	if a.parent == nil {
		if c == statusChange {
			r.log.record(a, r.version)
		}
		r.changed.fire()
	}
}

// find returns the action that id names, or nil. The caller holds r.mu.
func (r *runs) find(id *commonpb.ActionIdentifier) *action {
	ru := r.byKey[keyOf(id.GetRun())]
	if ru == nil {
		return nil
	}
	return ru.byName[id.GetName()]
}

// message returns the run as lists and watches send it: without its labels, as real
// backends do. The caller holds r.mu.
func (ru *run) message() *workflowpb.Run {
	return &workflowpb.Run{Action: ru.root().message()}
}

// signal returns the signal of watches that are about ru only.
func (ru *run) signal() *signal { return &ru.changed }
