package backend

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const few, many = 1_000, 100_000

// filled returns a backend with n tasks in project p1 and n runs of the first, of which
// none changes by itself.
func filled(tb testing.TB, n int) *Backend {
	tb.Helper()
	b := New(Config{})
	tb.Cleanup(b.Close)
	b.AddProject(Project{ID: "p1"})
	b.SetTimeline("", Timeline{})
	b.SetStatusLag(0)
	for i := range n {
		if _, err := (taskServer{b: b}).DeployTask(tb.Context(), &taskpb.DeployTaskRequest{TaskId: nthTask(i), Spec: plainSpec()}); err != nil {
			tb.Fatal(err)
		}
	}
	what, err := b.resolveTask(nthRun(0))
	if err != nil {
		tb.Fatal(err)
	}
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	for i := range n {
		b.runs.start(keyOf(nthRun(i).GetRunId()), nthRun(i), what, nil)
	}
	return b
}

func nthTask(n int) *taskpb.TaskIdentifier { return p1Task(fmt.Sprintf("env.t%d", n)) }

func nthRun(n int) *workflowpb.CreateRunRequest {
	req := createRun(fmt.Sprintf("r%d", n))
	req.Task = &workflowpb.CreateRunRequest_TaskId{TaskId: nthTask(0)}
	return req
}

// finish ends a run, as its timeline would.
func (b *Backend) finish(n int) {
	r := b.runs
	r.mu.Lock()
	defer r.mu.Unlock()
	a, now := r.byKey[keyOf(nthRun(n).GetRunId())].root(), b.cfg.Now()
	a.enterAttempt(succeeded, now)
	r.touch(a, a.enter(succeeded, now), now)
}

// visited returns how many rows and actions do looks at.
func (b *Backend) visited(do func()) int {
	count := func() int {
		b.runs.mu.Lock()
		defer b.runs.mu.Unlock()
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.runs.visits + b.tasks.visits
	}
	before := count()
	do()
	return count() - before
}

// work is what must not take longer the more there is.
func work(tb testing.TB, b *Backend, n int) map[string]func() {
	tb.Helper()
	runs, tasks := &runServer{runs: b.runs}, taskServer{b: b}
	p1 := &commonpb.ProjectIdentifier{Name: "p1", Domain: "development"}
	listRuns := func(req *workflowpb.ListRunsRequest) func() {
		return func() {
			if got, err := runs.ListRuns(tb.Context(), req); err != nil || len(got.GetRuns()) == 0 {
				tb.Errorf("ListRuns %v: %v", req, err)
			}
		}
	}
	listTasks := func(req *taskpb.ListTasksRequest) func() {
		return func() {
			if got, err := tasks.ListTasks(tb.Context(), req); err != nil || len(got.GetTasks()) == 0 {
				tb.Errorf("ListTasks %v: %v", req, err)
			}
		}
	}
	equal := func(column, value string) *commonpb.ListRequest {
		return &commonpb.ListRequest{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, column, value)}}
	}
	last := &commonpb.ListRequest{Token: fmt.Sprint(n - 10)}
	return map[string]func(){
		"ListRuns":                   listRuns(&workflowpb.ListRunsRequest{}),
		"ListRuns, last page":        listRuns(&workflowpb.ListRunsRequest{Request: last}),
		"ListRuns of a project":      listRuns(&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: p1}}),
		"ListRuns of a task":         listRuns(&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TaskId{TaskId: nthTask(0)}}),
		"ListRuns, filter project":   listRuns(&workflowpb.ListRunsRequest{Request: equal("project", "p1")}),
		"ListRuns, filter domain":    listRuns(&workflowpb.ListRunsRequest{Request: equal("domain", "development")}),
		"ListRuns, filter run_name":  listRuns(&workflowpb.ListRunsRequest{Request: equal("run_name", "r7")}),
		"ListRuns, filter task_name": listRuns(&workflowpb.ListRunsRequest{Request: equal("task_name", "env.t0")}),
		"ListTasks":                  listTasks(&taskpb.ListTasksRequest{}),
		"ListTasks, last page":       listTasks(&taskpb.ListTasksRequest{Request: last}),
		"ListTasks of a project":     listTasks(&taskpb.ListTasksRequest{ScopeBy: &taskpb.ListTasksRequest_ProjectId{ProjectId: p1}}),
		"ListTasks, filter name":     listTasks(&taskpb.ListTasksRequest{Request: equal("name", "env.t7")}),
		"DeployTask of a version": func() {
			_, _ = tasks.DeployTask(tb.Context(), &taskpb.DeployTaskRequest{TaskId: nthTask(3), Spec: plainSpec()})
		},
		"WatchGroups, one message":    func() { b.runs.groups(&workflowpb.WatchGroupsRequest{}) },
		"GetTaskDetails of a version": func() { _, _ = tasks.GetTaskDetails(tb.Context(), &taskpb.GetTaskDetailsRequest{TaskId: nthTask(3)}) },
	}
}

// What a page or a change looks at must not grow with what there is; a search in an index
// grows by its logarithm.
func TestPagesAndChangesVisitTheSameAtAnySize(t *testing.T) {
	t.Parallel()
	type result struct{ pages, changes map[string]int }
	at := func(n int) (out result) {
		b := filled(t, n)
		out.pages, out.changes = map[string]int{}, map[string]int{}
		for name, do := range work(t, b, n) {
			out.pages[name] = b.visited(do)
		}
		out.changes["a change under a watch"] = visitedUnderAWatch(t, b, func() { b.finish(1) })
		out.changes["CreateRun under a watch"] = visitedUnderAWatch(t, b, func() {
			if _, err := (&runServer{runs: b.runs}).CreateRun(t.Context(), nthRun(n)); err != nil {
				t.Error(err)
			}
		})
		return out
	}
	small, large := at(few), at(many)
	for _, kind := range []struct{ small, large map[string]int }{{small.pages, large.pages}, {small.changes, large.changes}} {
		for name, n := range kind.small {
			t.Logf("%-28s %6d of %d, %6d of %d", name, n, few, kind.large[name], many)
			if kind.large[name] > 2*n {
				t.Errorf("%s visits %d of %d, and %d of %d: more than twice as many", name, n, few, kind.large[name], many)
			}
		}
	}
}

// visitedUnderAWatch returns how much a change looks at while WatchRuns is open, which
// sees it.
func visitedUnderAWatch(t *testing.T, b *Backend, change func()) int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stream := &sink{ctx: ctx, sent: make(chan struct{}, 1000)}
	ended := make(chan error, 1)
	go func() { ended <- (&runServer{runs: b.runs}).WatchRuns(&workflowpb.WatchRunsRequest{}, stream) }()
	<-stream.sent // what there is
	n := b.visited(func() {
		change()
		b.finish(2) // what the watch sends
		<-stream.sent
	})
	b.runs.mu.Lock()
	a := b.runs.byKey[keyOf(nthRun(2).GetRunId())].root()
	b.runs.touch(a, a.enter(queued, b.cfg.Now()), b.cfg.Now())
	b.runs.mu.Unlock()
	cancel()
	wantCode(t, <-ended, codes.Canceled)
	return n
}

// sink is the server's side of a stream, which takes what is sent.
type sink struct {
	grpc.ServerStream

	ctx  context.Context
	sent chan struct{}
}

func (s *sink) Context() context.Context { return s.ctx }

func (s *sink) Send(*workflowpb.WatchRunsResponse) error {
	s.sent <- struct{}{}
	return nil
}

// One change wakes the watches of its own run, not every run that waits.
func TestAChangeWakesItsOwnRunOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{})
		defer b.Close()
		b.AddProject(Project{ID: "p1"})
		b.SetTimeline("", held(running, succeeded))
		runs := &runServer{runs: b.runs}
		if err := (taskServer{b: b}).deployPlain(t.Context()); err != nil {
			t.Fatal(err)
		}
		const waiting = 1000
		for i := range waiting {
			if _, err := runs.CreateRun(t.Context(), nthRun(i)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		n := b.visited(func() {
			b.Advance("r7")
			time.Sleep(time.Second)
			synctest.Wait()
		})
		if n > waiting/2 {
			t.Errorf("one step of one run visited %d, with %d runs that wait", n, waiting)
		}
	})
}

func (s taskServer) deployPlain(ctx context.Context) error {
	_, err := s.DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: nthTask(0), Spec: plainSpec()})
	return err
}

// BenchmarkScale times what TestPagesAndChangesVisitTheSameAtAnySize counts.
func BenchmarkScale(b *testing.B) {
	for _, n := range []int{few, many} {
		var filledOnce *Backend
		for _, name := range []string{"ListRuns", "ListRuns, last page", "ListTasks", "ListTasks, last page", "DeployTask of a version"} {
			b.Run(fmt.Sprintf("%s/n=%d", name, n), func(b *testing.B) {
				if filledOnce == nil {
					filledOnce = filled(b, n)
				}
				do := work(b, filledOnce, n)[name]
				for b.Loop() {
					do()
				}
			})
		}
		b.Run(fmt.Sprintf("CreateRun under WatchRuns/n=%d", n), func(b *testing.B) {
			on := filled(b, n)
			ctx, cancel := context.WithCancel(b.Context())
			stream := &sink{ctx: ctx, sent: make(chan struct{}, 1<<20)}
			ended := make(chan error, 1)
			go func() { ended <- (&runServer{runs: on.runs}).WatchRuns(&workflowpb.WatchRunsRequest{}, stream) }()
			<-stream.sent
			for i := n; b.Loop(); i++ {
				if _, err := (&runServer{runs: on.runs}).CreateRun(ctx, nthRun(i)); err != nil {
					b.Fatal(err)
				}
			}
			cancel()
			if err := <-ended; status.Code(err) != codes.Canceled {
				b.Error(err)
			}
		})
	}
}
