package kfptest

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/internal/kfppb"
)

type runs struct {
	kfppb.UnimplementedRunServiceServer

	all *Server
}

// ListRuns returns the runs of a namespace on one page.
func (s runs) ListRuns(ctx context.Context, req *kfppb.ListRunsRequest) (*kfppb.ListRunsResponse, error) {
	if err := s.all.review(ctx, req.GetNamespace()); err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	var found []*kfppb.Run
	for _, r := range s.all.Runs[req.GetNamespace()] {
		if req.GetExperimentId() == "" || r.GetExperimentId() == req.GetExperimentId() {
			found = append(found, proto.CloneOf(r))
		}
	}
	return &kfppb.ListRunsResponse{Runs: found, TotalSize: int32(len(found))}, nil //nolint:gosec // a handful
}

// CreateRun adds a run, in the namespace of its experiment. It is PENDING; each GetRun takes
// it a step further, to RUNNING and SUCCEEDED.
func (s runs) CreateRun(ctx context.Context, req *kfppb.CreateRunRequest) (*kfppb.Run, error) {
	asked := req.GetRun()
	experiment := asked.GetExperimentId()
	if experiment == "" {
		experiment = req.GetExperimentId() //nolint:staticcheck // older clients set it there
	}
	switch {
	case asked.GetDisplayName() == "":
		return nil, refusal(codes.InvalidArgument, "Failed to create a run: ", "Invalid input error: Run name is empty")
	case asked.GetPipelineSource() == nil:
		return nil, refusal(codes.InvalidArgument, "Failed to create a run: ", "Invalid input error: Pipeline source is empty")
	}
	namespace, found := s.all.namespaceOf(experiment)
	if !found && (experiment != "" || s.all.MultiUser) {
		return nil, refusal(codes.NotFound, "Failed to create a run: ", "Experiment "+experiment+" not found")
	}
	if err := s.all.review(ctx, namespace); err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	made := proto.CloneOf(asked)
	made.RunId, made.ExperimentId = s.all.next("run"), experiment
	made.State, made.StorageState, made.CreatedAt = kfppb.RuntimeState_PENDING, kfppb.Run_AVAILABLE, timestamppb.Now()
	if s.all.Runs == nil {
		s.all.Runs = map[string][]*kfppb.Run{}
	}
	s.all.Runs[namespace] = append(s.all.Runs[namespace], made)
	return proto.CloneOf(made), nil
}

// GetRun returns a run.
func (s runs) GetRun(ctx context.Context, req *kfppb.GetRunRequest) (*kfppb.Run, error) {
	found, err := s.find(ctx, req.GetRunId())
	if err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	switch found.GetState() { //nolint:exhaustive // the others stay
	case kfppb.RuntimeState_PENDING:
		found.State = kfppb.RuntimeState_RUNNING
	case kfppb.RuntimeState_RUNNING:
		found.State, found.FinishedAt = kfppb.RuntimeState_SUCCEEDED, timestamppb.Now()
	}
	return proto.CloneOf(found), nil
}

// TerminateRun makes a run CANCELED.
func (s runs) TerminateRun(ctx context.Context, req *kfppb.TerminateRunRequest) (*emptypb.Empty, error) {
	found, err := s.find(ctx, req.GetRunId())
	if err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	found.State, found.FinishedAt = kfppb.RuntimeState_CANCELED, timestamppb.Now()
	return &emptypb.Empty{}, nil
}

// find returns a run that the caller may see.
func (s runs) find(ctx context.Context, id string) (*kfppb.Run, error) {
	s.all.mu.Lock()
	var found *kfppb.Run
	var in string
	for namespace, all := range s.all.Runs {
		for _, r := range all {
			if r.GetRunId() == id {
				found, in = r, namespace
			}
		}
	}
	s.all.mu.Unlock()
	if found == nil {
		return nil, refusal(codes.NotFound, "Failed to get a run: ", "Run "+id+" not found")
	}
	return found, s.all.review(ctx, in)
}
