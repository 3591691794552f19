package follow

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/internal/fault"
)

// Wait waits until a run has ended, and returns its root action. As with a process, an end
// without success is an error, which wraps [ErrFailed], [ErrAborted] or [ErrTimedOut] and
// quotes what the backend says; the details are returned with it. With every other error
// the details are the last that were seen, and may be nil.
func Wait(ctx context.Context, client ActionClient, run *commonpb.RunIdentifier, opts ...Option) (*workflowpb.ActionDetails, error) {
	const op = "wait for run"
	var last *workflowpb.ActionDetails
	for d, err := range WatchRun(ctx, client, run, opts...) {
		if err != nil {
			if own, ok := errors.AsType[*Error](err); ok {
				err = own.Err
			}
			return last, &Error{Op: op, Subject: runText(run), Err: err}
		}
		last = d
	}
	if err := verdict(last); err != nil {
		return last, &Error{Op: op, Subject: runText(run), Err: err}
	}
	return last, nil
}

// verdict returns why an action that has ended did not succeed, or nil.
func verdict(d *workflowpb.ActionDetails) error {
	var why error
	text := d.GetErrorInfo().GetMessage()
	switch phase := d.GetStatus().GetPhase(); {
	case succeeded(phase):
		return nil
	case phase == commonpb.ActionPhase_ACTION_PHASE_ABORTED:
		why, text = ErrAborted, d.GetAbortInfo().GetReason()
	case phase == commonpb.ActionPhase_ACTION_PHASE_TIMED_OUT:
		why = ErrTimedOut
	default:
		why = ErrFailed
	}
	if text == "" {
		return why
	}
	return fmt.Errorf("%w: %s", why, fault.Message(text))
}

// DataClient reads the inputs and outputs of an action: a DataProxyServiceClient has it.
type DataClient interface {
	GetActionData(
		ctx context.Context, in *dataproxypb.GetActionDataRequest, opts ...grpc.CallOption,
	) (*dataproxypb.GetActionDataResponse, error)
}

// Outputs returns the outputs of a run that has succeeded. They are empty, never nil, when
// it has none, and as long as it has not succeeded: call [Wait] first. It tries again after
// transient failures.
func Outputs(ctx context.Context, client DataClient, run *commonpb.RunIdentifier, opts ...Option) (*taskpb.Outputs, error) {
	get := func(ctx context.Context, req *dataproxypb.GetActionDataRequest) (*dataproxypb.GetActionDataResponse, error) {
		return client.GetActionData(ctx, req)
	}
	answer, err := insist(ctx, newConfig(opts), get, &dataproxypb.GetActionDataRequest{
		ActionId: &commonpb.ActionIdentifier{Run: run, Name: rootAction},
	})
	if err != nil {
		return nil, &Error{Op: "read outputs", Subject: runText(run), Err: err}
	}
	if answer.GetOutputs() == nil {
		return &taskpb.Outputs{}, nil
	}
	return answer.GetOutputs(), nil
}
