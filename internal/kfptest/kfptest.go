// Package kfptest is a fake of a part of Kubeflow Pipelines' API server (2.17, v2beta1):
// experiments, runs and pipelines, over gRPC and over HTTP. It links internal/kfppb, which
// cannot be linked beside Kubeflow's own stubs, so it is for this module's tests and
// examples only.
//
// Fill a [Server] and pass it to [Register], where interceptors in front of it have to check
// the callers, or serve its [Server.Handler], which checks them as Kubeflow does.
package kfptest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/internal/kfppb"
)

// Server holds experiments, runs and pipelines. Do not change its fields while it serves.
type Server struct {
	// Runs are the runs of each namespace; CreateRun adds to them.
	Runs map[string][]*kfppb.Run
	// Experiments are the experiments of each namespace.
	Experiments map[string][]*kfppb.Experiment
	// Members are the users that may use a namespace; without an entry every caller
	// may.
	Members map[string][]string
	// Caller returns the user who makes a gRPC call, as the interceptors in front found
	// out, and "" for none. It is needed where there are Members.
	Caller func(ctx context.Context) string
	// MultiUser has [Server.Handler] and [Server.Interceptor] ask who callers are.
	MultiUser bool
	// Review returns the user of a ServiceAccount token, or why there is none; nil knows no
	// token.
	Review func(token string) (user string, err error)

	mu        sync.Mutex
	pipelines []*kfppb.Pipeline
	packages  map[string][]byte // what was uploaded, by the id of the pipeline or version
	versions  []*kfppb.PipelineVersion
	made      int
	requests  []string
}

// Register adds all services to s.
func Register(s grpc.ServiceRegistrar, server *Server) {
	kfppb.RegisterRunServiceServer(s, runs{all: server})
	kfppb.RegisterExperimentServiceServer(s, experiments{all: server})
	kfppb.RegisterPipelineServiceServer(s, pipelines{all: server})
}

// Package returns what was uploaded for a pipeline or a version; nil for nothing.
func (s *Server) Package(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.packages[id]
}

// Requests returns the HTTP requests so far: verb and path, oldest first.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// next returns a new id.
func (s *Server) next(kind string) string {
	s.made++
	return fmt.Sprintf("%s-%d", kind, s.made)
}
