package bench_test

import (
	"context"
	"errors"
	"io"
	"testing"

	testpb "google.golang.org/grpc/interop/grpc_testing"
)

// shape is one kind of call.
type shape struct {
	name string
	call func(context.Context, testpb.TestServiceClient) error
}

var shapes = []shape{
	{"unary", func(ctx context.Context, tc testpb.TestServiceClient) error {
		_, err := tc.EmptyCall(ctx, &testpb.Empty{})
		return err
	}},
	{"stream1", readAll(1)},
	{"stream1000", readAll(1000)},
}

// readAll opens a server stream of so many messages and reads it to its end.
func readAll(messages int32) func(context.Context, testpb.TestServiceClient) error {
	return func(ctx context.Context, tc testpb.TestServiceClient) error {
		s, err := tc.StreamingOutputCall(ctx, &testpb.StreamingOutputCallRequest{
			ResponseParameters: []*testpb.ResponseParameters{{Size: messages}},
		})
		for err == nil {
			_, err = s.Recv()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
}

// BenchmarkCall counts client and server together. Allocations and bytes are
// exact: what a way costs is its difference from the floor. Times tell little
// from one run to the next; BenchmarkRatio is for them.
func BenchmarkCall(b *testing.B) {
	for _, sh := range shapes {
		for _, w := range ways(b) {
			b.Run("sh="+sh.name+"/v="+w.name, func(b *testing.B) {
				tc, ctx := w.dial(b), w.context(b.Context())
				b.ReportAllocs()
				for b.Loop() {
					if err := sh.call(ctx, tc); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
