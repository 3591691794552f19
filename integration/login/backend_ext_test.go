package login_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// service is a backend whose calls need a token of one provider.
type service struct {
	address string

	verify serverauth.Verifier

	mu         sync.Mutex
	distrusted map[string]bool
	rejections int
}

// serve starts a backend that believes the provider, for as long as the test runs.
func (p *provider) serve(t *testing.T) *service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &service{address: listener.Addr().String(), verify: p.verify, distrusted: map[string]bool{}}
	cfg, err := configstore.Discovery(p.issuer, nil).ClientConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := backend.New(backend.Config{Login: func() backend.LoginMetadata {
		return backend.LoginMetadata{
			Issuer: cfg.Issuer, AuthorizationEndpoint: cfg.AuthorizationEndpoint, TokenEndpoint: cfg.TokenEndpoint,
			DeviceAuthorizationEndpoint: cfg.DeviceAuthorizationEndpoint, AuthMethods: cfg.AuthMethods,
			ClientID: personClient, ClientScopes: p.traits.PersonScopes, RedirectURI: p.traits.RedirectURI,
		}
	}})
	open := serverauth.WithOpenMethods("/flyteidl2.auth.AuthMetadataService/*", "/flyteidl.service.AuthMetadataService/*")
	server := grpc.NewServer(
		grpc.ChainUnaryInterceptor(s.count, serverauth.Unary(s, open)), grpc.ChainStreamInterceptor(serverauth.Stream(s, open)))
	b.Register(server)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		b.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}

// count counts who is sent away.
func (s *service) count(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	answer, err := next(ctx, req)
	if status.Code(err) == codes.Unauthenticated {
		s.mu.Lock()
		s.rejections++
		s.mu.Unlock()
	}
	return answer, err
}

// Verify asks the provider, unless the token is distrusted.
func (s *service) Verify(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	s.mu.Lock()
	distrusted := s.distrusted[p.Token]
	s.mu.Unlock()
	if distrusted {
		return serverauth.Identity{}, status.Error(codes.Unauthenticated, "the token is no longer trusted here")
	}
	return s.verify.Verify(ctx, p)
}

// distrust ends a token as if its time were over.
func (s *service) distrust(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.distrusted[token] = true
}

func (s *service) rejected() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rejections
}
