package transfer

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/internal/fault"
)

// UploadInputs stores the inputs of a run, and returns what CreateRun takes in their place.
// A run without inputs has them empty. If the request has a base directory the run's
// RunSpec.run_base_dir must be the same. The code of the error is Unimplemented on backends
// that take inputs in CreateRun only.
func (c *Client) UploadInputs(ctx context.Context, req *dataproxypb.UploadInputsRequest) (*commonpb.OffloadedInputData, error) {
	object := req.GetRunId().GetName()
	if req != nil && req.GetInputs() == nil { // backends fail on a message that is not there
		req = proto.CloneOf(req)
		req.Inputs = &taskpb.Inputs{}
	}
	res, err := c.dp.UploadInputs(ctx, req)
	if err != nil {
		return nil, failed(opInputs, object, fault.Readable(err))
	}
	if res.GetOffloadedInputData().GetUri() == "" {
		return nil, failed(opInputs, object, errors.New("the backend did not answer where they are"))
	}
	return res.GetOffloadedInputData(), nil
}
