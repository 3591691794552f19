package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
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
	return &taskpb.TaskIdentifier{Project: t.project.GetName(), Domain: t.project.GetDomain(), Name: "hello.greet", Version: "v1"}
}

func deployTask(ctx context.Context, t *tour) (string, error) {
	_, err := t.cs.Task().DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: t.task(), Spec: &taskpb.TaskSpec{ShortName: "greet"}})
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

func createRun(ctx context.Context, t *tour) (string, error) {
	answer, err := t.cs.Run().CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: t.project},
		Task: &workflowpb.CreateRunRequest_TaskId{TaskId: t.task()},
	})
	if err != nil {
		return "", err
	}
	t.action = answer.GetRun().GetAction().GetId()
	return "run " + t.action.GetRun().GetName(), nil
}

func watchRun(ctx context.Context, t *tour) (string, error) {
	phases, err := watch(ctx, t)
	if err != nil {
		return "", err
	}
	return strings.Join(phases, " "), nil
}

// watch follows the run's root action until it has ended, and returns the phases
// that it went through.
func watch(ctx context.Context, t *tour) ([]string, error) {
	stream, err := t.cs.Run().WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: t.action})
	if err != nil {
		return nil, err
	}
	var phases []string
	last := commonpb.ActionPhase_ACTION_PHASE_UNSPECIFIED
	for {
		message, err := stream.Recv()
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return nil, err
		case last != commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED:
			return nil, fmt.Errorf("the run ended %v", last)
		default:
			return phases, nil
		}
		if phase := message.GetDetails().GetStatus().GetPhase(); phase != last {
			last = phase
			name := strings.TrimPrefix(phase.String(), "ACTION_PHASE_")
			phases = append(phases, strings.ToLower(strings.ReplaceAll(name, "_", "-")))
		}
	}
}

func tailLogs(ctx context.Context, t *tour) (string, error) {
	request := &workflowpb.TailLogsRequest{ActionId: t.action, Attempt: 1}
	stream, err := t.cs.Logs().TailLogs(ctx, request) //nolint:staticcheck // newer backends have it in DataProxyService
	if err != nil {
		return "", err
	}
	var lines []string
	for {
		message, err := stream.Recv()
		switch {
		case err == nil:
		case !errors.Is(err, io.EOF):
			return "", err
		case len(lines) == 0:
			return "", errors.New("the run wrote nothing")
		default:
			return fmt.Sprintf("%d lines, the last: %s", len(lines), lines[len(lines)-1]), nil
		}
		for _, batch := range message.GetLogs() {
			for _, line := range batch.GetLines() {
				lines = append(lines, strings.TrimSpace(line.GetMessage()))
			}
		}
	}
}

func keepSecret(ctx context.Context, t *tour) (string, error) {
	id := &secretpb.SecretIdentifier{Name: "db-password", Project: t.project.GetName(), Domain: t.project.GetDomain()}
	_, err := t.cs.Secret().CreateSecret(ctx, &secretpb.CreateSecretRequest{
		Id: id, SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "open sesame"}},
	})
	if err != nil {
		return "", err
	}
	kept, err := t.cs.Secret().GetSecret(ctx, &secretpb.GetSecretRequest{Id: id})
	if err != nil {
		return "", err
	}
	return kept.GetSecret().GetId().GetName() + " is kept; tasks can read it, callers cannot", nil
}
