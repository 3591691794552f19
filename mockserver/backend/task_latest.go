package backend

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func nameOf(id *taskpb.TaskIdentifier) taskName {
	return taskName{id.GetProject(), id.GetDomain(), id.GetName()}
}

func versionOf(id *taskpb.TaskIdentifier) string { return id.GetVersion() }

// latestRuns finds the newest run of each task, told apart by key; tasks whose
// keep is false are left out. A run is one of every task that it has an action
// of, not of its root's only: that is why the summary names the root's. The phase
// is the run's. It takes r.mu.
func latestRuns[K comparable](
	r *runs, keep func(taskName) bool, key func(*taskpb.TaskIdentifier) K,
) map[K]*taskpb.LatestRunSummary {
	r.mu.Lock()
	defer r.mu.Unlock()
	latest := map[K]*run{}
	for _, ru := range r.order { // oldest first
		for _, a := range ru.actions {
			if id := a.details.GetMetadata().GetTask().GetId(); id != nil && keep(nameOf(id)) {
				latest[key(id)] = ru
			}
		}
	}
	out := make(map[K]*taskpb.LatestRunSummary, len(latest))
	for k, ru := range latest {
		out[k] = &taskpb.LatestRunSummary{
			RunId: ru.key.id(), RunTime: timestamppb.New(ru.created), Phase: ru.root().phase(), RootTaskName: ru.task.GetName(),
		}
	}
	return out
}
