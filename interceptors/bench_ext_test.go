package interceptors_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors"
)

// jwt is as long as a usual access token.
var jwt = strings.Repeat("0123456789abcdef", 58)[:923]

// steady is a source whose credentials never change.
type steady struct{ now *auth.Credentials }

func (s steady) Credentials(context.Context) (*auth.Credentials, error) { return s.now, nil }
func (s steady) Refresh(context.Context, *auth.Credentials) (*auth.Credentials, error) {
	return nil, errors.New("nothing else")
}

func newSteady() steady { return steady{&auth.Credentials{AccessToken: jwt}} }

// withHeader is the floor: a context that already holds the header.
func withHeader(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+jwt)
}

// naive is how such an interceptor is usually written.
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

// way is one way of having a header on every call.
type way struct {
	name   string
	header bool // the caller's context has it
	unary  grpc.UnaryClientInterceptor
	stream grpc.StreamClientInterceptor
}

func ways() []way {
	n := &naive{token: jwt}
	id := interceptors.WithRequestID()
	return []way{
		{name: "base"},
		{name: "floor", header: true},
		{name: "ours", unary: interceptors.UnaryClientAuth(newSteady()), stream: interceptors.StreamClientAuth(newSteady())},
		{name: "ours+id", unary: interceptors.UnaryClientAuth(newSteady(), id), stream: interceptors.StreamClientAuth(newSteady(), id)},
		{name: "naive", unary: n.unary, stream: n.stream},
	}
}

func (w way) context(ctx context.Context) context.Context {
	if w.header {
		return withHeader(ctx)
	}
	return ctx
}

func (w way) dialOptions() (opts []grpc.DialOption) {
	if w.unary != nil {
		opts = append(opts, grpc.WithChainUnaryInterceptor(w.unary), grpc.WithChainStreamInterceptor(w.stream))
	}
	return opts
}

func (w way) dial(tb testing.TB) testpb.TestServiceClient {
	tb.Helper()
	return testpb.NewTestServiceClient(dial(tb, serveGRPC(tb, (&quietService{}).server()), w.dialOptions()...))
}

// quietService answers without keeping anything.
type quietService struct {
	testpb.UnimplementedTestServiceServer
}

func (s *quietService) server(opts ...grpc.ServerOption) *grpc.Server {
	srv := grpc.NewServer(opts...)
	testpb.RegisterTestServiceServer(srv, s)
	return srv
}

func (*quietService) EmptyCall(context.Context, *testpb.Empty) (*testpb.Empty, error) {
	return &testpb.Empty{}, nil
}

func (*quietService) StreamingOutputCall(req *testpb.StreamingOutputCallRequest, s grpc.ServerStreamingServer[testpb.StreamingOutputCallResponse]) error {
	for range req.GetResponseParameters()[0].GetSize() {
		if err := s.Send(&testpb.StreamingOutputCallResponse{}); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkUnary is a whole call in memory, client and server together.
func BenchmarkUnary(b *testing.B) {
	for _, w := range ways() {
		b.Run("v="+w.name, func(b *testing.B) {
			tc, ctx := w.dial(b), w.context(b.Context())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tc.EmptyCall(ctx, &testpb.Empty{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkStream opens a server stream and reads it to its end.
func BenchmarkStream(b *testing.B) {
	for _, sh := range []struct {
		name     string
		messages int32
	}{{"open1", 1}, {"1000", 1000}} {
		for _, w := range ways() {
			b.Run("sh="+sh.name+"/v="+w.name, func(b *testing.B) {
				tc, ctx := w.dial(b), w.context(b.Context())
				b.ReportAllocs()
				for b.Loop() {
					readAll(ctx, b, tc, sh.messages)
				}
			})
		}
	}
}

func readAll(ctx context.Context, tb testing.TB, tc testpb.TestServiceClient, messages int32) {
	tb.Helper()
	s, err := tc.StreamingOutputCall(ctx, &testpb.StreamingOutputCallRequest{ResponseParameters: []*testpb.ResponseParameters{{Size: messages}}})
	for err == nil {
		_, err = s.Recv()
	}
	if !errors.Is(err, io.EOF) {
		tb.Fatal(err)
	}
}

// BenchmarkInterceptorOnly measures the interceptor without gRPC.
func BenchmarkInterceptorOnly(b *testing.B) {
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	for _, with := range []struct {
		name string
		ctx  func(context.Context) context.Context
	}{
		{"plain", func(ctx context.Context) context.Context { return ctx }},
		{"withmd", func(ctx context.Context) context.Context { return metadata.AppendToOutgoingContext(ctx, "x-key", "v") }},
	} {
		for _, w := range ways()[2:] {
			b.Run("ctx="+with.name+"/v="+w.name, func(b *testing.B) {
				ctx := with.ctx(b.Context())
				b.ReportAllocs()
				for b.Loop() {
					_ = w.unary(ctx, method, nil, nil, nil, invoker)
				}
			})
		}
	}
}
