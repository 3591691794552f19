package follow_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// server is a backend whose server can be killed; its state survives.
type server struct {
	*backend.Backend

	address string
	grpc    *grpc.Server
	serving sync.WaitGroup
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{Backend: backend.New(backend.Config{}), address: "127.0.0.1:0"}
	s.AddProject(backend.Project{ID: "demo"})
	s.start(t)
	t.Cleanup(func() { s.Close(); s.kill() })
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.address, s.grpc = l.Addr().String(), grpc.NewServer()
	s.Register(s.grpc)
	now := s.grpc
	s.serving.Go(func() { _ = now.Serve(l) })
}

func (s *server) kill() { s.grpc.Stop(); s.serving.Wait() }

// quick connects with short pauses.
func quick(t *testing.T, dial func(context.Context, string) (net.Conn, error), address string) *grpc.ClientConn {
	t.Helper()
	pauses := backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1.2, MaxDelay: 100 * time.Millisecond}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: pauses, MinConnectTimeout: time.Second}),
	}
	if dial != nil {
		opts = append(opts, grpc.WithContextDialer(dial))
	}
	cc, err := grpc.NewClient("passthrough:///"+address, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

// writing is a run that writes lines for a time, five of each ten equal and at one time.
func writing(beats int, beat time.Duration) (plan backend.Timeline, lines []string) {
	plan.Steps = append(plan.Steps, backend.Step{Phase: running})
	for i := range beats {
		some := []string{"same", "same", "same", "same", "same"}
		for n := range 5 {
			some = append(some, fmt.Sprintf("beat %d, line %d", i, n))
		}
		plan.Steps = append(plan.Steps, backend.Step{After: beat, Logs: some})
		lines = append(lines, some...)
	}
	plan.Steps = append(plan.Steps, backend.Step{Phase: done})
	return plan, lines
}

// JETWAY_TEST_RESTARTS kills the server that many times, every two seconds.
func TestAServerThatIsKilledAgainAndAgainCostsNothing(t *testing.T) {
	t.Parallel()
	restarts, period := 3, 500*time.Millisecond
	if text := os.Getenv("JETWAY_TEST_RESTARTS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		restarts, period = n, 2*time.Second
	}
	s := newServer(t)
	plan, lines := writing(int(time.Duration(restarts+1)*period/(20*time.Millisecond)), 20*time.Millisecond)
	s.SetTimeline("", plan)
	opts := []follow.Option{follow.WithBackoff(10*time.Millisecond, 200*time.Millisecond), follow.WithSilence(300 * time.Millisecond)}
	cc := quick(t, nil, s.address)
	run := start(t, cc, nil)
	s.SetTimeline("", backend.DefaultTimeline())
	runs := workflowpb.NewRunServiceClient(cc)

	var all sync.WaitGroup
	all.Go(func() {
		got, err := texts(t.Context(), logClients(cc), &dataproxypb.TailLogsRequest{
			ActionId: &commonpb.ActionIdentifier{Run: run, Name: "a0"}, Attempt: 1,
		}, opts...)
		if err != nil || !slices.Equal(got, lines) {
			t.Errorf("%d of %d lines, %v", len(got), len(lines), err)
		}
	})
	all.Go(func() {
		if d, err := follow.Wait(t.Context(), runs, run, opts...); err != nil || d.GetStatus().GetPhase() != done {
			t.Errorf("waited for %v, %v", d.GetStatus(), err)
		}
	})
	var mu sync.Mutex // of seen
	seen, watch := history{}, make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		defer close(watch)
		target := &workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: project()}}
		for r, err := range follow.WatchRuns(ctx, runs, target, opts...) {
			if err == nil {
				mu.Lock()
				seen.add(t, r.GetAction().GetId().GetRun().GetName(), stateOf(r.GetAction().GetStatus()))
				mu.Unlock()
			}
		}
	}()

	for range restarts { // two hundred and more runs at once, so that the selection leaves some out
		for end := time.Now().Add(period); time.Now().Before(end); {
			time.Sleep(10 * time.Millisecond)
			_, err := runs.CreateRun(t.Context(), &workflowpb.CreateRunRequest{
				Id:   &workflowpb.CreateRunRequest_ProjectId{ProjectId: project()},
				Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
			})
			if err != nil {
				t.Error(err)
			}
		}
		s.kill()
		time.Sleep(100 * time.Millisecond)
		s.start(t)
		for _, err := runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: run}); err != nil; {
			time.Sleep(10 * time.Millisecond)
			_, err = runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: run})
		}
	}
	all.Wait()
	time.Sleep(3 * time.Second) // a stream whose last message was lost is noticed
	// unlike lists the runs whose state is another one than was seen last.
	unlike := func() (n int, all []string) {
		mu.Lock()
		defer mu.Unlock()
		for r, err := range follow.ListRuns(t.Context(), runs, nil) {
			if err != nil {
				t.Fatal(err)
			}
			n++
			name := r.GetAction().GetId().GetRun().GetName()
			if states := seen[name]; len(states) == 0 || states[len(states)-1] != stateOf(r.GetAction().GetStatus()) {
				all = append(all, fmt.Sprintf("%s is %v and was seen %v", name, r.GetAction().GetStatus().GetPhase(), states))
			}
		}
		return n, all
	}
	n, late := unlike()
	for end := time.Now().Add(time.Minute); len(late) > 0 && time.Now().Before(end); n, late = unlike() {
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	<-watch
	for _, one := range late {
		t.Error(one)
	}
	t.Logf("%d restarts, %d runs, %d lines", restarts, n, len(lines))
}

// scissoredConn is cut after a number of bytes that the server sent.
type scissoredConn struct {
	net.Conn

	left int
}

func (c *scissoredConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		_ = c.Close()
		return 0, net.ErrClosed
	}
	n, err := c.Conn.Read(b[:min(len(b), c.left)])
	c.left -= n
	return n, err
}

func TestAConnectionThatIsCutAtAnyByteCostsNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	opts := []follow.Option{follow.WithBackoff(time.Millisecond, 20*time.Millisecond), follow.WithMaxFailures(100)}
	for seed := range max(seeds(t)/6, 1) {
		r := newRandom(uint64(seed))
		cuts := &scissors{random: r, left: 12}
		dial := func(ctx context.Context, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil || !cuts.take() {
				return c, err
			}
			return &scissoredConn{Conn: c, left: 100 + r.n(8000)}, nil
		}
		plan, lines := writing(40, time.Millisecond)
		s.SetTimeline("", plan)
		run := start(t, quick(t, nil, s.address), nil)
		cc := quick(t, dial, s.address)
		got, err := texts(t.Context(), logClients(cc), &dataproxypb.TailLogsRequest{
			ActionId: &commonpb.ActionIdentifier{Run: run, Name: "a0"}, Attempt: 1,
		}, append(opts, follow.WithLogGrace(0, time.Millisecond))...)
		if err != nil || !slices.Equal(got, lines) {
			t.Fatalf("seed %d, %d cuts: %d of %d lines, %v", seed, cuts.made, len(got), len(lines), err)
		}
		if d, err := follow.Wait(t.Context(), workflowpb.NewRunServiceClient(cc), run, opts...); err != nil {
			t.Fatalf("seed %d: %v, %v", seed, d, err)
		}
	}
}
