package kfptest

import (
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/internal/kfppb"
)

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

// namespaceOf returns the namespace of an experiment.
func (s *Server) namespaceOf(experiment string) (string, bool) {
	for namespace, all := range s.Experiments {
		for _, e := range all {
			if e.GetExperimentId() == experiment {
				return namespace, true
			}
		}
	}
	return "", false
}

type pipelines struct {
	kfppb.UnimplementedPipelineServiceServer

	all *Server
}

// GetPipeline returns a pipeline that was uploaded.
func (s pipelines) GetPipeline(ctx context.Context, req *kfppb.GetPipelineRequest) (*kfppb.Pipeline, error) {
	return s.find(ctx, req.GetPipelineId(), func(p *kfppb.Pipeline) bool { return p.GetPipelineId() == req.GetPipelineId() })
}

// GetPipelineByName returns the pipeline of a name in a namespace.
func (s pipelines) GetPipelineByName(ctx context.Context, req *kfppb.GetPipelineByNameRequest) (*kfppb.Pipeline, error) {
	return s.find(ctx, req.GetName(), func(p *kfppb.Pipeline) bool {
		return p.GetName() == req.GetName() && p.GetNamespace() == req.GetNamespace()
	})
}

func (s pipelines) find(ctx context.Context, what string, is func(*kfppb.Pipeline) bool) (*kfppb.Pipeline, error) {
	found := s.all.pipeline(is)
	if found == nil {
		return nil, refusal(codes.NotFound, "Failed to get a pipeline: ", "Pipeline "+what+" not found")
	}
	return found, s.all.review(ctx, found.GetNamespace())
}

// ListPipelines returns the pipelines of a namespace on one page.
func (s pipelines) ListPipelines(ctx context.Context, req *kfppb.ListPipelinesRequest) (*kfppb.ListPipelinesResponse, error) {
	if err := s.all.review(ctx, req.GetNamespace()); err != nil {
		return nil, err
	}
	s.all.mu.Lock()
	defer s.all.mu.Unlock()
	answer := &kfppb.ListPipelinesResponse{}
	for _, p := range s.all.pipelines {
		if p.GetNamespace() == req.GetNamespace() {
			answer.Pipelines = append(answer.Pipelines, proto.CloneOf(p))
			answer.TotalSize++
		}
	}
	return answer, nil
}

// pipeline returns a copy of the first pipeline of a kind; nil for none.
func (s *Server) pipeline(is func(*kfppb.Pipeline) bool) *kfppb.Pipeline {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pipelines {
		if is(p) {
			return proto.CloneOf(p)
		}
	}
	return nil
}
