package backend

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// GetActionData returns an action's inputs and outputs and their URIs. Those that do not
// exist (yet) are empty.
func (s *dataProxyServer) GetActionData(
	_ context.Context, req *dataproxypb.GetActionDataRequest,
) (*dataproxypb.GetActionDataResponse, error) {
	r := s.b.runs
	inputs, outputs, err := r.dataURIs(req.GetActionId())
	if err != nil {
		return nil, err
	}
	resp := &dataproxypb.GetActionDataResponse{
		Inputs: &taskpb.Inputs{}, Outputs: &taskpb.Outputs{}, InputsUri: inputs, OutputsUri: outputs,
	}
	if err := r.blobs.getMessage(inputs, resp.GetInputs()); err != nil {
		return nil, status.Errorf(codes.Internal, "inputs at %s are not what CreateRun stores there: %v", inputs, err)
	}
	if err := r.blobs.getMessage(outputs, resp.GetOutputs()); err != nil {
		return nil, status.Errorf(codes.Internal, "outputs at %s are not readable: %v", outputs, err)
	}
	return resp, nil
}
