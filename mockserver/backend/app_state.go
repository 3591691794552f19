package backend

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// appKey identifies an app. It has no organization, since the backend ignores
// organizations.
type appKey struct{ project, domain, name string }

func appKeyOf(id *apppb.Identifier) appKey {
	return appKey{id.GetProject(), id.GetDomain(), id.GetName()}
}

func (k appKey) compare(o appKey) int {
	return cmp.Or(strings.Compare(k.project, o.project), strings.Compare(k.domain, o.domain), strings.Compare(k.name, o.name))
}

func (k appKey) String() string { return k.project + "/" + k.domain + "/" + k.name }

// app is one app. Its messages are made anew for each answer, so that nothing in it is
// shared with a stream.
type app struct {
	key      appKey
	org      string
	meta     *apppb.Meta // labels and the like, which hosted servers keep; nil otherwise
	spec     *apppb.Spec // as last deployed
	revision uint64      // of a hosted server
	created  time.Time

	stopped    bool
	stoppedAt  time.Time
	conditions []*apppb.Condition // while it is not stopped
	replicas   []*appReplica      // in the order of their start
	deployed   int                // how often; part of the names of replicas
	seq        int                // replicas so far

	round   int    // a timeline of an earlier round has ended
	credits int    // number of manual steps that may happen
	changed signal // a line, a replica or a credit is new, or the round is

	cluster  string // that has it or had it last, of a server with operators
	leasedAt time.Time
	lease    time.Time     // its end
	reported *apppb.Status // by that cluster
}

// apps holds every app, its timeline, and the streams that show them.
type apps struct {
	b    *Backend
	done chan struct{} // closed by close
	wg   sync.WaitGroup

	mu        sync.Mutex // guards everything below, and every app
	cfg       AppConfig
	byKey     map[appKey]*app
	watches   map[*appWatch]bool
	timelines map[string]AppTimeline
	fallback  AppTimeline
	tails     int // open streams of logs
	closed    bool
}

func newApps(b *Backend) *apps {
	return &apps{
		b: b, done: make(chan struct{}), cfg: AppConfig{Off: b.cfg.CurrentOnly}.withDefaults(),
		byKey: map[appKey]*app{}, watches: map[*appWatch]bool{}, timelines: map[string]AppTimeline{},
		fallback: DefaultAppTimeline(),
	}
}

// close ends every stream and waits until every timeline has stopped.
func (s *apps) close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// sorted returns the apps in the order of listings. The caller holds s.mu.
func (s *apps) sorted() []*app {
	return slices.SortedFunc(maps.Values(s.byKey), func(a, b *app) int { return a.key.compare(b.key) })
}

// remove takes an app out, and tells those who watch it. The caller holds s.mu.
func (s *apps) remove(a *app) {
	gone := s.message(a)
	a.endReplicas(true)
	a.nextRound()
	delete(s.byKey, a.key)
	s.tell(a, &apppb.WatchResponse{Event: &apppb.WatchResponse_DeleteEvent{DeleteEvent: &apppb.DeleteEvent{App: gone}}})
}

// stop ends an app that runs. The caller holds s.mu.
func (s *apps) stop(a *app) {
	if a.stopped {
		return
	}
	a.stopped, a.stoppedAt = true, s.b.cfg.Now()
	a.endReplicas(true)
	a.nextRound()
	s.tellUpdated(a)
}

// nextRound ends the timeline that plays.
func (a *app) nextRound() {
	a.round++
	a.credits = 0
	a.changed.fire()
}
