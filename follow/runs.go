package follow

import (
	"context"
	"iter"
	"time"

	"google.golang.org/grpc"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// RunsClient is what it takes to follow the runs of a project: a RunServiceClient has it.
type RunsClient interface {
	WatchRuns(
		ctx context.Context, in *workflowpb.WatchRunsRequest, opts ...grpc.CallOption,
	) (grpc.ServerStreamingClient[workflowpb.WatchRunsResponse], error)
	RunsLister
}

// RunsLister lists runs: a RunServiceClient has it.
type RunsLister interface {
	ListRuns(ctx context.Context, in *workflowpb.ListRunsRequest, opts ...grpc.CallOption) (*workflowpb.ListRunsResponse, error)
}

// WatchRuns follows the runs of req's target: first those that the backend sends at the
// start (unfinished ones first; the open-source backend sends 101 at most), then each one
// whose status changes. It ends only with an error, so leave the loop, or end ctx.
//
// No state of a run is yielded twice in a row, and the latest state always is: after a cut
// the new stream starts with a selection again, so that runs that have changed since are
// also read with ListRuns by updated_at, before and beyond that selection. What came and
// went in the meantime is not shown. Runs are yielded in the order in which they become
// known, which after a cut is not that of the changes. A new run is yielded when it leaves
// its first phase, as backends announce it only then. Runs cannot be deleted.
//
// A target by cluster has no list: after a cut, changes of runs that are not in the new
// selection are missing until their next change. The same holds for a backend that refuses
// the list; the logger gets a warning.
//
// It keeps some 40 bytes for each run that it has yielded.
func WatchRuns(
	ctx context.Context, client RunsClient, req *workflowpb.WatchRunsRequest, opts ...Option,
) iter.Seq2[*workflowpb.Run, error] {
	return func(yield func(*workflowpb.Run, error) bool) {
		cfg := newConfig(opts)
		w := &runsWatch{client: client, req: req, cfg: cfg, runs: newTracker(cfg.clock), yield: yield, began: cfg.clock.Read().Wall()}
		f := follower[*workflowpb.WatchRunsResponse]{cfg: cfg, open: w.open, take: w.take, check: w.check}
		if err := f.run(ctx); err != nil {
			yield(nil, &Error{Op: "watch runs", Subject: targetText(req), Err: err})
		}
	}
}

func targetText(req *workflowpb.WatchRunsRequest) string {
	id, task := req.GetProjectId(), req.GetTaskId()
	return joined(req.GetOrg(), id.GetOrganization(), id.GetName(), id.GetDomain(), req.GetClusterId().GetName(),
		task.GetOrg(), task.GetProject(), task.GetDomain(), task.GetName(), task.GetVersion())
}

type runsWatch struct {
	client RunsClient
	req    *workflowpb.WatchRunsRequest
	cfg    *config
	runs   *tracker
	yield  func(*workflowpb.Run, error) bool
	began  time.Time // by this machine's clock
	opened bool      // a stream, before
	gap    bool      // since an earlier stream, changes may be missing
}

func (w *runsWatch) open(ctx context.Context) (stream[*workflowpb.WatchRunsResponse], error) {
	w.gap, w.opened = w.opened, true
	return w.client.WatchRuns(ctx, w.req)
}

func (w *runsWatch) take(ctx context.Context, m *workflowpb.WatchRunsResponse) (news bool, err error) {
	for _, r := range m.GetRuns() {
		if !w.runs.streamed(r) {
			continue
		}
		news = true
		if !w.yield(r, nil) {
			return news, errLeft
		}
	}
	if !w.gap {
		return news, nil
	}
	// The server has subscribed us by now: what changes after the list is streamed.
	more, err := w.catchUp(ctx)
	w.gap = err != nil
	return news || more, err
}
