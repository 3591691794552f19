package clientset_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// minimal is a server that does as little as one can.
type minimal struct {
	projectpb.UnimplementedProjectServiceServer
	workflowpb.UnimplementedRunServiceServer
	clusterpb.UnimplementedClusterServiceServer
}

// minimalData is another part of minimal: two of their methods have the same name.
type minimalData struct {
	dataproxypb.UnimplementedDataProxyServiceServer
}

// SelectCluster names the server itself, as most do.
func (minimal) SelectCluster(context.Context, *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
	return &clusterpb.SelectClusterResponse{ClusterEndpoint: "http://localhost"}, nil
}

func (minimalData) GetActionData(context.Context, *dataproxypb.GetActionDataRequest) (*dataproxypb.GetActionDataResponse, error) {
	return &dataproxypb.GetActionDataResponse{}, nil
}

func (minimalData) TailLogs(_ *dataproxypb.TailLogsRequest, s grpc.ServerStreamingServer[dataproxypb.TailLogsResponse]) error {
	return s.Send(&dataproxypb.TailLogsResponse{})
}

func (minimal) GetProject(context.Context, *projectpb.GetProjectRequest) (*projectpb.GetProjectResponse, error) {
	return &projectpb.GetProjectResponse{}, nil
}

func (minimal) WatchRuns(_ *workflowpb.WatchRunsRequest, s grpc.ServerStreamingServer[workflowpb.WatchRunsResponse]) error {
	return s.Send(&workflowpb.WatchRunsResponse{})
}

// services are those of minimal.
type services interface {
	Project() projectpb.ProjectServiceClient
	Run() workflowpb.RunServiceClient
	DataProxy() dataproxypb.DataProxyServiceClient
}

type plain struct {
	project projectpb.ProjectServiceClient
	run     workflowpb.RunServiceClient
	data    dataproxypb.DataProxyServiceClient
}

func (p plain) Project() projectpb.ProjectServiceClient { return p.project }
func (p plain) Run() workflowpb.RunServiceClient        { return p.run }
func (p plain) DataProxy() dataproxypb.DataProxyServiceClient {
	return p.data
}

func getProject(ctx context.Context, s services) error {
	_, err := s.Project().GetProject(ctx, &projectpb.GetProjectRequest{Id: "demo"})
	return err
}

// watchRuns reads a stream of one message to its end.
func watchRuns(ctx context.Context, s services) error {
	runs, err := s.Run().WatchRuns(ctx, &workflowpb.WatchRunsRequest{})
	for err == nil {
		_, err = runs.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

var someAction = &commonpb.ActionIdentifier{
	Run: &commonpb.RunIdentifier{Project: "demo", Domain: "development", Name: "run"}, Name: "a0",
}

// actionData is a call that another cluster may serve.
func actionData(ctx context.Context, s services) error {
	_, err := s.DataProxy().GetActionData(ctx, &dataproxypb.GetActionDataRequest{ActionId: someAction})
	return err
}

func logLines(ctx context.Context, s services) error {
	lines, err := s.DataProxy().TailLogs(ctx, &dataproxypb.TailLogsRequest{ActionId: someAction})
	for err == nil {
		_, err = lines.Recv()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
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
func newSides(tb testing.TB, call func(context.Context, services) error, with func(context.Context) context.Context) sides {
	tb.Helper()
	l := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	projectpb.RegisterProjectServiceServer(server, minimal{})
	workflowpb.RegisterRunServiceServer(server, minimal{})
	dataproxypb.RegisterDataProxyServiceServer(server, minimalData{})
	clusterpb.RegisterClusterServiceServer(server, minimal{})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	dialer := grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) })

	conn, err := grpc.NewClient("passthrough:///localhost", dialer, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		tb.Fatal(err)
	}
	cs, err := clientset.ForEndpoint("passthrough:///localhost", clientset.WithInsecure(),
		clientset.WithFlow(flow.StaticToken("token")), clientset.WithDialOptions(dialer))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if others := cs.ClusterEndpoints(); others != nil {
			tb.Errorf("calls went to %q, want the server's own connection", others)
		}
		if err := cs.Close(); err != nil {
			tb.Error(err)
		}
		_ = conn.Close()
		server.Stop()
		if err := <-served; err != nil {
			tb.Error(err)
		}
	})

	var bare services = plain{projectpb.NewProjectServiceClient(conn), workflowpb.NewRunServiceClient(conn), dataproxypb.NewDataProxyServiceClient(conn)}
	ready, next := readyMade(), 0
	ours := context.Background()
	if with != nil {
		ours = with(ours)
		for i := range ready {
			ready[i] = with(ready[i])
		}
	}
	s := sides{
		bare: func(tb testing.TB) {
			tb.Helper()
			next = (next + 1) % len(ready)
			if err := call(ready[next], bare); err != nil {
				tb.Fatal(err)
			}
		},
		ours: func(tb testing.TB) {
			tb.Helper()
			if err := call(ours, cs); err != nil {
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

// What a warm call of a default ClientSet, which also sends a request id, costs more than
// the same call with ready-made headers: four allocations, whatever metadata it brings, and
// six for a stream, of which one lets Shutdown wait for its end. That the call may be
// another cluster's costs nothing more, and one allocation more for a stream.
func TestWarmCallAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	own := func(ctx context.Context) context.Context { // what both sides bring, and so none of the difference
		return metadata.AppendToOutgoingContext(ctx, "x-team", "blue", "x-run", "7")
	}
	limited, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, tt := range []struct {
		name string
		call func(context.Context, services) error
		ctx  func(context.Context) context.Context
		most float64
	}{
		{"unary", getProject, nil, 4},
		{"unary with metadata of its own", getProject, own, 5},
		{"unary that is routed", actionData, nil, 4},
		{"stream", watchRuns, nil, 6},
		{"stream that is routed", logLines, nil, 7},
		{"stream that can be cancelled", watchRuns, func(ctx context.Context) context.Context {
			md, _ := metadata.FromOutgoingContext(ctx)
			if md == nil {
				return limited
			}
			return metadata.NewOutgoingContext(limited, md)
		}, 6},
	} {
		s := newSides(t, tt.call, tt.ctx)
		bare, ours := allocations(t, s.bare), allocations(t, s.ours)
		t.Logf("%s: allocations: %.2f bare, %.2f ours", tt.name, bare, ours)
		if more := math.Round(ours - bare); more > tt.most {
			t.Errorf("%s: %v allocations more than on a bare connection, want at most %v", tt.name, more, tt.most)
		}
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
		const n = 200
		for range n {
			call(t)
		}
		runtime.ReadMemStats(&after)
		least = min(least, float64(after.Mallocs-before.Mallocs)/n)
	}
	return least
}

func BenchmarkWarmCall(b *testing.B) {
	s := newSides(b, getProject, nil)
	for name, call := range map[string]func(testing.TB){"bare": s.bare, "ours": s.ours} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call(b)
			}
		})
	}
}
