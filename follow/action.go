package follow

import (
	"context"
	"hash/maphash"
	"iter"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// rootAction is the name of a run's first action, whose state is that of the run.
const rootAction = "a0"

// ActionClient is what it takes to follow one action: a RunServiceClient has it.
type ActionClient interface {
	WatchActionDetails(
		ctx context.Context, in *workflowpb.WatchActionDetailsRequest, opts ...grpc.CallOption,
	) (grpc.ServerStreamingClient[workflowpb.WatchActionDetailsResponse], error)
	DetailsClient
}

// DetailsClient reads an action once: a RunServiceClient has it.
type DetailsClient interface {
	GetActionDetails(
		ctx context.Context, in *workflowpb.GetActionDetailsRequest, opts ...grpc.CallOption,
	) (*workflowpb.GetActionDetailsResponse, error)
}

// WatchRun follows a run through its root action; see [WatchAction]. (WatchRunDetails of
// current backends has no details.)
func WatchRun(
	ctx context.Context, client ActionClient, run *commonpb.RunIdentifier, opts ...Option,
) iter.Seq2[*workflowpb.ActionDetails, error] {
	return WatchAction(ctx, client, &commonpb.ActionIdentifier{Run: run, Name: rootAction}, opts...)
}

// WatchAction follows an action until its status is terminal: SUCCEEDED, FAILED, ABORTED,
// TIMED_OUT or RECOVERED. It yields the action in full each time that something in it has
// changed, at first as it is, and at last in its terminal status.
//
// The latest state counts: what came and went while there was no connection, or faster
// than the backend tells, is not shown, but no state is yielded twice in a row, and the
// terminal one is never missed. Backends end the watch with the last attempt, mostly before
// the status follows; it goes on then until the status is terminal. An action that the
// backend does not know ends it with NotFound.
func WatchAction(
	ctx context.Context, client ActionClient, id *commonpb.ActionIdentifier, opts ...Option,
) iter.Seq2[*workflowpb.ActionDetails, error] {
	return func(yield func(*workflowpb.ActionDetails, error) bool) {
		w := &actionWatch{client: client, id: id, seed: maphash.MakeSeed(), yield: yield}
		f := follower[*workflowpb.WatchActionDetailsResponse]{
			cfg: newConfig(opts), open: w.open, ended: w.read, check: w.check,
			take: func(_ context.Context, m *workflowpb.WatchActionDetailsResponse) (bool, error) {
				return w.take(m.GetDetails())
			},
		}
		if err := f.run(ctx); err != nil {
			yield(nil, &Error{Op: "watch action", Subject: actionText(id), Err: err})
		}
	}
}

type actionWatch struct {
	client ActionClient
	id     *commonpb.ActionIdentifier
	yield  func(*workflowpb.ActionDetails, error) bool

	seed   maphash.Seed
	latest atomic.Uint64 // what was yielded last, by its hash
	buffer []byte        // of take
}

func (w *actionWatch) open(ctx context.Context) (stream[*workflowpb.WatchActionDetailsResponse], error) {
	return w.client.WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: w.id})
}

// take yields d if it differs from what was yielded last.
func (w *actionWatch) take(d *workflowpb.ActionDetails) (news bool, err error) {
	if d.GetStatus() == nil {
		return false, nil
	}
	now := w.hash(d, &w.buffer)
	if now != w.latest.Load() {
		w.latest.Store(now)
		news = true
		if !w.yield(d, nil) {
			return news, errLeft
		}
	}
	if terminal(d.GetStatus().GetPhase()) {
		return news, errDone
	}
	return news, nil
}

// read reads the action itself, after the end of a watch.
func (w *actionWatch) read(ctx context.Context) error {
	d, err := w.details(ctx)
	if err == nil {
		_, err = w.take(d)
	}
	return err
}

func (w *actionWatch) check(ctx context.Context, _ int) (lags func() bool, err error) {
	d, err := w.details(ctx)
	if err != nil {
		return nil, err
	}
	before, now := w.latest.Load(), w.hash(d, new([]byte))
	if now == before {
		return nil, nil //nolint:nilnil // nothing lags
	}
	return func() bool { return w.latest.Load() == before }, nil
}

func (w *actionWatch) details(ctx context.Context) (*workflowpb.ActionDetails, error) {
	return readDetails(ctx, w.client, w.id)
}

func readDetails(ctx context.Context, client DetailsClient, id *commonpb.ActionIdentifier) (*workflowpb.ActionDetails, error) {
	get := func(ctx context.Context, req *workflowpb.GetActionDetailsRequest) (*workflowpb.GetActionDetailsResponse, error) {
		return client.GetActionDetails(ctx, req)
	}
	answer, err := ask(ctx, get, &workflowpb.GetActionDetailsRequest{ActionId: id})
	return answer.GetDetails(), err
}

// hash returns a hash of all of d; 0 stands for no state, so it is never that.
func (w *actionWatch) hash(d *workflowpb.ActionDetails, buffer *[]byte) uint64 {
	text, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend((*buffer)[:0], d)
	if err != nil {
		return w.latest.Load() + 1 // text that is not UTF-8: always news
	}
	*buffer = text
	return max(maphash.Bytes(w.seed, text), 1)
}
