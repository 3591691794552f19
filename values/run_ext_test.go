package values_test

import (
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/values"
)

// A run takes a line for its inputs and a line for its outputs.
func TestARunWithInputsAndOutputs(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(), clientset.WithoutStore(),
		clientset.WithDialOptions(server.DialOption()), clientset.WithHTTPClient(server.HTTPClient()))
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	returned, err := values.Outputs(map[string]any{"o0": 1}, values.ForTask(task(t)))
	if err != nil {
		t.Fatal(err)
	}
	server.Backend().SetTimeline("", backend.Timeline{Steps: []backend.Step{
		{Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED, Outputs: returned},
	}})
	id := &taskpb.TaskIdentifier{Project: "demo", Domain: "development", Name: "env.train", Version: "v1"}
	if _, err := cs.Task().DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: id, Spec: task(t)}); err != nil {
		t.Fatal(err)
	}

	details, err := cs.Task().GetTaskDetails(ctx, &taskpb.GetTaskDetailsRequest{TaskId: id})
	if err != nil {
		t.Fatal(err)
	}
	in, err := values.Inputs(map[string]any{"rate": 2}, values.ForTask(details.GetDetails().GetSpec()))
	if err != nil {
		t.Fatal(err)
	}
	created, err := cs.Run().CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:           &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}},
		Task:         &workflowpb.CreateRunRequest_TaskId{TaskId: id},
		InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: in},
	})
	if err != nil {
		t.Fatal(err)
	}
	action := created.GetRun().GetAction().GetId()
	if _, err := follow.Wait(ctx, cs.Run(), created.GetRun().GetAction().GetId().GetRun()); err != nil {
		t.Fatal(err)
	}
	data, err := cs.DataProxy().GetActionData(ctx, &dataproxypb.GetActionDataRequest{ActionId: action})
	if err != nil {
		t.Fatal(err)
	}
	if loss, err := values.Get[float64](data.GetOutputs(), "o0"); loss != 1 || err != nil {
		t.Errorf("o0 = %v, %v", loss, err)
	}
	var got struct {
		Rate   float64 `json:"rate"`
		Epochs int     `json:"epochs"`
		Limit  *int    `json:"limit"`
	}
	if err := values.Decode(data.GetInputs(), &got); err != nil || got.Rate != 2 || got.Epochs != 3 || got.Limit != nil {
		t.Errorf("inputs %+v, %v", got, err)
	}
}
