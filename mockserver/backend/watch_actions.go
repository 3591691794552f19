package backend

import (
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
	filter, err := parseActionFilter(req.GetFilter())
	if err != nil {
		return err
	}
	key := keyOf(req.GetRunId())
	first, since := true, uint64(0)
	sent := map[*action]bool{} // whether its last message said that it matches the filter
	return watch(s.runs, stream, func() (out []*workflowpb.WatchActionsResponse, done bool) {
		ru := s.byKey[key]
		if ru == nil {
			return nil, false
		}
		due := ru.dueActions(since, first, filter, sent)
		first, since = false, s.version
		for page := range slices.Chunk(due, actionsPage) {
			out = append(out, &workflowpb.WatchActionsResponse{EnrichedActions: page})
		}
		return out, false
	})
}

// dueActions returns what a watch has to send that has sent everything up to since.
// Without a filter that is every action that changed, and its ancestors for their counts.
// With a filter it is those of them that match or have a matching descendant, and those
// that no longer do but did when last sent.
func (ru *run) dueActions(since uint64, all bool, meets func(*action) bool, sent map[*action]bool) []*workflowpb.EnrichedAction {
	visible, due := map[*action]bool{}, map[*action]bool{}
	for _, a := range ru.actions {
		changed := all || a.bornVersion > since || a.statusVersion > since
		if changed {
			due[a] = true
			if a.parent != nil {
				due[a.parent] = true
			}
		}
		if meets(a) {
			for up := a; up != nil && !visible[up]; up = up.parent {
				visible[up] = true
			}
		}
	}
	counts := ru.childCounts()
	var out []*workflowpb.EnrichedAction
	for _, a := range ru.actions {
		if !visible[a] && !sent[a] || visible[a] == sent[a] && !due[a] {
			continue
		}
		sent[a] = visible[a]
		out = append(out, &workflowpb.EnrichedAction{
			Action: a.message(), MeetsFilter: visible[a], ChildrenPhaseCounts: counts[a],
		})
	}
	return out
}

// childCounts counts each action's direct children by phase.
func (ru *run) childCounts() map[*action]map[int32]int32 {
	counts := map[*action]map[int32]int32{}
	for _, a := range ru.actions {
		if a.parent == nil {
			continue
		}
		if counts[a.parent] == nil {
			counts[a.parent] = map[int32]int32{}
		}
		counts[a.parent][int32(a.phase())]++
	}
	return counts
}
