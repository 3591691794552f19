package backend

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// clock returns a clock that moves on by a second at each look.
func clock() func() time.Time {
	var mu sync.Mutex
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
}

// taskID names a task in the domain development of demo.
func taskID(name, version string) *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{Org: "acme", Project: "demo", Domain: "development", Name: name, Version: version}
}

func plainSpec() *taskpb.TaskSpec {
	return &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{Type: "python"}}
}

// deploy deploys a task or fails the test.
func deploy(t *testing.T, conn grpc.ClientConnInterface, id *taskpb.TaskIdentifier, spec *taskpb.TaskSpec, triggers ...*taskpb.TaskTrigger) {
	t.Helper()
	req := &taskpb.DeployTaskRequest{TaskId: id, Spec: spec, Triggers: triggers}
	if _, err := taskpb.NewTaskServiceClient(conn).DeployTask(t.Context(), req); err != nil {
		t.Fatalf("deploy %v: %v", id, err)
	}
}

// createProjects creates projects or fails the test.
func createProjects(t *testing.T, conn grpc.ClientConnInterface, ids ...string) {
	t.Helper()
	for _, id := range ids {
		req := &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: id, Name: id}}
		if _, err := projectpb.NewProjectServiceClient(conn).CreateProject(t.Context(), req); err != nil {
			t.Fatalf("create project %s: %v", id, err)
		}
	}
}

func filter(fn commonpb.Filter_Function, field string, values ...string) *commonpb.Filter {
	return &commonpb.Filter{Function: fn, Field: field, Values: values}
}
