package backend

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/objectstore"
)

func (w *world) actionData(t *testing.T, run, action string) *dataproxypb.GetActionDataResponse {
	t.Helper()
	return must(w.data.GetActionData(t.Context(), &dataproxypb.GetActionDataRequest{ActionId: actionID(run, action)}))(t)
}

func TestGetActionDataReturnsInputsAndOutputs(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		in := &taskpb.Inputs{Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(3)}}}
		out := &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "o0", Value: integer(9)}}}
		w.SetTimeline("", Timeline{Steps: []Step{
			{Phase: running},
			{Manual: true, Phase: succeeded, Outputs: out},
		}})
		req := createRun("r1")
		req.InputWrapper = &workflowpb.CreateRunRequest_Inputs{Inputs: in}
		must(w.runs.CreateRun(t.Context(), req))(t)

		// While it runs there are inputs only, and that is no error.
		got := w.actionData(t, "r1", "a0")
		wantProto(t, got.GetInputs(), in)
		wantProto(t, got.GetOutputs(), &taskpb.Outputs{})

		w.Advance("r1")
		time.Sleep(time.Second)
		got = w.actionData(t, "r1", "a0")
		wantProto(t, got.GetInputs(), in)
		wantProto(t, got.GetOutputs(), out)
		if got.GetInputsUri() == "" || got.GetOutputsUri() == "" || got.GetInputsUri() == got.GetOutputsUri() {
			t.Errorf("URIs are %q and %q", got.GetInputsUri(), got.GetOutputsUri())
		}
		for _, id := range []*commonpb.ActionIdentifier{nil, actionID("r1", "a9")} {
			_, err := w.data.GetActionData(t.Context(), &dataproxypb.GetActionDataRequest{ActionId: id})
			wantCode(t, err, codes.NotFound)
		}
	})
}

func TestGetActionDataReadsTheStore(t *testing.T) {
	t.Parallel()
	store := objectstore.New(objectstore.Config{})
	inWorld(t, Config{Objects: store}, func(t *testing.T, w *world) {
		in := &taskpb.Inputs{Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(3)}}}
		up := must(w.data.UploadInputs(t.Context(), &dataproxypb.UploadInputsRequest{
			Id:     &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Organization: "org", Name: "p1", Domain: "development"}},
			Task:   &dataproxypb.UploadInputsRequest_TaskId{TaskId: p1Task("env.train")},
			Inputs: in,
		}))(t)
		req := createRun("r1")
		req.InputWrapper = &workflowpb.CreateRunRequest_OffloadedInputData{OffloadedInputData: up.GetOffloadedInputData()}
		must(w.runs.CreateRun(t.Context(), req))(t)
		wantProto(t, w.actionData(t, "r1", "a0").GetInputs(), in)

		// An address that leads nowhere leaves them empty; garbage does not pass for data.
		req = createRun("r2")
		req.InputWrapper = &workflowpb.CreateRunRequest_OffloadedInputData{OffloadedInputData: &commonpb.OffloadedInputData{Uri: "s3://other/place"}}
		must(w.runs.CreateRun(t.Context(), req))(t)
		wantProto(t, w.actionData(t, "r2", "a0").GetInputs(), &taskpb.Inputs{})
		w.start(t, "r3")
		if err := store.Put("p1/development/r3/inputs/inputs.pb", []byte("\xff\xff")); err != nil {
			t.Fatal(err)
		}
		_, err := w.data.GetActionData(t.Context(), &dataproxypb.GetActionDataRequest{ActionId: actionID("r3", "a0")})
		wantCode(t, err, codes.Internal)
	})
}
