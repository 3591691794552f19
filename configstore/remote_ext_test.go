package configstore_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/configstore"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// backend is a Flyte 2 AuthMetadataService by hand.
type backend struct {
	authpb.UnimplementedAuthMetadataServiceServer
	server func(context.Context) (*authpb.GetOAuth2MetadataResponse, error)
	client func(context.Context) (*authpb.GetPublicClientConfigResponse, error)
}

func (b *backend) GetOAuth2Metadata(ctx context.Context, _ *authpb.GetOAuth2MetadataRequest) (*authpb.GetOAuth2MetadataResponse, error) {
	return b.server(ctx)
}

func (b *backend) GetPublicClientConfig(ctx context.Context, _ *authpb.GetPublicClientConfigRequest) (*authpb.GetPublicClientConfigResponse, error) {
	return b.client(ctx)
}

// oldBackend is the same service of the first generation.
type oldBackend struct {
	servicepb.UnimplementedAuthMetadataServiceServer
}

func (oldBackend) GetOAuth2Metadata(context.Context, *servicepb.OAuth2MetadataRequest) (*servicepb.OAuth2MetadataResponse, error) {
	return &servicepb.OAuth2MetadataResponse{Issuer: "https://idp.example", TokenEndpoint: "https://idp.example/token"}, nil
}

func (oldBackend) GetPublicClientConfig(context.Context, *servicepb.PublicClientAuthConfigRequest) (*servicepb.PublicClientAuthConfigResponse, error) {
	return &servicepb.PublicClientAuthConfigResponse{ClientId: "flytectl", AuthorizationMetadataKey: "Flyte-Authorization"}, nil
}

// dial serves register's services in memory and connects to them.
func dial(t *testing.T, register func(*grpc.Server)) *grpc.ClientConn {
	t.Helper()
	lis := bufconn.Listen(1 << 16)
	srv := grpc.NewServer()
	register(srv)
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(lis) }()
	conn, err := grpc.NewClient("passthrough:///backend", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(); srv.Stop(); <-done })
	return conn
}

func serving(b *backend) func(*grpc.Server) {
	return func(s *grpc.Server) { authpb.RegisterAuthMetadataServiceServer(s, b) }
}

func fullServer(context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
	return &authpb.GetOAuth2MetadataResponse{
		Issuer: "https://idp.example", TokenEndpoint: "https://idp.example/token",
		AuthorizationEndpoint: "https://idp.example/authorize", DeviceAuthorizationEndpoint: "https://idp.example/device",
		TokenEndpointAuthMethodsSupported: []string{"client_secret_post"}, ScopesSupported: []string{"not", "asked"},
	}, nil
}

func fullClient(context.Context) (*authpb.GetPublicClientConfigResponse, error) {
	return &authpb.GetPublicClientConfigResponse{
		ClientId: "cli", RedirectUri: "http://localhost:53593/callback", Scopes: []string{"all"},
		Audience: "https://flyte.example", AuthorizationMetadataKey: "Flyte-Authorization",
	}, nil
}

func TestRemoteMergesBothAnswers(t *testing.T) {
	t.Parallel()
	// Given a backend where each call only answers once the other has arrived,
	serverAsked, clientAsked := make(chan struct{}), make(chan struct{})
	meet := func(ctx context.Context, mine, other chan struct{}) {
		close(mine)
		select {
		case <-other:
		case <-ctx.Done():
		}
	}
	conn := dial(t, serving(&backend{
		server: func(ctx context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
			meet(ctx, serverAsked, clientAsked)
			return fullServer(ctx)
		},
		client: func(ctx context.Context) (*authpb.GetPublicClientConfigResponse, error) {
			meet(ctx, clientAsked, serverAsked)
			return fullClient(ctx)
		},
	}))
	// when the configuration is asked for
	got, err := configstore.Remote(conn).ClientConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// then the calls went out in parallel and both answers are in it.
	want := configstore.ClientConfig{
		TokenEndpoint: "https://idp.example/token", AuthorizationEndpoint: "https://idp.example/authorize",
		DeviceAuthorizationEndpoint: "https://idp.example/device", RedirectURI: "http://localhost:53593/callback",
		ClientID: "cli", Scopes: []string{"all"}, Audience: "https://flyte.example", HeaderKey: "flyte-authorization",
		Issuer: "https://idp.example", AuthMethods: []string{"client_secret_post"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRemoteEmptyHeaderKeyIsNotSet(t *testing.T) {
	t.Parallel()
	conn := dial(t, serving(&backend{server: fullServer,
		client: func(context.Context) (*authpb.GetPublicClientConfigResponse, error) {
			return &authpb.GetPublicClientConfigResponse{ClientId: "cli"}, nil
		}}))
	got, err := configstore.Remote(conn).ClientConfig(t.Context())
	if err != nil || got.HeaderKey != "" || got.ClientID != "cli" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRemoteAsksTheFirstGeneration(t *testing.T) {
	t.Parallel()
	conn := dial(t, func(s *grpc.Server) { servicepb.RegisterAuthMetadataServiceServer(s, oldBackend{}) })
	got, err := configstore.Remote(conn).ClientConfig(t.Context())
	want := configstore.ClientConfig{Issuer: "https://idp.example", TokenEndpoint: "https://idp.example/token",
		ClientID: "flytectl", HeaderKey: "flyte-authorization"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}

func TestRemoteWithoutServerMetadataIsErrNoLogin(t *testing.T) {
	t.Parallel()
	// Given a backend without an identity provider,
	conn := dial(t, serving(&backend{client: fullClient,
		server: func(context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
			return nil, status.Error(codes.Unimplemented, "not configured")
		}}))
	got, err := configstore.Remote(conn).ClientConfig(t.Context())
	// then the error says so, reads as the backend's code,
	if !errors.Is(err, configstore.ErrNoLogin) || status.Code(err) != codes.Unimplemented {
		t.Fatalf("got %v", err)
	}
	// what the backend did tell stands beside it,
	if got.ClientID != "cli" || got.HeaderKey != "flyte-authorization" || got.TokenEndpoint != "" {
		t.Errorf("got %+v", got)
	}
	// and endpoints configured by hand make it complete.
	over := configstore.ClientConfig{TokenEndpoint: "https://own.example/token"}
	got, err = configstore.Overlay(configstore.Remote(conn), over).ClientConfig(t.Context())
	if err != nil || got.TokenEndpoint != over.TokenEndpoint || got.ClientID != "cli" || got.HeaderKey != "flyte-authorization" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRemoteFailureKeepsItsStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, method string
		backend      *backend
	}{
		{"server info fails while the other hangs", "GetOAuth2Metadata", &backend{
			server: func(context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
				return nil, status.Error(codes.Unavailable, "identity provider down")
			},
			client: func(ctx context.Context) (*authpb.GetPublicClientConfigResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}},
		{"client info fails while the other hangs", "GetPublicClientConfig", &backend{
			server: func(ctx context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			client: func(context.Context) (*authpb.GetPublicClientConfigResponse, error) {
				return nil, status.Error(codes.Unavailable, "identity provider down")
			},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := configstore.Remote(dial(t, serving(c.backend))).ClientConfig(t.Context())
			s, _ := status.FromError(err)
			if s.Code() != codes.Unavailable || !strings.Contains(err.Error(), c.method) ||
				!strings.Contains(err.Error(), "identity provider down") || errors.Is(err, configstore.ErrNoLogin) {
				t.Errorf("got %v", err)
			}
			var cause interface{ GRPCStatus() *status.Status }
			if !errors.As(errors.Unwrap(err), &cause) || cause.GRPCStatus().Message() != "identity provider down" {
				t.Error("the backend's own status is lost")
			}
		})
	}
}

func TestRemoteRefusesHostileValues(t *testing.T) {
	t.Parallel()
	for want, m := range map[string]*authpb.GetOAuth2MetadataResponse{
		"token_endpoint is plain http":                  {TokenEndpoint: "http://idp.example/token"},
		"authorization_endpoint has the scheme":         {AuthorizationEndpoint: "javascript:alert(1)"},
		"device_authorization_endpoint contains a user": {DeviceAuthorizationEndpoint: "https://u:hunter2@h/"},
		"issuer contains a control character":           {Issuer: "https://h\x1b[31m"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, serving(&backend{client: fullClient,
				server: func(context.Context) (*authpb.GetOAuth2MetadataResponse, error) { return m, nil }}))
			got, err := configstore.Remote(conn).ClientConfig(t.Context())
			if !errors.Is(err, configstore.ErrInvalid) || !strings.Contains(err.Error(), want) ||
				status.Code(err) != codes.FailedPrecondition || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v", err)
			}
			if diff := cmp.Diff(configstore.ClientConfig{}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRemoteSendsNoMetadataOfTheCaller(t *testing.T) {
	t.Parallel()
	var seen atomic.Pointer[metadata.MD]
	conn := dial(t, serving(&backend{server: fullServer,
		client: func(ctx context.Context) (*authpb.GetPublicClientConfigResponse, error) {
			md, _ := metadata.FromIncomingContext(ctx)
			seen.Store(&md)
			return fullClient(ctx)
		}}))
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer of-another-call")
	if _, err := configstore.Remote(conn).ClientConfig(ctx); err != nil {
		t.Fatal(err)
	}
	if got := seen.Load().Get("authorization"); len(got) != 0 {
		t.Errorf("authorization %q went out", got)
	}
}

// invoker is a connection made of one function.
type invoker func(ctx context.Context, method string, reply any) error

func (f invoker) Invoke(ctx context.Context, method string, _, reply any, _ ...grpc.CallOption) error {
	return f(ctx, method, reply)
}

func (f invoker) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, errors.New("no streams")
}

func TestRemoteErrorsOfUnusualConnections(t *testing.T) {
	t.Parallel()
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		if _, err := configstore.Remote(nil).ClientConfig(t.Context()); err == nil || !strings.Contains(err.Error(), "no connection") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nothing is sent after ctx is done", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := configstore.Remote(invoker(func(_ context.Context, method string, _ any) error {
			t.Errorf("%s was called", method)
			return nil
		})).ClientConfig(ctx)
		if !errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled {
			t.Errorf("got %v", err)
		}
	})
	t.Run("empty answers", func(t *testing.T) {
		t.Parallel()
		got, err := configstore.Remote(invoker(func(context.Context, string, any) error { return nil })).ClientConfig(t.Context())
		if diff := cmp.Diff(configstore.ClientConfig{}, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
	t.Run("an error that is no status", func(t *testing.T) {
		t.Parallel()
		boom := errors.New("boom")
		_, err := configstore.Remote(invoker(func(context.Context, string, any) error { return boom })).ClientConfig(t.Context())
		if !errors.Is(err, boom) || status.Code(err) != codes.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}

// A web server behind the address stays one until the address is changed; a proxy that
// cannot reach the backend may reach it later.
func TestRemoteRefusesWebPages(t *testing.T) {
	t.Parallel()
	page := func(code codes.Code) error {
		return status.Error(code, `unexpected HTTP status code received from server: 4711; transport: received unexpected content-type `+
			`"text/html; charset=utf-8"`+"\n"+`data: "<html>`+strings.Repeat("x", 1000)+`"`)
	}
	for code, want := range map[codes.Code]codes.Code{
		codes.Unknown: codes.FailedPrecondition, codes.PermissionDenied: codes.FailedPrecondition, codes.Unimplemented: codes.FailedPrecondition,
		codes.Unavailable: codes.Unavailable,
	} {
		t.Run(code.String(), func(t *testing.T) {
			t.Parallel()
			_, err := configstore.Remote(invoker(func(context.Context, string, any) error { return page(code) })).ClientConfig(t.Context())
			permanent := want == codes.FailedPrecondition
			if status.Code(err) != want || errors.Is(err, configstore.ErrInvalid) != permanent || errors.Is(err, configstore.ErrNotFound) ||
				strings.Contains(err.Error(), "a web page answered instead of the backend, is this the address") != permanent {
				t.Errorf("%v (%v), want %v", err, status.Code(err), want)
			}
			if n := strings.Count(err.Error(), "x"); n > 110 {
				t.Errorf("%d bytes of the page are in the error, want about 100", n)
			}
		})
	}
	t.Run("for the second generation only", func(t *testing.T) {
		t.Parallel()
		_, err := configstore.Remote(invoker(func(_ context.Context, method string, _ any) error {
			if strings.Contains(method, "flyteidl2") {
				return page(codes.Unimplemented)
			}
			return nil
		})).ClientConfig(t.Context())
		if err != nil {
			t.Errorf("%v, want the answer of the first generation", err)
		}
	})
	t.Run("a chain goes on after HTTP 404", func(t *testing.T) {
		t.Parallel()
		remote := configstore.Remote(invoker(func(context.Context, string, any) error { return page(codes.Unimplemented) }))
		cfg, err := configstore.Chain(remote, configstore.Static(configstore.ClientConfig{ClientID: "id"})).ClientConfig(t.Context())
		if err != nil || cfg.ClientID != "id" {
			t.Errorf("%+v, %v", cfg, err)
		}
	})
}

func TestRemoteEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, ignores := range map[string]bool{"connection honours the context": false, "connection ignores it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Given a backend that never answers and a caller with two seconds,
				release := make(chan struct{})
				defer close(release)
				conn := invoker(func(ctx context.Context, _ string, _ any) error {
					if ignores {
						<-release
						return nil
					}
					<-ctx.Done()
					return status.FromContextError(ctx.Err()).Err()
				})
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				start := time.Now()
				_, err := configstore.Remote(conn).ClientConfig(ctx)
				// then the caller is back when its time is up, by both ways of reading the error.
				if d := time.Since(start); d != 2*time.Second {
					t.Errorf("took %v", d)
				}
				if !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
