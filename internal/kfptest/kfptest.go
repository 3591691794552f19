// Package kfptest is a fake of the part of Kubeflow Pipelines' API (2.17, v2beta1) that
// lists runs and experiments. Interceptors in front of it have to check the callers. It
// links internal/kfppb, which cannot be linked beside Kubeflow's own stubs, so it is for
// this module's tests and examples only.
//
// Fill a [Server] and pass it to [Register].
package kfptest

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/kfppb"
)

// Server holds the runs and experiments. Do not change it while it serves.
type Server struct {
	// Runs are those of each namespace.
	Runs map[string][]*kfppb.Run
	// Experiments are those of each namespace.
	Experiments map[string][]*kfppb.Experiment
	// Members are the users that may read a namespace; without an entry every caller
	// may.
	Members map[string][]string
	// Caller returns the user who makes the call, as the interceptors in front found
	// out, and "" for none. It is needed where there are Members.
	Caller func(ctx context.Context) string
}

// Register adds both services to s.
func Register(s grpc.ServiceRegistrar, server *Server) {
	kfppb.RegisterRunServiceServer(s, runs{all: server})
	kfppb.RegisterExperimentServiceServer(s, experiments{all: server})
}

// review is the check that the API server makes at Kubernetes (SubjectAccessReview).
func (s *Server) review(ctx context.Context, namespace string) error {
	members, limited := s.Members[namespace]
	if !limited {
		return nil
	}
	if user := s.Caller(ctx); !slices.Contains(members, user) {
		return status.Errorf(codes.PermissionDenied, "User '%s' is not authorized with reason: (not a member of %s)", user, namespace)
	}
	return nil
}

type runs struct {
	kfppb.UnimplementedRunServiceServer

	all *Server
}

// ListRuns returns the runs of a namespace on one page.
func (s runs) ListRuns(ctx context.Context, req *kfppb.ListRunsRequest) (*kfppb.ListRunsResponse, error) {
	if err := s.all.review(ctx, req.GetNamespace()); err != nil {
		return nil, err
	}
	var found []*kfppb.Run
	for _, r := range s.all.Runs[req.GetNamespace()] {
		if req.GetExperimentId() == "" || r.GetExperimentId() == req.GetExperimentId() {
			found = append(found, r)
		}
	}
	return &kfppb.ListRunsResponse{Runs: found, TotalSize: int32(len(found))}, nil //nolint:gosec // a handful
}

type experiments struct {
	kfppb.UnimplementedExperimentServiceServer

	all *Server
}

// ListExperiments returns the experiments of a namespace on one page.
func (s experiments) ListExperiments(
	ctx context.Context, req *kfppb.ListExperimentsRequest,
) (*kfppb.ListExperimentsResponse, error) {
	if err := s.all.review(ctx, req.GetNamespace()); err != nil {
		return nil, err
	}
	found := s.all.Experiments[req.GetNamespace()]
	return &kfppb.ListExperimentsResponse{Experiments: found, TotalSize: int32(len(found))}, nil //nolint:gosec // a handful
}
