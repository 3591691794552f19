package backend

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// recentRuns is the number of latest runs that a group lists.
const recentRuns = 10

// group sums up the runs of one task.
type group struct {
	message            *workflowpb.TaskGroup
	creators           map[string]bool
	phases             map[commonpb.ActionPhase]*workflowpb.TaskGroup_PhaseCounts
	finished, failed   int64
	took, untilRunning time.Duration
	started            int64
}

// groupRuns groups runs, newest first, by task name and environment. The groups
// come in the order of their newest runs.
func groupRuns(rows []*run) []*workflowpb.TaskGroup {
	byTask := map[[2]string]*group{}
	var order []*group
	for _, ru := range rows {
		meta := ru.root().details.GetMetadata()
		key := [2]string{ru.task.GetName(), meta.GetEnvironmentName()}
		g := byTask[key]
		if g == nil {
			g = newGroup(ru)
			byTask[key] = g
			order = append(order, g)
		}
		g.add(ru)
	}
	out := make([]*workflowpb.TaskGroup, 0, len(order))
	for _, g := range order {
		out = append(out, g.close())
	}
	return out
}

// newGroup returns a group of its newest run.
func newGroup(ru *run) *group {
	meta := ru.root().details.GetMetadata()
	return &group{
		message: &workflowpb.TaskGroup{
			TaskName: ru.task.GetName(), EnvironmentName: meta.GetEnvironmentName(), ShortName: meta.GetTask().GetShortName(),
			LatestRunTime: timestamppb.New(ru.created), ErrorCounts: &workflowpb.TaskGroup_ErrorCounts{},
		},
		creators: map[string]bool{},
		phases:   map[commonpb.ActionPhase]*workflowpb.TaskGroup_PhaseCounts{},
	}
}

func (g *group) add(ru *run) {
	a, m := ru.root(), g.message
	m.TotalRuns++
	if len(m.GetRecentStatuses()) < recentRuns {
		m.RecentStatuses = append(m.RecentStatuses, &workflowpb.TaskGroup_RecentStatus{RunName: ru.key.name, Phase: a.phase()})
	}
	count := g.phases[a.phase()]
	if count == nil {
		count = &workflowpb.TaskGroup_PhaseCounts{Phase: a.phase()}
		g.phases[a.phase()] = count
		m.PhaseCounts = append(m.PhaseCounts, count)
	}
	count.Count++
	if by := a.details.GetMetadata().GetExecutedBy(); by != nil && !g.creators[subject(by)] {
		g.creators[subject(by)] = true
		m.CreatedBy = append(m.CreatedBy, proto.CloneOf(by))
	}
	g.addTimes(a)
	if a.phase() == commonpb.ActionPhase_ACTION_PHASE_FAILED || a.phase() == commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT {
		g.failed++
		switch a.details.GetErrorInfo().GetKind() {
		case workflowpb.ErrorInfo_KIND_USER:
			m.ErrorCounts.UserError++
		case workflowpb.ErrorInfo_KIND_SYSTEM:
			m.ErrorCounts.SystemError++
		default:
			m.ErrorCounts.UnspecifiedError++
		}
	}
}

func (g *group) addTimes(a *action) {
	start := a.details.GetStatus().GetStartTime().AsTime()
	if a.ended() {
		g.finished++
		g.took += max(0, a.endedAt().Sub(start))
		if latest := g.message.GetLatestFinishedTime(); latest == nil || a.endedAt().After(latest.AsTime()) {
			g.message.LatestFinishedTime = timestamppb.New(a.endedAt())
		}
	}
	for _, t := range a.details.GetAttempts()[0].GetPhaseTransitions() {
		if t.GetPhase() == commonpb.ActionPhase_ACTION_PHASE_RUNNING {
			g.started++
			g.untilRunning += max(0, t.GetStartTime().AsTime().Sub(start))
			return
		}
	}
}

// close computes the averages, over those runs that have a value.
func (g *group) close() *workflowpb.TaskGroup {
	if g.finished > 0 {
		g.message.AverageFailureRate = float64(g.failed) / float64(g.finished)
		g.message.AverageDuration = durationpb.New(g.took / time.Duration(g.finished))
	}
	if g.started > 0 {
		g.message.AverageTimeToRunning = durationpb.New(g.untilRunning / time.Duration(g.started))
	}
	return g.message
}
