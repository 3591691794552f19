package backend

import (
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// WatchActionDetails sends the action's details at once and at every change, and ends with
// the action's last attempt: the status, and another attempt, may follow later.
func (s *runServer) WatchActionDetails(
	req *workflowpb.WatchActionDetailsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchActionDetailsResponse],
) error {
	id := req.GetActionId()
	a, err := s.existing(id)
	if err != nil {
		return err
	}
	first, since := true, uint64(0)
	return watch(s.runs, stream, a.run.signal, func() ([]*workflowpb.WatchActionDetailsResponse, bool) {
		if !first && a.anyVersion <= since {
			return nil, false
		}
		first, since = false, a.anyVersion
		return []*workflowpb.WatchActionDetailsResponse{{Details: a.echo(id)}}, a.settled()
	})
}

// WatchClusterEvents sends the attempt's events so far, then new ones, and ends with the
// attempt or the action.
func (s *runServer) WatchClusterEvents(
	req *workflowpb.WatchClusterEventsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchClusterEventsResponse],
) error {
	a, err := s.existing(req.GetId())
	if err != nil {
		return err
	}
	sent := 0
	return watch(s.runs, stream, a.run.signal, func() (out []*workflowpb.WatchClusterEventsResponse, done bool) {
		_, at := a.attempt(req.GetAttempt())
		if events := at.GetClusterEvents()[sent:]; len(events) > 0 {
			sent += len(events)
			out = append(out, proto.CloneOf(&workflowpb.WatchClusterEventsResponse{ClusterEvents: events}))
		}
		return out, a.ended() || terminal(at.GetPhase())
	})
}

func (r *runs) existing(id *commonpb.ActionIdentifier) (*action, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.find(id)
	if a == nil {
		return nil, errActionNotFound(id)
	}
	return a, nil
}
