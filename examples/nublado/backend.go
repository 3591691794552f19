package main

import (
	"context"
	"net"

	"google.golang.org/grpc"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// backend is Nublado as a gRPC server that takes the tokens v accepts.
type backend struct {
	projectpb.UnimplementedProjectServiceServer
}

// serve starts the backend on a free port of this machine.
func serve(ctx context.Context, v serverauth.Verifier) (address string, stop func(), err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(serverauth.Unary(v)), grpc.ChainStreamInterceptor(serverauth.Stream(v)))
	projectpb.RegisterProjectServiceServer(s, backend{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when s is stopped
	}()
	return "http://" + l.Addr().String(), func() { s.Stop(); <-ended }, nil
}

// ListProjects returns one project, which belongs to the caller.
func (backend) ListProjects(ctx context.Context, _ *projectpb.ListProjectsRequest) (*projectpb.ListProjectsResponse, error) {
	caller, _ := serverauth.IdentityFromContext(ctx)
	return &projectpb.ListProjectsResponse{Projects: &projectpb.Projects{
		Projects: []*projectpb.Project{{Id: "demo", Name: "project of " + caller.Subject}},
	}}, nil
}
