package backend

import (
	"cmp"
	"maps"
	"slices"

	"google.golang.org/grpc"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// actionsPage is the largest number of actions in one message of WatchActions.
const actionsPage = 1000

// WatchActions sends the run's actions, parents before children, then every change with
// the parents whose counts it changes, without an end. For an unknown run it sends nothing
// until the run is created.
func (s *runServer) WatchActions(
	req *workflowpb.WatchActionsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchActionsResponse],
) error {
	meets, err := parseActionFilter(req.GetFilter())
	if err != nil {
		return err
	}
	key := keyOf(req.GetRunId())
	w := newActionsWatch(meets)
	on := func() *signal {
		if ru := s.byKey[key]; ru != nil {
			return &ru.changed
		}
		return &s.changed // it may be created
	}
	return watch(s.runs, stream, on, func() (out []*workflowpb.WatchActionsResponse, done bool) {
		ru := s.byKey[key]
		if ru == nil {
			return nil, false
		}
		for page := range slices.Chunk(w.due(ru, s.version, &s.visits), actionsPage) {
			out = append(out, &workflowpb.WatchActionsResponse{EnrichedActions: page})
		}
		return out, false
	})
}

// actionsWatch is what one watch knows of a run.
type actionsWatch struct {
	meets   func(*action) bool // its filter
	since   uint64             // everything up to this version was sent
	matches map[*action]bool   // whether the filter matched when last looked at
	below   map[*action]int    // how many of an action and its descendants match
	sent    map[*action]bool   // whether its last message said that it matches the filter

	phases map[*action]int32           // as last looked at
	counts map[*action]map[int32]int32 // of the direct children; those that fall to zero stay
}

func newActionsWatch(meets func(*action) bool) *actionsWatch {
	return &actionsWatch{
		meets: meets, matches: map[*action]bool{}, below: map[*action]int{}, sent: map[*action]bool{},
		phases: map[*action]int32{}, counts: map[*action]map[int32]int32{},
	}
}

// count moves a, in its parent's counts, from the phase that it had to the one that it has.
func (w *actionsWatch) count(a *action) {
	had, known := w.phases[a]
	w.phases[a] = int32(a.phase())
	if a.parent == nil {
		return
	}
	counts := w.counts[a.parent]
	if counts == nil {
		counts = map[int32]int32{}
		w.counts[a.parent] = counts
	}
	if known {
		counts[had]--
	}
	counts[int32(a.phase())]++
}

// due returns what the watch has to send. Without a filter that is every action that
// changed, and its parent for its counts. With a filter it is those of them that match or
// have a matching descendant, with their ancestors, and those that no longer do but did
// when last sent.
func (w *actionsWatch) due(ru *run, version uint64, visits *int) []*workflowpb.EnrichedAction {
	due := map[*action]bool{} // false: only if the filter now says otherwise of it
	for _, a := range ru.log.since(w.since, visits) {
		w.count(a)
		due[a] = true
		if a.parent != nil {
			due[a.parent] = true
		}
		step := 0
		if now := w.meets(a); now != w.matches[a] {
			w.matches[a], step = now, -1
			if now {
				step = 1
			}
		}
		for up := a; up != nil && step != 0; up = up.parent {
			*visits++
			w.below[up] += step
			due[up] = due[up] || false
		}
	}
	w.since = version
	var out []*workflowpb.EnrichedAction
	for _, a := range slices.SortedFunc(maps.Keys(due), func(x, y *action) int { return cmp.Compare(x.seq, y.seq) }) {
		visible := w.below[a] > 0
		if !visible && !w.sent[a] || visible == w.sent[a] && !due[a] {
			continue
		}
		w.sent[a] = visible
		out = append(out, &workflowpb.EnrichedAction{
			Action: a.watched(), MeetsFilter: visible, ChildrenPhaseCounts: maps.Clone(w.counts[a]),
		})
	}
	return out
}
