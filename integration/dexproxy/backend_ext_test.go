package dexproxy_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/kfppb"
	"github.com/jetway-go/jetway/internal/kfptest"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// api is a backend of Kubeflow's and Flyte's services, and what callers sent it.
type api struct {
	address string

	mu   sync.Mutex
	seen []metadata.MD
}

// serve starts a backend whose callers the verifier decides about; nil lets
// everybody in.
func serve(t *testing.T, v serverauth.Verifier) *api {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &api{address: listener.Addr().String()}
	interceptors := []grpc.UnaryServerInterceptor{a.note}
	if v != nil {
		interceptors = append(interceptors, serverauth.Unary(v))
	}
	server := grpc.NewServer(grpc.ChainUnaryInterceptor(interceptors...))
	b := backend.New(backend.Config{})
	b.Register(server)
	kfptest.Register(server, &kfptest.Server{
		Runs:    map[string][]*kfppb.Run{"team": {{RunId: "r1", DisplayName: "first", ExperimentId: "e1"}}},
		Members: map[string][]string{"bobs": {other}},
		Caller:  caller,
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		b.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return a
}

func (a *api) note(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	a.mu.Lock()
	a.seen = append(a.seen, md.Copy())
	a.mu.Unlock()
	return next(ctx, req)
}

func (a *api) calls() []metadata.MD {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.seen)
}

// verifier asks the proxy whose session it is, as an ingress does.
func (p *proxy) verifier(t *testing.T) serverauth.Verifier {
	return serverauth.VerifierFunc(func(_ context.Context, shown serverauth.Presented) (serverauth.Identity, error) {
		var cookie string
		for i, c := range shown.Cookies {
			if i > 0 {
				cookie += "; "
			}
			cookie += c.Name + "=" + c.Value
		}
		switch code, header := ask(t, p.url()+"/oauth2/auth", cookie); code {
		case http.StatusAccepted:
			return serverauth.Identity{Subject: header.Get("X-Auth-Request-Email")}, nil
		case http.StatusUnauthorized:
			return serverauth.Identity{}, status.Error(codes.Unauthenticated, "the proxy does not know the session")
		default:
			return serverauth.Identity{}, status.Errorf(codes.Unavailable, "the proxy answers with status %d", code)
		}
	})
}

// caller returns the user whom serverauth found out.
func caller(ctx context.Context) string {
	id, _ := serverauth.IdentityFromContext(ctx)
	return id.Subject
}
