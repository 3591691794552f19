package backend

import (
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// logBatch is how many lines one message of a log tail holds at most.
const logBatch = 1000

// TailLogs sends the attempt's lines so far in one message, then each new one as it is
// written, and ends when the container has ended. An attempt without logs yet is
// NotFound: callers have to retry. The choice of a pod is ignored, and no message names the
// container, as in real backends.
func (s *dataProxyServer) TailLogs(
	req *dataproxypb.TailLogsRequest, stream grpc.ServerStreamingServer[dataproxypb.TailLogsResponse],
) error {
	r := s.b.runs
	a, own, at, err := r.tailable(req.GetActionId(), req.GetAttempt())
	if err != nil {
		return err
	}
	return tail(r, stream, a, own, at, func(lines []*dataplanepb.LogLine) *dataproxypb.TailLogsResponse {
		return &dataproxypb.TailLogsResponse{Logs: []*dataproxypb.TailLogsResponse_Logs{{Lines: lines}}}
	})
}

// runLogsServer is RunLogsService, which hosted backends may still have.
type runLogsServer struct {
	workflowpb.UnimplementedRunLogsServiceServer

	*runs
}

// ServeRunLogs turns the deprecated RunLogsService on or off; the default is on, although
// current backends serve only TailLogs of DataProxyService. Off, it answers Unimplemented as
// they do: turn it off to test that a client does without.
func (b *Backend) ServeRunLogs(on bool) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	b.runs.withoutLogs = !on
}

// TailLogs is that of the data proxy.
func (s *runLogsServer) TailLogs(
	req *workflowpb.TailLogsRequest, stream grpc.ServerStreamingServer[workflowpb.TailLogsResponse],
) error {
	s.mu.Lock()
	off := s.withoutLogs
	s.mu.Unlock()
	if off {
		return status.Error(codes.Unimplemented, "unknown service "+workflowpb.RunLogsService_ServiceDesc.ServiceName)
	}
	a, own, at, err := s.tailable(req.GetActionId(), req.GetAttempt())
	if err != nil {
		return err
	}
	return tail(s.runs, stream, a, own, at, func(lines []*dataplanepb.LogLine) *workflowpb.TailLogsResponse {
		return &workflowpb.TailLogsResponse{Logs: []*workflowpb.TailLogsResponse_Logs{{Lines: lines}}}
	})
}

// tail follows an attempt's log. Lines never change, so that messages may share them.
func tail[M any](
	r *runs, stream grpc.ServerStreamingServer[M], a *action, own *attempt, at *workflowpb.ActionAttempt,
	wrap func([]*dataplanepb.LogLine) *M,
) error {
	sent := 0
	return watch(r, stream, a.run.signal, func() (out []*M, done bool) {
		for lines := range slices.Chunk(own.logs[sent:], logBatch) {
			out = append(out, wrap(slices.Clone(lines)))
		}
		sent = len(own.logs)
		return out, at.GetEndTime() != nil
	})
}

func (r *runs) tailable(id *commonpb.ActionIdentifier, n uint32) (*action, *attempt, *workflowpb.ActionAttempt, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	own, at, err := r.logged(id, n)
	return r.find(id), own, at, err
}

// logged returns an attempt that has logs. The caller holds r.mu.
func (r *runs) logged(id *commonpb.ActionIdentifier, n uint32) (*attempt, *workflowpb.ActionAttempt, error) {
	a := r.find(id)
	if a == nil {
		return nil, nil, errActionNotFound(id)
	}
	own, at := a.attempt(n)
	if at == nil {
		return nil, nil, status.Errorf(codes.NotFound, "attempt %d not found: the action has had %d", n, len(a.attempts))
	}
	if at.GetLogContext() == nil {
		return nil, nil, status.Errorf(codes.NotFound, "no logs yet: attempt %d is %v", n, at.GetPhase())
	}
	return own, at, nil
}
