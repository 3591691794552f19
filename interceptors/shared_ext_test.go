package interceptors_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	testpb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"

	"github.com/jetway-go/jetway/interceptors"
)

// All calls share one map of prepared metadata. Other code that changes a call's
// metadata changes that of this call only: interceptors on both sides of ours,
// credentials of the call, gRPC's own kind of them, and a stats handler.
func TestPreparedMetadataIsSharedUnchanged(t *testing.T) {
	t.Parallel()
	const workers, calls = 8, 60
	for name, opts := range map[string][]interceptors.Option{
		"credentials alone": nil,
		"and a constant pair, a request id": {
			interceptors.WithRequestID(), interceptors.WithRequestMetadata(metadata.Pairs("x-team", "a")),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			arrived := &arrivals{}
			tc := testpb.NewTestServiceClient(dial(t, serveGRPC(t, arrived.server()),
				grpc.WithChainUnaryInterceptor(interceptors.UnaryClientAuth(newSteady(), opts...), meddleUnary),
				grpc.WithChainStreamInterceptor(interceptors.StreamClientAuth(newSteady(), opts...), meddleStream),
				grpc.WithStatsHandler(meddler{})))
			var wg sync.WaitGroup
			var ids sync.Map
			for w := range workers {
				wg.Go(func() {
					for i := range calls {
						n := fmt.Sprintf("%d-%d", w, i)
						want := callNumber(t, tc, n, i)
						if len(opts) > 0 {
							want["x-team"] = []string{"a"}
						}
						got := arrived.of(n)
						id := got["x-request-id"]
						if _, before := ids.LoadOrStore(strings.Join(id, ""), n); len(id) != min(len(opts), 1) || before && len(id) > 0 {
							t.Errorf("call %s: request ids %q, in use before: %t", n, id, before)
						}
						delete(got, "x-request-id")
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("call %s arrived as (-want +got):\n%s", n, diff)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// callNumber makes one call, of a kind that depends on i, and returns what has to
// arrive.
func callNumber(t *testing.T, tc testpb.TestServiceClient, n string, i int) metadata.MD {
	t.Helper()
	ctx := context.WithValue(t.Context(), numberKey{}, n)
	want := metadata.MD{authKey: {"Bearer " + jwt}, "x-inner": {n}}
	if i%3 == 1 {
		ctx = metadata.AppendToOutgoingContext(ctx, "x-outer", n, authKey, "to be replaced")
		want["x-outer"] = []string{n}
	}
	if i%4 == 3 {
		ctx = interceptors.WithCallCredentials(ctx, metadata.Pairs(authKey, n))
		want[authKey] = []string{n}
	}
	if i%2 == 0 {
		readAll(ctx, t, tc, 1)
		return want
	}
	want["x-perrpc"] = []string{n}
	if _, err := tc.EmptyCall(ctx, &testpb.Empty{}, grpc.PerRPCCredentials(perRPC(n))); err != nil {
		t.Error(err)
	}
	return want
}

type numberKey struct{}

// meddle writes into everything that gRPC's metadata package gives out, and
// appends.
func meddle(ctx context.Context) context.Context {
	md, _ := metadata.FromOutgoingContext(ctx)
	for _, values := range [][]string{md[authKey], metadata.ValueFromOutgoingContext(ctx, authKey)} {
		if len(values) > 0 { // a call's per-RPC credentials bring it later
			values[0] = "scribbled"
		}
	}
	md.Append(authKey, "more")
	md.Set("x-request-id", "none")
	n, _ := ctx.Value(numberKey{}).(string)
	return metadata.AppendToOutgoingContext(ctx, "x-inner", n)
}

func meddleUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoker grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	return invoker(meddle(ctx), method, req, reply, cc, opts...)
}

func meddleStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, streamer grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return streamer(meddle(ctx), desc, cc, method, opts...)
}

// meddler is a stats handler that writes into the headers it is shown.
type meddler struct{}

func (meddler) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (meddler) HandleConn(context.Context, stats.ConnStats)                       {}
func (meddler) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (meddler) HandleRPC(_ context.Context, s stats.RPCStats) {
	if out, ok := s.(*stats.OutHeader); ok {
		for _, values := range out.Header {
			values[0] = "scribbled"
		}
		clear(out.Header)
	}
}

type perRPC string

func (p perRPC) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"x-perrpc": string(p)}, nil
}

func (perRPC) RequireTransportSecurity() bool { return false }

// arrivals is what a server received of each call.
type arrivals struct{ calls sync.Map }

func (a *arrivals) note(ctx context.Context) {
	md, _ := metadata.FromIncomingContext(ctx)
	for key := range md {
		if key != authKey && !strings.HasPrefix(key, "x-") {
			delete(md, key) // gRPC's own
		}
	}
	a.calls.Store(md["x-inner"][0], md)
}

func (a *arrivals) of(n string) metadata.MD {
	md, _ := a.calls.Load(n)
	got, _ := md.(metadata.MD)
	return got
}

func (a *arrivals) server() *grpc.Server {
	return (&quietService{}).server(
		grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
			a.note(ctx)
			return h(ctx, req)
		}),
		grpc.ChainStreamInterceptor(func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, h grpc.StreamHandler) error {
			a.note(ss.Context())
			return h(srv, ss)
		}))
}
