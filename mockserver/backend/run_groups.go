package backend

import (
	"cmp"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// recentRuns is the number of latest runs that a group lists.
const recentRuns = 10

// group sums up the runs of one task. Other fields of its message than those that it sets
// are empty in real backends too.
type group struct {
	message *workflowpb.TaskGroup
	phases  map[commonpb.ActionPhase]*workflowpb.TaskGroup_PhaseCounts
}

// groupRuns groups root actions, newest first, by the names of their tasks; an inline task
// without a name has that of the action. The groups come in the order of their newest
// runs: real backends send them in any order.
func groupRuns(roots []*action) []*workflowpb.TaskGroup {
	byTask := map[string]*group{}
	var out []*workflowpb.TaskGroup
	for _, a := range roots {
		name := cmp.Or(a.details.GetMetadata().GetTask().GetId().GetName(), a.details.GetId().GetName())
		g := byTask[name]
		if g == nil {
			g = &group{
				message: &workflowpb.TaskGroup{TaskName: name, LatestRunTime: timestamppb.New(a.created)},
				phases:  map[commonpb.ActionPhase]*workflowpb.TaskGroup_PhaseCounts{},
			}
			byTask[name] = g
			out = append(out, g.message)
		}
		g.add(a)
	}
	return out
}

func (g *group) add(a *action) {
	m := g.message
	m.TotalRuns++
	if len(m.GetRecentStatuses()) < recentRuns {
		m.RecentStatuses = append(m.RecentStatuses, &workflowpb.TaskGroup_RecentStatus{RunName: a.run.key.name, Phase: a.phase()})
	}
	count := g.phases[a.phase()]
	if count == nil {
		count = &workflowpb.TaskGroup_PhaseCounts{Phase: a.phase()}
		g.phases[a.phase()] = count
		m.PhaseCounts = append(m.PhaseCounts, count)
	}
	count.Count++
	failed := g.phases[commonpb.ActionPhase_ACTION_PHASE_FAILED].GetCount()
	m.AverageFailureRate = float64(failed) / float64(m.GetTotalRuns())
}
