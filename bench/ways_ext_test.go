package bench_test

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/retry"
	"golang.org/x/oauth2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/credentials/oauth"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/interceptors"
)

// jwt is as long as a usual access token.
var jwt = strings.Repeat("0123456789abcdef", 58)[:923]

// way is one way of having a token on every call. All of them send the same
// header; what differs is who puts it there, and what else that does. Only ours
// can renew the token and make a rejected call again, and only "ours+id" sends
// something more: an x-request-id, which the server has to decode as well.
type way struct {
	name  string
	ready bool // the caller's context has the header
	opts  []grpc.DialOption
}

// ways begins with the floor, which no way can be cheaper than: somebody has
// built the header beforehand.
func ways(tb testing.TB) []way {
	tb.Helper()
	a := auth.New(auth.Key{}, flow.StaticToken(jwt), auth.Env{})
	tb.Cleanup(func() { _ = a.Close() })
	id := interceptors.WithRequestID()
	again := interceptors.WithRetry(retry.UnaryClientInterceptor(retry.WithMax(3)))
	n := &naive{token: jwt}
	tokens := oauth2.ReuseTokenSource(nil, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: jwt}))
	return []way{
		{name: "floor", ready: true},
		{name: "ours", opts: chain(interceptors.UnaryClientAuth(a), interceptors.StreamClientAuth(a))},
		{name: "ours+id", opts: chain(interceptors.UnaryClientAuth(a, id, again), interceptors.StreamClientAuth(a, id))},
		{name: "naive", opts: chain(n.unary, n.stream)},
		{name: "perrpc", opts: []grpc.DialOption{grpc.WithPerRPCCredentials(perRPC{"authorization": "Bearer " + jwt})}},
		{name: "oauth.TokenSource", opts: []grpc.DialOption{grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: tokens})}},
		{name: "middleware-retry", ready: true, opts: chain(
			retry.UnaryClientInterceptor(retry.WithMax(3)), retry.StreamClientInterceptor(retry.WithMax(3)))},
	}
}

func chain(u grpc.UnaryClientInterceptor, s grpc.StreamClientInterceptor) []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(u), grpc.WithChainStreamInterceptor(s)}
}

// dial connects to a server of its own, in memory.
func (w way) dial(tb testing.TB) testpb.TestServiceClient {
	tb.Helper()
	s := grpc.NewServer()
	testpb.RegisterTestServiceServer(s, quiet{})
	opts := append([]grpc.DialOption{grpc.WithTransportCredentials(claimed{insecure.NewCredentials()})}, w.opts...)
	return testpb.NewTestServiceClient(serve(tb, s, opts...))
}

func (w way) context(ctx context.Context) context.Context {
	if w.ready {
		return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+jwt)
	}
	return ctx
}

// naive is how such an interceptor is usually written. It neither renews nor
// tries again.
type naive struct {
	mu    sync.Mutex
	token string
}

func (n *naive) attach(ctx context.Context) context.Context {
	n.mu.Lock()
	defer n.mu.Unlock()
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+n.token)
}

func (n *naive) unary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoker(n.attach(ctx), method, req, reply, cc, opts...)
}

func (n *naive) stream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return streamer(n.attach(ctx), desc, cc, method, opts...)
}

// perRPC is the cheapest form of gRPC's own interface for credentials: a map
// that was made beforehand.
type perRPC map[string]string

func (p perRPC) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return p, nil
}

func (perRPC) RequireTransportSecurity() bool { return true }

// quiet answers without keeping anything.
type quiet struct {
	testpb.UnimplementedTestServiceServer
}

func (quiet) EmptyCall(context.Context, *testpb.Empty) (*testpb.Empty, error) {
	return &testpb.Empty{}, nil
}

func (quiet) StreamingOutputCall(req *testpb.StreamingOutputCallRequest, s grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	for range req.GetResponseParameters()[0].GetSize() {
		if err := s.Send(&testpb.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
	return nil
}

// claimed only says that it is secure, so that credentials which insist on that
// can be compared without the cost of TLS.
type claimed struct {
	credentials.TransportCredentials
}

func (c claimed) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return conn, claim{credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}}, nil
}

func (c claimed) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "claimed"}
}

func (c claimed) Clone() credentials.TransportCredentials { return c }

type claim struct{ credentials.CommonAuthInfo }

func (claim) AuthType() string { return "claimed" }
