package control

import (
	"context"

	"google.golang.org/grpc/codes"

	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/seed"
)

func (s *service) Seed(ctx context.Context, req *mockpb.SeedRequest) (*mockpb.SeedResponse, error) {
	f, err := seed.Parse([]byte(req.GetYaml()))
	if err != nil {
		return nil, badSeed(err)
	}
	if len(f.Clients())+len(f.Accounts()) > 0 {
		return nil, refuse(codes.FailedPrecondition, ReasonStartOnly,
			"clients and users are fixed when the mock starts; give them to it by jetway mock --seed")
	}
	if err := f.Apply(ctx, s.server.Backend()); err != nil {
		return nil, badSeed(err)
	}
	return &mockpb.SeedResponse{}, nil
}

func (s *service) AddProject(_ context.Context, req *mockpb.AddProjectRequest) (*mockpb.AddProjectResponse, error) {
	if err := seed.AddProject(s.server.Backend(), req); err != nil {
		return nil, err
	}
	return &mockpb.AddProjectResponse{}, nil
}

func (s *service) AddTask(_ context.Context, req *mockpb.AddTaskRequest) (*mockpb.AddTaskResponse, error) {
	if err := seed.AddTask(s.server.Backend(), req); err != nil {
		return nil, err
	}
	return &mockpb.AddTaskResponse{}, nil
}

func (s *service) AddRun(ctx context.Context, req *mockpb.AddRunRequest) (*mockpb.AddRunResponse, error) {
	name, err := seed.AddRun(ctx, s.server.Backend(), req)
	if err != nil {
		return nil, err
	}
	return &mockpb.AddRunResponse{Name: name}, nil
}

func (s *service) SetTimeline(_ context.Context, req *mockpb.SetTimelineRequest) (*mockpb.SetTimelineResponse, error) {
	if err := seed.SetTimeline(s.server.Backend(), req); err != nil {
		return nil, err
	}
	return &mockpb.SetTimelineResponse{}, nil
}

func (s *service) AdvanceRuns(_ context.Context, req *mockpb.AdvanceRunsRequest) (*mockpb.AdvanceRunsResponse, error) {
	n := s.server.Backend().Advance(req.GetNames()...)
	return &mockpb.AdvanceRunsResponse{Runs: uint32(n)}, nil //nolint:gosec // a mock has fewer runs
}
