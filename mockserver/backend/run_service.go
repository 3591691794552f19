package backend

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// runServer is RunService, without GetActionData, which current backends serve by the data
// proxy only.
type runServer struct {
	workflowpb.UnimplementedRunServiceServer

	*runs
}

func (b *Backend) registerRuns(s grpc.ServiceRegistrar) {
	workflowpb.RegisterRunServiceServer(s, &runServer{runs: b.runs})
	if !b.cfg.CurrentOnly {
		workflowpb.RegisterRunLogsServiceServer(s, &runLogsServer{runs: b.runs})
	}
}

func errRunNotFound(id *commonpb.RunIdentifier) error {
	return status.Errorf(codes.NotFound, "run not found: %s", keyOf(id))
}

func errNoRunID() error { return status.Error(codes.InvalidArgument, "run_id is required") }

func errActionNotFound(id *commonpb.ActionIdentifier) error {
	return status.Errorf(codes.NotFound, "action not found: %s/%s", keyOf(id.GetRun()), id.GetName())
}

func errUndone() error {
	return status.Error(codes.Unavailable, "runs were undone, since they could not be kept: watch again")
}

func errClosing() error { return status.Error(codes.Unavailable, "the server is shutting down") }
