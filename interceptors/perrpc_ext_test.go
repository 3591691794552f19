package interceptors_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// serve serves b with TLS, or in plaintext, and returns its address and what a client
// trusts it by.
func serve(t *testing.T, b *backend, private bool) (address string, trust credentials.TransportCredentials) {
	t.Helper()
	var opts []grpc.ServerOption
	trust = insecure.NewCredentials()
	if private {
		known := httptest.NewTLSServer(nil) // for its certificate
		t.Cleanup(known.Close)
		opts = append(opts, grpc.Creds(credentials.NewServerTLSFromCert(&known.TLS.Certificates[0])))
		pool := x509.NewCertPool()
		pool.AddCert(known.Certificate())
		trust = credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12})
	}
	gate := func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
		md, _ := metadata.FromIncomingContext(ctx)
		if !b.pass(md) {
			return nil, status.Error(codes.Unauthenticated, "the gate is closed")
		}
		return h(ctx, req)
	}
	s := b.grpcServer(append(opts, grpc.ChainUnaryInterceptor(gate))...)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return l.Addr().String(), trust
}

// perRPCCall makes one call with what PerRPC makes of src.
func perRPCCall(t *testing.T, b *backend, private bool, creds credentials.PerRPCCredentials, calls int) (last error) {
	t.Helper()
	address, trust := serve(t, b, private)
	cc, err := grpc.NewClient(address, grpc.WithTransportCredentials(trust), grpc.WithPerRPCCredentials(creds))
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = cc.Close() })
	for range calls {
		_, last = testpb.NewTestServiceClient(cc).UnaryCall(t.Context(), &testpb.SimpleRequest{})
	}
	return last
}

func TestPerRPCSendsTheCredentialsOfItsSource(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		creds *auth.Credentials
		key   string
		want  string
	}{
		"bearer":     {&auth.Credentials{AccessToken: "token-1"}, authKey, "Bearer token-1"},
		"own header": {&auth.Credentials{AccessToken: "token-1", HeaderKey: "X-Flyte-Auth"}, "x-flyte-auth", "Bearer token-1"},
		"raw":        {&auth.Credentials{AccessToken: "session=1", HeaderKey: "Cookie", TokenType: auth.Raw}, "cookie", "session=1"},
		"none":       {nil, authKey, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBackend()
			_ = perRPCCall(t, b, true, interceptors.PerRPC(&source{now: tc.creds}), 2)
			for _, md := range b.attempts() {
				if got := strings.Join(md[tc.key], "|"); got != tc.want {
					t.Errorf("%s: %q, want %q", tc.key, got, tc.want)
				}
			}
			if n := len(b.attempts()); n != 2 {
				t.Errorf("%d calls arrived", n)
			}
		})
	}
}

// gRPC does not say that a server rejected a token, so it is not refreshed.
func TestPerRPCRefreshesNoRejectedToken(t *testing.T) {
	t.Parallel()
	b, src := newBackend(), newSource()
	err := perRPCCall(t, b, true, interceptors.PerRPC(src), 1)
	refreshes, _ := src.counts()
	if _, rejected := b.state(); status.Code(err) != codes.Unauthenticated || refreshes != 0 || rejected != 1 {
		t.Errorf("got %v, %d refreshes, %d rejections", err, refreshes, rejected)
	}
}

// Without TLS nothing is sent, unless the program asks for it.
func TestPerRPCNeedsTLS(t *testing.T) {
	t.Parallel()
	good := &source{now: &auth.Credentials{AccessToken: "token-1"}}
	b := newBackend()
	if err := perRPCCall(t, b, false, interceptors.PerRPC(good), 1); err == nil || len(b.attempts()) > 0 || good.asked > 0 {
		t.Errorf("got %v after %d calls", err, len(b.attempts()))
	}
	if err := perRPCCall(t, b, false, interceptors.PerRPC(good, interceptors.WithPlaintext()), 1); err != nil {
		t.Errorf("with WithPlaintext: %v", err)
	}
}

// An error of the source keeps its code and its causes, and says that it was made on
// this side.
func TestPerRPCReturnsTheErrorOfItsSource(t *testing.T) {
	t.Parallel()
	cause := &auth.Error{Op: "login", Endpoint: "flyte.example", Err: auth.ErrInteractionRequired}
	err := perRPCCall(t, newBackend(), true, interceptors.PerRPC(&source{credentialsErr: cause}), 1)
	own, ok := errors.AsType[*interceptors.Error](err)
	if !ok || own.Method != "/grpc.testing.TestService/UnaryCall" || !errors.Is(err, auth.ErrInteractionRequired) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("got %#v: %v", err, err)
	}
	bad := &source{now: &auth.Credentials{AccessToken: "line\nbreak"}}
	if err := perRPCCall(t, newBackend(), true, interceptors.PerRPC(bad), 1); err == nil || strings.Contains(err.Error(), "break\"") || !strings.Contains(err.Error(), authKey) {
		t.Errorf("a token that no header takes: %v", err)
	}
}

func TestPerRPCPrintsNoToken(t *testing.T) {
	t.Parallel()
	src := &source{now: &auth.Credentials{AccessToken: "canary-token"}}
	p := interceptors.PerRPC(src)
	_, _ = p.GetRequestMetadata(t.Context())
	if got := fmt.Sprintf("%v %+v %#v %s", p, p, p, p); strings.Contains(got, "canary") {
		t.Error(got)
	}
}

func ExamplePerRPC() {
	src := &passport{&auth.Credentials{AccessToken: "an access token"}}
	cc, err := grpc.NewClient("dns:///flyte.example.com:443",
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12})),
		grpc.WithPerRPCCredentials(interceptors.PerRPC(src)),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cc.Close()
	pair, err := interceptors.PerRPC(src).GetRequestMetadata(context.Background())
	fmt.Println(pair, err)
	// Output: map[authorization:Bearer an access token] <nil>
}
