package backend

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func nameOf(id *taskpb.TaskIdentifier) taskName {
	return taskName{id.GetProject(), id.GetDomain(), id.GetName()}
}

func versionOf(id *taskpb.TaskIdentifier) string { return id.GetVersion() }

// latestRuns returns the newest run of each task for which keep is true, by key. A run
// counts for every task of its actions, not only for that of its root; therefore the
// summary names the root's task. The phase is that of the run. It takes r.mu.
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
