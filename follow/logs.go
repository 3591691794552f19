package follow

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// LogClients are the clients that [TailLogs] calls; each is a generated one.
type LogClients struct {
	// DataProxy serves the lines: a DataProxyServiceClient.
	DataProxy LogClient
	// Run reports whether there are more to come: a RunServiceClient.
	Run DetailsClient
	// RunLogs serves the lines where DataProxy does not: a RunLogsServiceClient. Nil means
	// that there is no such place.
	RunLogs RunLogClient
}

// LogClient streams log lines: a DataProxyServiceClient has it.
type LogClient interface {
	TailLogs(
		ctx context.Context, in *dataproxypb.TailLogsRequest, opts ...grpc.CallOption,
	) (grpc.ServerStreamingClient[dataproxypb.TailLogsResponse], error)
}

// RunLogClient streams log lines of older backends: a RunLogsServiceClient has it.
type RunLogClient interface {
	TailLogs(
		ctx context.Context, in *workflowpb.TailLogsRequest, opts ...grpc.CallOption,
	) (grpc.ServerStreamingClient[workflowpb.TailLogsResponse], error)
}

// TailLogs yields the log lines of one attempt from its start, and ends without an error
// when the attempt has ended and every line has been yielded. Attempt 0 in req stands for
// the latest one at the time of the call.
//
// After a cut the backend sends the log again. Of each container's latest 1,000 lines as many
// with the same timestamp and text are skipped as have been yielded: lines that are equal
// survive, and so do lines out of order. Older ones are skipped by their number if the log
// comes from its start, else by their time. What the backend itself no longer has is lost:
// some keep only the last 1,000 lines.
//
// While the backend has no log yet, because the pod is starting, it asks again, see
// [WithLogGrace]. An attempt that ends while its log is read is read once more to its end,
// since a server that shuts down ends streams the same way. On a backend without
// DataProxyService.TailLogs it uses RunLogsService, if req selects no pods.
func TailLogs(ctx context.Context, from LogClients, req *dataproxypb.TailLogsRequest, opts ...Option) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		cfg := newConfig(opts)
		t := &tail{from: from, req: proto.CloneOf(req), cfg: cfg, yield: yield, places: map[place]*position{}, seed: maphash.MakeSeed()}
		f := follower[[]batch]{cfg: cfg, open: t.open, take: t.take, ended: t.ended, rescue: t.rescue, check: t.check}
		if err := f.run(ctx); err != nil {
			subject := fmt.Sprintf("%s, attempt %d", actionText(req.GetActionId()), t.req.GetAttempt())
			yield(Line{}, &Error{Op: "tail logs", Subject: subject, Err: err})
		}
	}
}

// tail is one use of TailLogs.
type tail struct {
	from  LogClients
	req   *dataproxypb.TailLogsRequest
	cfg   *config
	yield func(Line, error) bool

	older  bool      // RunLogsService serves the lines
	over   bool      // the attempt had ended before the stream was opened
	absent int       // how often there was no log
	status statusKey // of the action, then

	seed   maphash.Seed // of the hashes of texts
	places map[place]*position
	at     place     // the last one
	pos    *position // of it
}

// finalError is an error after which another try makes no sense.
type finalError struct{ error }

func (e finalError) Permanent() bool { return true }
func (e finalError) Unwrap() error   { return e.error }

// open opens a stream, after a look at the attempt: if that has ended by then, the end of
// the stream is the end of the log.
func (t *tail) open(ctx context.Context) (stream[[]batch], error) {
	if err := t.look(ctx); err != nil {
		return nil, err
	}
	for _, p := range t.places {
		p.rewind()
	}
	if t.older {
		s, err := t.from.RunLogs.TailLogs(ctx, &workflowpb.TailLogsRequest{ActionId: t.req.GetActionId(), Attempt: t.req.GetAttempt()})
		return &olderStream{stream: s}, err
	}
	s, err := t.from.DataProxy.TailLogs(ctx, t.req)
	return &proxyStream{stream: s}, err
}

// look finds out which attempt is tailed, and whether it has ended.
func (t *tail) look(ctx context.Context) error {
	if t.over {
		return nil
	}
	d, err := readDetails(ctx, t.from.Run, t.req.GetActionId())
	if status.Code(err) == codes.NotFound {
		return finalError{err} // of the action itself; that of a log is another matter
	}
	if err != nil {
		return err
	}
	if t.req.GetAttempt() == 0 {
		t.req.Attempt = max(d.GetStatus().GetAttempts(), 1)
	}
	if now := keyOfStatus(d.GetStatus()); now != t.status {
		t.status, t.absent = now, 0
	}
	t.over = attemptOver(d, t.req.GetAttempt())
	return nil
}

// attemptOver reports whether nothing more is to come of attempt n.
func attemptOver(d *workflowpb.ActionDetails, n uint32) bool {
	if terminal(d.GetStatus().GetPhase()) || d.GetStatus().GetAttempts() > n {
		return true
	}
	for _, a := range d.GetAttempts() {
		if a.GetAttempt() == n {
			return a.GetEndTime() != nil || terminal(a.GetPhase())
		}
	}
	return false
}

// ended is called after a stream that ended well.
func (t *tail) ended(ctx context.Context) error {
	if t.over {
		return errDone
	}
	// The end of an attempt is recorded a moment after that of its log. To open the stream
	// again costs the whole log, so wait for that a little.
	for pause := quickPause; ; pause *= 2 {
		if err := t.look(ctx); err != nil {
			return err
		}
		switch {
		case t.over:
			return errAgain
		case pause > t.cfg.pause:
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// rescue treats what a backend answers instead of a log.
func (t *tail) rescue(ctx context.Context, err error) error {
	if _, final := errors.AsType[finalError](err); final {
		return err
	}
	switch status.Code(err) {
	case codes.Unimplemented:
		if t.older || t.from.RunLogs == nil || !t.anyPod() {
			return err
		}
		t.older = true
		return errAgain
	case codes.NotFound:
		if t.absent++; t.cfg.tries > 0 && t.absent >= t.cfg.tries {
			return finalError{fmt.Errorf("%w: asked %d times: %w", ErrNoLogs, t.absent, err)}
		}
		if err := sleep(ctx, t.cfg.grace); err != nil {
			return err
		}
		return errAgain
	default:
		return err
	}
}

// anyPod reports whether the request is one that RunLogsService can serve as well.
func (t *tail) anyPod() bool {
	switch t.req.GetPodSelector().(type) {
	case nil, *dataproxypb.TailLogsRequest_PrimaryPod:
		return t.req.ConnectorEndpoint == nil
	default:
		return false
	}
}

// check finds a stream dead that is silent although the attempt has ended. Of one that
// runs it cannot know: it is opened again when it was silent for long.
func (t *tail) check(ctx context.Context, silent int) (lags func() bool, err error) {
	if silent == 0 {
		return nil, nil //nolint:nilnil // lines come
	}
	d, err := readDetails(ctx, t.from.Run, t.req.GetActionId())
	if err != nil {
		return nil, err
	}
	if !t.over && attemptOver(d, t.req.GetAttempt()) || silent >= everyTicks {
		return func() bool { return true }, nil
	}
	return nil, nil //nolint:nilnil // nothing lags
}
