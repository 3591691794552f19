package interceptors_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"testing"

	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"

	"github.com/jetway-go/jetway/interceptors"
)

// What a warm call may cost, in allocations: two for the context with the shared
// metadata, and one for the stream that is watched. With a request id, or metadata of the
// call's own beside one, it is four for the context, to which the metadata is added. These
// tests are not parallel, because AllocsPerRun counts for the whole process.

const (
	runs     = 1000
	grpcRuns = 200
)

func TestAllocationsOfTheInterceptorsAlone(t *testing.T) { //nolint:paralleltest // see above
	invoker := func(context.Context, string, any, any, *grpc.ClientConn, ...grpc.CallOption) error { return nil }
	desc := &grpc.StreamDesc{ServerStreams: true}
	inner := &countingStream{}
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		inner.received = 0
		return inner, nil
	}
	req := &testpb.StreamingOutputCallRequest{}
	id := interceptors.WithRequestID()
	proxy := interceptors.WithProxySource(newSteady())
	bare, caller := t.Context(), metadata.AppendToOutgoingContext(t.Context(), "x-key", "v")
	many := metadata.AppendToOutgoingContext(caller, "x-a", "1", "x-b", "2", "x-c", "3")
	named := metadata.AppendToOutgoingContext(caller, "x-request-id", "mine")
	for _, tt := range []struct {
		name          string
		ctx           context.Context
		opts          []interceptors.Option
		unary, stream float64
	}{
		{"credentials", bare, nil, 2, 3},
		{"credentials and a proxy's", bare, []interceptors.Option{proxy}, 2, 3},
		{"credentials and constant pairs", bare, []interceptors.Option{interceptors.WithRequestMetadata(metadata.Pairs("x-team", "a"))}, 2, 3},
		{"credentials and the caller's own metadata", caller, nil, 5, 6},
		{"credentials and a request id", bare, []interceptors.Option{id}, 4, 5},
		{"the same and metadata of the call's own", many, []interceptors.Option{id}, 4, 5},
		{"the same and a request id among it", named, []interceptors.Option{id}, 5, 6},
		{"everything", many, []interceptors.Option{proxy, id, interceptors.WithRequestMetadata(metadata.Pairs("x-team", "a"))}, 4, 5},
	} {
		unary := interceptors.UnaryClientAuth(newSteady(), tt.opts...)
		gotUnary := testing.AllocsPerRun(runs, func() { _ = unary(tt.ctx, method, nil, nil, nil, invoker) })
		stream := interceptors.StreamClientAuth(newSteady(), tt.opts...)
		gotStream := testing.AllocsPerRun(runs, func() {
			s, _ := stream(tt.ctx, desc, nil, method, streamer)
			_ = s.SendMsg(req)
			_ = s.CloseSend()
			for err := error(nil); err == nil; {
				err = s.RecvMsg(nil)
			}
		})
		t.Logf("%s: %v allocations, %v for a stream", tt.name, gotUnary, gotStream)
		if gotUnary > tt.unary || gotStream > tt.stream {
			t.Errorf("want at most %v, and %v for a stream", tt.unary, tt.stream)
		}
	}
}

// countingStream has ten messages.
type countingStream struct {
	grpc.ClientStream
	received int
}

func (*countingStream) SendMsg(any) error { return nil }
func (*countingStream) CloseSend() error  { return nil }
func (s *countingStream) RecvMsg(any) error {
	if s.received++; s.received > 10 {
		return io.EOF
	}
	return nil
}

func TestAllocationsOfAMessage(t *testing.T) { //nolint:paralleltest // see above
	inner := &countingStream{received: math.MinInt}
	streamer := func(context.Context, *grpc.StreamDesc, *grpc.ClientConn, string, ...grpc.CallOption) (grpc.ClientStream, error) {
		return inner, nil
	}
	for _, desc := range []*grpc.StreamDesc{{ServerStreams: true}, {ServerStreams: true, ClientStreams: true}} {
		s, err := interceptors.StreamClientAuth(newSteady(), interceptors.WithRequestID())(t.Context(), desc, nil, method, streamer)
		if err != nil {
			t.Fatal(err)
		}
		req := &testpb.StreamingOutputCallRequest{}
		if err := s.SendMsg(req); err != nil {
			t.Fatal(err)
		}
		if err := s.RecvMsg(nil); err != nil { // the first response settles the stream
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(runs, func() { _ = s.RecvMsg(nil) }); got != 0 {
			t.Errorf("receiving takes %v allocations", got)
		}
		if got := testing.AllocsPerRun(runs, func() { _ = s.SendMsg(req) }); got != 0 {
			t.Errorf("sending takes %v allocations", got)
		}
	}
}

// The same over gRPC, client and server together, next to calls whose headers
// were ready beforehand.
func TestAllocationsOverGRPC(t *testing.T) { //nolint:paralleltest // see above
	ready := func(id bool) (ctxs []context.Context) {
		for i := range grpcRuns + 1 {
			ctx := withHeader(t.Context())
			if id {
				ctx = metadata.AppendToOutgoingContext(ctx, "x-request-id", fmt.Sprintf("01234567-0123-4123-8123-%012d", i))
			}
			ctxs = append(ctxs, ctx)
		}
		return ctxs
	}
	for _, tt := range []struct {
		name          string
		way           string
		floor         []context.Context
		unary, stream float64
	}{
		{"credentials", "ours", ready(false), 2, 3},
		{"credentials and a request id", "ours+id", ready(true), 4, 5},
	} {
		var floor, ours way
		for _, w := range ways() {
			switch w.name {
			case "base":
				floor = w
			case tt.way:
				ours = w
			}
		}
		bare, full := floor.dial(t), ours.dial(t)
		extra := func(call func(testpb.TestServiceClient, context.Context)) float64 {
			least := math.Inf(1)
			for range 5 { // what else the process does can only add
				i := 0
				with := testing.AllocsPerRun(grpcRuns, func() { call(full, t.Context()) })
				without := testing.AllocsPerRun(grpcRuns, func() { call(bare, tt.floor[i]); i++ })
				least = min(least, with-without)
			}
			return least
		}
		unary := extra(func(tc testpb.TestServiceClient, ctx context.Context) {
			if _, err := tc.EmptyCall(ctx, &testpb.Empty{}); err != nil {
				t.Fatal(err)
			}
		})
		stream := extra(func(tc testpb.TestServiceClient, ctx context.Context) { readAll(ctx, t, tc, 1) })
		t.Logf("%s: %v more allocations than with ready-made headers, %v for a stream", tt.name, unary, stream)
		if unary > tt.unary || stream > tt.stream {
			t.Errorf("want at most %v, and %v for a stream", tt.unary, tt.stream)
		}
	}
}
