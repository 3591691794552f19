package follow

import (
	"hash/maphash"
	"sync"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/internal/clock"
)

// tracker knows the last state of each run that was yielded. It is safe for concurrent
// use, since a check reads it beside the stream.
type tracker struct {
	seed  maphash.Seed
	clock clock.Clock

	mu     sync.Mutex           // guards everything below
	known  map[uint64]statusKey // by the hash of a run's name
	latest time.Time            // of all times in the states, as far as they have come
	// ahead has the states that came from the last list. The stream beside it may still
	// hold earlier ones, which would take the run back.
	ahead map[uint64]statusKey
}

func newTracker(c clock.Clock) *tracker {
	return &tracker{seed: maphash.MakeSeed(), clock: c, known: map[uint64]statusKey{}}
}

// newest returns the latest time that the server has shown.
func (t *tracker) newest() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.latest
}

// beginList forgets what an earlier list was ahead of.
func (t *tracker) beginList() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ahead = map[uint64]statusKey{}
}

// listed notes a run of a list, and reports whether its state is news.
func (t *tracker) listed(r *workflowpb.Run) bool {
	run, status := t.keys(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.note(run, status, r) {
		return false
	}
	t.ahead[run] = status
	return true
}

// streamed notes a run of a stream, and reports whether its state is news.
func (t *tracker) streamed(r *workflowpb.Run) bool {
	run, status := t.keys(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	if ahead, ok := t.ahead[run]; ok {
		if status.earlier(ahead) {
			return false
		}
		delete(t.ahead, run)
	}
	return t.note(run, status, r)
}

// differs reports whether the state of r is not the one that was yielded, and which that
// was. A run that is new and has not left its first phase is not expected yet.
func (t *tracker) differs(r *workflowpb.Run) (have statusKey, differs bool) {
	run, status := t.keys(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	have, known := t.known[run]
	if !known {
		fresh := status.phase != commonpb.ActionPhase_ACTION_PHASE_QUEUED && newest(r.GetAction().GetStatus()).After(t.latest)
		return have, fresh
	}
	return have, have != status
}

func (t *tracker) keys(r *workflowpb.Run) (run uint64, status statusKey) {
	id := r.GetAction().GetId().GetRun()
	name := [3]string{id.GetProject(), id.GetDomain(), id.GetName()}
	return maphash.Comparable(t.seed, name), keyOfStatus(r.GetAction().GetStatus())
}

// note needs t.mu held.
func (t *tracker) note(run uint64, status statusKey, r *workflowpb.Run) bool {
	if at := newest(r.GetAction().GetStatus()); at.After(t.latest) {
		t.latest = at
		// One time that is wrong, or to come, would hide all changes before it from the lists.
		if now := t.clock.Read().Wall(); at.After(now) {
			t.latest = now
		}
	}
	if have, known := t.known[run]; known && have == status {
		return false
	}
	t.known[run] = status
	return true
}
