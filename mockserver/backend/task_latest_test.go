package backend

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// Listings of tasks show the newest run of any version, listings of versions that of each
// version.
func TestListingsShowTheNewestRun(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		v2 := p1Task("env.train")
		v2.Version = "v2"
		w.deploy(t, "env.eval", &taskpb.TaskSpec{})
		must(taskpb.NewTaskServiceClient(w.conn).DeployTask(t.Context(), &taskpb.DeployTaskRequest{TaskId: v2, Spec: plainSpec()}))(t)
		w.SetTimeline("env.train", Timeline{Steps: []Step{
			{Manual: true, Phase: running, Action: "a1", New: &NewAction{Task: p1Task("env.eval")}},
			{Manual: true, Phase: succeeded},
		}})
		wantLatest(t, w, nil, nil, nil, nil)

		// Given a run of the first version…
		summary := func(name string) *taskpb.LatestRunSummary {
			id := runID(name)
			id.Org = ""
			return &taskpb.LatestRunSummary{RunId: id, RunTime: timestamppb.New(time.Now()), Phase: queued, RootTaskName: "env.train"}
		}
		r1 := summary("r1")
		w.start(t, "r1")
		wantLatest(t, w, r1, nil, r1, nil)

		// …and, later, one of the second…
		time.Sleep(time.Minute)
		r2 := summary("r2")
		req := createRun("r2")
		req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: v2}
		must(w.runs.CreateRun(t.Context(), req))(t)
		wantLatest(t, w, r2, nil, r1, r2)

		// …that starts another task, which so has a run too, and its phase is the run's.
		w.Advance("r2")
		w.Advance("r2")
		time.Sleep(time.Second)
		r2.Phase = succeeded
		wantLatest(t, w, r2, r2, r1, r2)
	})
}

// wantLatest wants these newest runs of the tasks env.train and env.eval, and of
// the versions v1 and v2 of the former.
func wantLatest(t *testing.T, w *world, train, eval, v1, v2 *taskpb.LatestRunSummary) {
	t.Helper()
	c := taskpb.NewTaskServiceClient(w.conn)
	for _, task := range must(c.ListTasks(t.Context(), &taskpb.ListTasksRequest{}))(t).GetTasks() {
		want := train
		if task.GetTaskId().GetName() == "env.eval" {
			want = eval
		}
		if (task.TaskSummary != nil) != (want != nil) {
			t.Errorf("%s has the summary %v, want one only if it has a run", task.GetTaskId().GetName(), task.GetTaskSummary())
		}
		wantProto(t, task.GetTaskSummary().GetLatestRun(), want)
	}
	name := &taskpb.TaskName{Project: "p1", Domain: "development", Name: "env.train"}
	versions := must(c.ListVersions(t.Context(), &taskpb.ListVersionsRequest{TaskName: name}))(t).GetVersions()
	if len(versions) != 2 {
		t.Fatalf("versions: %v", versions)
	}
	wantProto(t, versions[0].GetLatestRun(), v2)
	wantProto(t, versions[1].GetLatestRun(), v1)
}
