package platformtest

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// Server is a gRPC server that records the calls it receives. The test registers the
// services.
type Server struct {
	*grpc.Server

	addr string

	mu      sync.Mutex
	calls   []metadata.MD
	callers []string
}

// NewServer makes a server that records each unary call before guards check it, and
// the caller of each call that they accept.
func NewServer(guards ...grpc.ServerOption) *Server {
	s := &Server{}
	first := grpc.ChainUnaryInterceptor(s.arrived)
	last := grpc.ChainUnaryInterceptor(s.admitted)
	s.Server = grpc.NewServer(slices.Concat([]grpc.ServerOption{first}, guards, []grpc.ServerOption{last})...)
	return s
}

// Guard returns the option that accepts the calls which v accepts.
func Guard(v serverauth.Verifier) grpc.ServerOption {
	return grpc.ChainUnaryInterceptor(serverauth.Unary(v))
}

// Start serves on a port of this machine until the test ends.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s.addr = listener.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(listener) }) // ends with Stop
	tb.Cleanup(func() { s.Stop(); serving.Wait() })
}

// Addr is host:port, once the server is started.
func (s *Server) Addr() string { return s.addr }

// Calls returns the metadata of all calls so far, rejected ones too, oldest first.
func (s *Server) Calls() []metadata.MD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Callers returns the subjects of the calls that were accepted, oldest first; a subject
// is empty if the server has no guard.
func (s *Server) Callers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.callers)
}

func (s *Server) arrived(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	s.mu.Lock()
	s.calls = append(s.calls, md.Copy())
	s.mu.Unlock()
	return handle(ctx, req)
}

func (s *Server) admitted(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	id, _ := serverauth.IdentityFromContext(ctx)
	s.mu.Lock()
	s.callers = append(s.callers, id.Subject)
	s.mu.Unlock()
	return handle(ctx, req)
}
