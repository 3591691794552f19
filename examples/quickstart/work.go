package main

import (
	"context"
	"fmt"
	"strings"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/values"
)

func listProjects(ctx context.Context, t *tour) (string, error) {
	answer, err := t.cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
	if err != nil {
		return "", err
	}
	var names []string
	for _, p := range answer.GetProjects().GetProjects() {
		names = append(names, p.GetId())
	}
	return strings.Join(names, ", "), nil
}

func pickCluster(ctx context.Context, t *tour) (string, error) {
	answer, err := t.cs.Cluster().SelectCluster(ctx, &clusterpb.SelectClusterRequest{
		Resource:  &clusterpb.SelectClusterRequest_ProjectId{ProjectId: t.project},
		Operation: clusterpb.SelectClusterRequest_OPERATION_CREATE_UPLOAD_LOCATION,
	})
	if err != nil {
		return "", err
	}
	return "uploads go to " + answer.GetClusterEndpoint(), nil
}

func (t *tour) task() *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{Project: t.project.GetName(), Domain: t.project.GetDomain(), Name: taskName, Version: "v1"}
}

func deployTask(ctx context.Context, t *tour) (string, error) {
	_, err := t.cs.Task().DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: t.task(), Spec: greet()})
	if err != nil {
		return "", err
	}
	deployed, err := t.cs.Task().GetTaskDetails(ctx, &taskpb.GetTaskDetailsRequest{TaskId: t.task()})
	if err != nil {
		return "", err
	}
	id := deployed.GetDetails().GetTaskId()
	return fmt.Sprintf("%s, version %s", id.GetName(), id.GetVersion()), nil
}

// createRun starts a run of the task, whose interface says what the inputs must be.
func createRun(ctx context.Context, t *tour) (string, error) {
	task, err := t.cs.Task().GetTaskDetails(ctx, &taskpb.GetTaskDetailsRequest{TaskId: t.task()})
	if err != nil {
		return "", err
	}
	inputs, err := values.Inputs(map[string]any{"name": "ada"}, values.ForTask(task.GetDetails().GetSpec()))
	if err != nil {
		return "", err
	}
	answer, err := t.cs.Run().CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: t.project},
		Task: &workflowpb.CreateRunRequest_TaskId{TaskId: t.task()},

		InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: inputs},
	})
	if err != nil {
		return "", err
	}
	t.action = answer.GetRun().GetAction().GetId()
	return "run " + t.action.GetRun().GetName() + ", for ada", nil
}

func storeSecret(ctx context.Context, t *tour) (string, error) {
	id := &secretpb.SecretIdentifier{Name: "db-password", Project: t.project.GetName(), Domain: t.project.GetDomain()}
	_, err := t.cs.Secret().CreateSecret(ctx, &secretpb.CreateSecretRequest{
		Id: id, SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "open sesame"}},
	})
	if err != nil {
		return "", err
	}
	stored, err := t.cs.Secret().GetSecret(ctx, &secretpb.GetSecretRequest{Id: id})
	if err != nil {
		return "", err
	}
	return stored.GetSecret().GetId().GetName() + " is stored; tasks can read it, callers cannot", nil
}
