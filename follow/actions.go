package follow

import (
	"context"
	"iter"
	"log/slog"
	"maps"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// fullMessage is the number of actions with which a message of WatchActions is full, so
// that another one with more of the current actions follows.
const fullMessage = 1000

// ActionsClient is what it takes to follow the actions of a run: a RunServiceClient has it.
type ActionsClient interface {
	WatchActions(
		ctx context.Context, in *workflowpb.WatchActionsRequest, opts ...grpc.CallOption,
	) (grpc.ServerStreamingClient[workflowpb.WatchActionsResponse], error)
	ActionsLister
}

// ActionsLister lists the actions of a run: a RunServiceClient has it.
type ActionsLister interface {
	ListActions(ctx context.Context, in *workflowpb.ListActionsRequest, opts ...grpc.CallOption) (*workflowpb.ListActionsResponse, error)
}

// WatchActions follows the actions of a run: first all of them, parents before children,
// then each one that has changed. It ends only with an error, also when the run has ended:
// leave the loop at a terminal status of action "a0", or end ctx. Nothing comes for a run
// that does not exist until it does.
//
// An action is yielded when its status, the counts of its children or MeetsFilter differ
// from what was yielded before; backends repeat states, and after a cut the new stream
// sends all again, of which only changes are yielded. The latest state of each action
// always comes, states in between may not. Actions cannot be deleted. With a filter, an
// action that ceased to match while there was no connection is yielded with MeetsFilter
// false as soon as the new stream has sent something; it is as ListActions shows it then, with
// little metadata. Where the backend refuses that list it is not yielded; the logger gets a warning.
func WatchActions(
	ctx context.Context, client ActionsClient, req *workflowpb.WatchActionsRequest, opts ...Option,
) iter.Seq2[*workflowpb.EnrichedAction, error] {
	return func(yield func(*workflowpb.EnrichedAction, error) bool) {
		cfg := newConfig(opts)
		w := &actionsWatch{client: client, req: req, cfg: cfg, known: map[string]*knownAction{}, yield: yield}
		f := follower[*workflowpb.WatchActionsResponse]{cfg: cfg, open: w.open, take: w.take, check: w.check}
		if err := f.run(ctx); err != nil {
			yield(nil, &Error{Op: "watch actions", Subject: runText(req.GetRunId()), Err: err})
		}
	}
}

type actionsWatch struct {
	client ActionsClient
	req    *workflowpb.WatchActionsRequest
	cfg    *config
	yield  func(*workflowpb.EnrichedAction, error) bool
	gap    bool // since an earlier stream, actions may have ceased to match the filter
	stream int  // how many there have been

	mu    sync.Mutex // guards what is below: a check reads it beside the stream
	known map[string]*knownAction
}

// knownAction is what was yielded of an action.
type knownAction struct {
	status statusKey
	meets  bool
	counts map[int32]int32
	stream int // the last one that has sent it
}

func (w *actionsWatch) open(ctx context.Context) (stream[*workflowpb.WatchActionsResponse], error) {
	w.stream++
	w.gap = len(w.req.GetFilter()) > 0 && len(w.known) > 0
	return w.client.WatchActions(ctx, w.req)
}

func (w *actionsWatch) take(ctx context.Context, m *workflowpb.WatchActionsResponse) (news bool, err error) {
	for _, a := range m.GetEnrichedActions() {
		if !w.note(a) {
			continue
		}
		news = true
		if !w.yield(a, nil) {
			return news, errLeft
		}
	}
	if !w.gap || len(m.GetEnrichedActions()) >= fullMessage {
		return news, nil
	}
	more, err := w.depart(ctx)
	w.gap = err != nil
	return news || more, err
}

// note records a, and reports whether it is news.
func (w *actionsWatch) note(a *workflowpb.EnrichedAction) bool {
	name, status := a.GetAction().GetId().GetName(), keyOfStatus(a.GetAction().GetStatus())
	counts := maps.Clone(a.GetChildrenPhaseCounts())
	maps.DeleteFunc(counts, func(_, n int32) bool { return n == 0 }) // a new stream leaves them out
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.known[name]
	if k != nil && k.status == status && k.meets == a.GetMeetsFilter() && maps.Equal(k.counts, counts) {
		k.stream = w.stream
		return false
	}
	w.known[name] = &knownAction{status, a.GetMeetsFilter(), counts, w.stream}
	return true
}

// depart yields the actions that matched the filter, and that the new stream has not sent.
func (w *actionsWatch) depart(ctx context.Context) (news bool, err error) {
	gone := map[string]bool{}
	for name, k := range w.known {
		if k.meets && k.stream != w.stream {
			gone[name] = true
		}
	}
	if len(gone) == 0 {
		return false, nil
	}
	req := &workflowpb.ListActionsRequest{RunId: w.req.GetRunId(), Request: latestChanges()}
	for a, err := range listActions(ctx, once(), w.client, req) {
		switch {
		case err != nil && ctx.Err() == nil && !transient(err, true):
			w.cfg.log.WarnContext(ctx, "actions that no longer match are not reported: the list of actions was refused", slog.Any("error", err))
			return news, nil
		case err != nil:
			return news, err
		}
		name := a.GetId().GetName()
		if !gone[name] {
			continue
		}
		delete(gone, name) // a list may repeat one
		e := &workflowpb.EnrichedAction{Action: proto.CloneOf(a)}
		if w.note(e) {
			news = true
			if !w.yield(e, nil) {
				return news, errLeft
			}
		}
	}
	return news, nil
}

// check compares the latest changes that the backend lists with what was yielded.
// With a filter that may show nothing, so a stream is not trusted for ever.
func (w *actionsWatch) check(ctx context.Context, silent int) (lags func() bool, err error) {
	answer, err := w.client.ListActions(ctx, &workflowpb.ListActionsRequest{RunId: w.req.GetRunId(), Request: latestChanges()})
	if err != nil {
		return nil, err
	}
	if len(w.req.GetFilter()) > 0 && silent >= everyTicks {
		return func() bool { return true }, nil
	}
	for _, a := range answer.GetActions() {
		if w.differs(a) {
			return func() bool { return w.differs(a) }, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing lags
}

// differs reports whether a is in a later state than the one that was yielded. With a
// filter, an action that was never yielded need not match.
func (w *actionsWatch) differs(a *workflowpb.Action) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := w.known[a.GetId().GetName()]
	if k == nil {
		return len(w.req.GetFilter()) == 0
	}
	if !k.meets && len(w.req.GetFilter()) > 0 {
		return false // the filter keeps its changes back
	}
	return k.status.earlier(keyOfStatus(a.GetStatus()))
}
