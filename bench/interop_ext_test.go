package bench_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/interop"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors"
)

// gRPC's own interop cases, through the interceptors, against a server that
// rejects the first attempt of every call. None of them may notice.
func TestInteropCases(t *testing.T) {
	t.Parallel()
	gate := &firstAttemptGate{seen: map[string]bool{}}
	s := grpc.NewServer(grpc.ChainUnaryInterceptor(gate.unary), grpc.ChainStreamInterceptor(gate.stream))
	testpb.RegisterTestServiceServer(s, interop.NewTestServer())
	src := &source{}
	cc := serve(t, s,
		grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(src, interceptors.WithRequestID())),
		grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(src, interceptors.WithRequestID())))
	tc := testpb.NewTestServiceClient(cc)

	for _, c := range []struct {
		name  string
		calls int // that the server's interceptors see
		run   func(context.Context)
	}{
		{"empty_unary", 1, func(ctx context.Context) { interop.DoEmptyUnaryCall(ctx, tc) }},
		{"large_unary", 1, func(ctx context.Context) { interop.DoLargeUnaryCall(ctx, tc) }},
		{"client_streaming", 1, func(ctx context.Context) { interop.DoClientStreaming(ctx, tc) }},
		{"server_streaming", 1, func(ctx context.Context) { interop.DoServerStreaming(ctx, tc) }},
		{"ping_pong", 1, func(ctx context.Context) { interop.DoPingPong(ctx, tc) }},
		{"empty_stream", 1, func(ctx context.Context) { interop.DoEmptyStream(ctx, tc) }},
		{"timeout_on_sleeping_server", 0, func(ctx context.Context) { interop.DoTimeoutOnSleepingServer(ctx, tc) }},
		{"cancel_after_begin", 0, func(ctx context.Context) { interop.DoCancelAfterBegin(ctx, tc) }},
		{"cancel_after_first_response", 1, func(ctx context.Context) { interop.DoCancelAfterFirstResponse(ctx, tc) }},
		{"status_code_and_message", 2, func(ctx context.Context) { interop.DoStatusCodeAndMessage(ctx, tc) }},
		{"special_status_message", 1, func(ctx context.Context) { interop.DoSpecialStatusMessage(ctx, tc) }},
		{"custom_metadata", 2, func(ctx context.Context) { interop.DoCustomMetadata(ctx, tc) }},
		{"unimplemented_method", 0, func(ctx context.Context) { interop.DoUnimplementedMethod(ctx, cc) }},
		{"unimplemented_service", 0, func(ctx context.Context) {
			interop.DoUnimplementedService(ctx, testpb.NewUnimplementedServiceClient(cc))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 20 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				before := gate.count()
				func() {
					defer func() {
						if r := recover(); r != nil {
							t.Fatal(r)
						}
					}()
					c.run(ctx)
				}()
				cancel()
				if got := gate.count() - before; got < c.calls { // some end by deadline or cancellation before the server sees them
					t.Errorf("%d calls were rejected once, want %d", got, c.calls)
				}
			}
		})
	}
}

// firstAttemptGate lets a call pass when it has seen its request id before.
type firstAttemptGate struct {
	mu       sync.Mutex
	seen     map[string]bool
	rejected int
}

func (g *firstAttemptGate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rejected
}

func (g *firstAttemptGate) check(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	md, _ := metadata.FromIncomingContext(ctx)
	id := md["x-request-id"]
	if len(id) != 1 {
		return status.Errorf(codes.InvalidArgument, "%d request ids", len(id))
	}
	if g.seen[id[0]] {
		if n := len(md["authorization"]); n != 1 {
			return status.Errorf(codes.InvalidArgument, "%d credentials", n)
		}
		return nil
	}
	g.seen[id[0]] = true
	g.rejected++
	return status.Error(codes.Unauthenticated, "try again")
}

func (g *firstAttemptGate) unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
	if err := g.check(ctx); err != nil {
		return nil, err
	}
	return h(ctx, req)
}

func (g *firstAttemptGate) stream(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	if err := g.check(ss.Context()); err != nil {
		return err
	}
	return h(srv, ss)
}
