package backend

import (
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

const (
	appLogBatch = 100  // lines in one message, at most
	appLogStart = 1000 // lines of each replica that a tail begins with, at most
	appLogTails = 100  // streams at a time
)

// appLogsServer is AppLogsService.
type appLogsServer struct {
	apppb.UnimplementedAppLogsServiceServer

	*apps
}

// TailLogs sends the names of the replicas that exist, then the last lines of each and
// each new one as it is written, and ends when all of them have ended. A replica that is
// asked for is looked for after its name was sent.
func (s *appLogsServer) TailLogs(req *apppb.TailLogsRequest, stream grpc.ServerStreamingServer[apppb.TailLogsResponse]) error {
	if !s.enter() {
		return status.Errorf(codes.ResourceExhausted, "%d log streams are open: close one", appLogTails)
	}
	defer s.leave()
	t, err := s.tail(req)
	if err != nil {
		return err
	}
	names := &apppb.ReplicaIdentifierList{Replicas: t.names}
	if err := stream.Send(&apppb.TailLogsResponse{Resp: &apppb.TailLogsResponse_Replicas{Replicas: names}}); err != nil {
		return err
	}
	if t.replicas == nil {
		return status.Errorf(codes.NotFound, "replica not found: %s", req.GetReplicaId().GetName())
	}
	return s.followLogs(t, stream)
}

// appTail is where a stream of logs stands.
type appTail struct {
	app      *app
	names    []*apppb.ReplicaIdentifier // as they are sent
	replicas []*appReplica
	sent     []int // lines of each
}

// tail reads a request. A tail without replicas is of one that does not exist.
func (s *apps) tail(req *apppb.TailLogsRequest) (*appTail, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &appTail{}
	switch of := req.GetTarget().(type) {
	case *apppb.TailLogsRequest_AppId:
		if t.app = s.byKey[appKeyOf(of.AppId)]; t.app == nil {
			return nil, errAppNotFound(of.AppId)
		}
		if t.replicas = slices.Clone(t.app.replicas); len(t.replicas) == 0 {
			return nil, status.Errorf(codes.NotFound, "app has no replicas: %s", t.app.key)
		}
		for _, r := range t.replicas {
			t.names = append(t.names, t.app.replicaID(r))
		}
	case *apppb.TailLogsRequest_ReplicaId:
		id := of.ReplicaId
		if id.GetAppId().GetName() == "" || id.GetName() == "" {
			return nil, status.Error(codes.InvalidArgument, "replica_id needs app_id and name")
		}
		t.app, t.names = s.byKey[appKeyOf(id.GetAppId())], []*apppb.ReplicaIdentifier{id}
		if t.app == nil {
			return t, nil
		}
		for _, r := range t.app.replicas {
			if r.name == id.GetName() {
				t.replicas = append(t.replicas, r)
			}
		}
	default:
		return nil, status.Error(codes.InvalidArgument, "target is required: set app_id or replica_id")
	}
	for _, r := range t.replicas {
		t.sent = append(t.sent, max(0, len(r.lines)-appLogStart))
	}
	return t, nil
}

// followLogs sends lines until the replicas have ended.
func (s *appLogsServer) followLogs(t *appTail, stream grpc.ServerStreamingServer[apppb.TailLogsResponse]) error {
	ctx := stream.Context()
	end, stop := s.b.runs.cleanEnd(ctx)
	defer stop()
	for {
		s.mu.Lock()
		messages, done := t.next()
		changed := t.app.changed.wait()
		s.mu.Unlock()
		for _, m := range messages {
			if err := stream.Send(m); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-end:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-s.done:
			return errClosing()
		}
	}
}

// next returns the lines that are new. The caller holds the lock of apps.
func (t *appTail) next() (out []*apppb.TailLogsResponse, done bool) {
	done = true
	for i, r := range t.replicas {
		for lines := range slices.Chunk(r.lines[t.sent[i]:], appLogBatch) {
			out = append(out, logBatchOf(t.names[i], slices.Clone(lines)))
		}
		t.sent[i] = len(r.lines)
		done = done && r.ended
	}
	return out, done
}

func logBatchOf(id *apppb.ReplicaIdentifier, lines []*dataplanepb.LogLine) *apppb.TailLogsResponse {
	return &apppb.TailLogsResponse{Resp: &apppb.TailLogsResponse_Batches{Batches: &apppb.LogLinesBatch{
		Logs: []*apppb.LogLines{{ReplicaId: id, StructuredLines: lines}},
	}}}
}

// enter counts a stream; false means that there are enough.
func (s *apps) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tails >= appLogTails {
		return false
	}
	s.tails++
	return true
}

func (s *apps) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tails--
}
