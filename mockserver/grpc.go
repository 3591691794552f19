package mockserver

import (
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// maxMessage is the size limit of messages in both directions, high because real
// backends have none.
const maxMessage = 64 << 20

// openMethods returns the methods that need no access token: those that a client calls
// before it can log in, and health and reflection.
func openMethods() []string {
	return []string{
		"/flyteidl2.auth.AuthMetadataService/*",
		"/flyteidl.service.AuthMetadataService/*",
		"/grpc.health.v1.Health/*",
		"/grpc.reflection.v1.ServerReflection/*",
		"/grpc.reflection.v1alpha.ServerReflection/*",
	}
}

func isOpen(method string) bool {
	for _, pattern := range openMethods() {
		if matches(pattern, method) {
			return true
		}
	}
	return false
}

// newGRPC returns the gRPC server. A call passes the request log, the proxy, the
// authentication and the script, in this order: a script can only fail calls that
// would have been served.
func (s *Server) newGRPC() *grpc.Server {
	var unary []grpc.UnaryServerInterceptor
	var stream []grpc.StreamServerInterceptor
	if s.cfg.front == nil { // a front checks the proxy's token itself
		unary = append(unary, s.proxy.Unary)
		stream = append(stream, s.proxy.Stream)
	}
	if !s.cfg.open {
		opts := []serverauth.Option{
			serverauth.WithOpenMethods(openMethods()...),
			serverauth.WithHeaderKeys(s.cfg.headerKey),
		}
		unary = append(unary, serverauth.Unary(verifier{s}, opts...))
		stream = append(stream, serverauth.Stream(verifier{s}, opts...))
	}
	opts := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.allUnary(append(unary, s.script.unary))...),
		grpc.ChainStreamInterceptor(s.allStream(append(stream, s.script.stream))...),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.WaitForHandlers(true),
	}
	if s.certs != nil && s.cfg.front == nil { // a front does TLS itself
		opts = append(opts, grpc.Creds(credentials.NewTLS(s.certs.ServerConfig())))
	}
	server := grpc.NewServer(opts...)
	s.backend.Register(server)
	if s.cfg.services == Current {
		return server
	}

	checks := health.NewServer()
	for service := range server.GetServiceInfo() {
		checks.SetServingStatus(service, healthpb.HealthCheckResponse_SERVING)
	}
	healthpb.RegisterHealthServer(server, checks)
	reflection.Register(server)
	return server
}
