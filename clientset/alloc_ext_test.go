package clientset_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// echoProjects is a server that does as little as one can.
type echoProjects struct {
	projectpb.UnimplementedProjectServiceServer
}

func (echoProjects) GetProject(context.Context, *projectpb.GetProjectRequest) (*projectpb.GetProjectResponse, error) {
	return &projectpb.GetProjectResponse{}, nil
}

// sides are one and the same call, made two ways.
type sides struct {
	bare, ours func(tb testing.TB)
}

// readyMade are contexts with all that our calls carry, made beforehand: a token,
// and a request id that is another one each time, since a header that changes
// costs both ends of a connection more than one that stays.
func readyMade() []context.Context {
	ready := make([]context.Context, 1000)
	for i := range ready {
		ready[i] = metadata.AppendToOutgoingContext(context.Background(),
			"authorization", "Bearer token", "x-request-id", fmt.Sprintf("%08x-8d9e-4c5b-9d0c-0123456789ab", rand.Uint32()))
	}
	return ready
}

// newSides compares a default ClientSet with a bare connection, against a server
// in the same process. The server's work is the same for both, so that what is
// left of a difference is the client's.
func newSides(tb testing.TB) sides {
	tb.Helper()
	l := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	projectpb.RegisterProjectServiceServer(server, echoProjects{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	dialer := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })

	conn, err := grpc.NewClient("passthrough:///localhost", dialer, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	cs, err := clientset.ForEndpoint("passthrough:///localhost", clientset.WithInsecure(),
		clientset.WithFlow(flow.Token("token")), clientset.WithDialOptions(dialer))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := cs.Close(); err != nil {
			tb.Error(err)
		}
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})

	req := &projectpb.GetProjectRequest{Id: "demo"}
	bare := projectpb.NewProjectServiceClient(conn)
	ready, next := readyMade(), 0
	s := sides{
		bare: func(tb testing.TB) {
			tb.Helper()
			next = (next + 1) % len(ready)
			if _, err := bare.GetProject(ready[next], req); err != nil {
				tb.Fatal(err)
			}
		},
		ours: func(tb testing.TB) {
			tb.Helper()
			if _, err := cs.Project().GetProject(context.Background(), req); err != nil {
				tb.Fatal(err)
			}
		},
	}
	for range 100 { // warm
		s.bare(tb)
		s.ours(tb)
	}
	return s
}

// A warm call of a default ClientSet, which also carries a request id, costs at
// most four allocations more than the same call with ready-made headers.
func TestWarmCallAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	s := newSides(t)
	bare, ours := allocations(t, s.bare), allocations(t, s.ours)
	t.Logf("allocations a call: %.2f bare, %.2f ours", bare, ours)
	if more := math.Round(ours - bare); more > 4 {
		t.Errorf("%v allocations more than a bare call, want at most 4", more)
	}
}

// allocations is testing.AllocsPerRun without its rounding down: under the race
// detector pools forget things at random, and the mean is no whole number. What
// the runtime does beside the calls only ever adds, so that the least of several
// means is the calls' own.
func allocations(t *testing.T, call func(testing.TB)) float64 {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	least := math.Inf(1)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		const n = 400
		for range n {
			call(t)
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/n)
	}
	return least
}

func BenchmarkWarmCall(b *testing.B) {
	s := newSides(b)
	for name, call := range map[string]func(testing.TB){"bare": s.bare, "ours": s.ours} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call(b)
			}
		})
	}
}
