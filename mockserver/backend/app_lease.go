package backend

import (
	"context"
	"maps"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

const (
	leaseTime  = time.Minute
	leaseRenew = leaseTime / 4 // how often an open stream renews the leases of its cluster
)

// Lease gives the apps that no cluster has to the cluster that calls, and streams its apps
// at first and at each change. The cluster has them while the stream is open, and for a
// minute after that or after its latest UpdateStatus.
func (s *appServer) Lease(req *apppb.LeaseRequest, stream grpc.ServerStreamingServer[apppb.LeaseResponse]) error {
	w := &appWatch{match: func(*app) bool { return true }, events: make(chan *apppb.WatchResponse, 1)}
	s.mu.Lock()
	operator := s.cfg.Operator
	s.watches[w] = true
	s.mu.Unlock()
	defer s.forget(w)
	switch {
	case !operator:
		return errNoOperator()
	case req.GetId().GetName() == "":
		return status.Error(codes.InvalidArgument, "id with a name is required")
	}
	renew := time.NewTicker(leaseRenew)
	defer renew.Stop()
	for sent := map[appKey]*apppb.App{}; ; {
		if fresh := s.take(req.GetId().GetName(), sent); len(fresh) > 0 {
			if err := stream.Send(&apppb.LeaseResponse{Apps: fresh}); err != nil {
				return err
			}
		}
		select {
		case <-w.events: // some app has changed
		case <-renew.C:
		case <-stream.Context().Done():
			return status.FromContextError(stream.Context().Err()).Err()
		case <-s.done:
			return errClosing()
		}
	}
}

// take gives a cluster the apps that it can have, and returns those that differ from what
// it was sent. It keeps sent up to date.
func (s *apps) take(cluster string, sent map[appKey]*apppb.App) (fresh []*apppb.App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.b.cfg.Now()
	maps.DeleteFunc(sent, func(key appKey, _ *apppb.App) bool { return s.byKey[key] == nil })
	for _, a := range s.sorted() {
		switch s.holder(a) {
		case cluster:
			a.lease = now.Add(leaseTime)
		case "":
			a.cluster, a.leasedAt, a.lease, a.reported = cluster, now, now.Add(leaseTime), nil
			s.tellUpdated(a)
		default:
			delete(sent, a.key)
			continue
		}
		m := s.message(a)
		known := proto.CloneOf(m)
		known.GetStatus().LeaseExpiration = nil // which grows without a change
		if !proto.Equal(known, sent[a.key]) {
			sent[a.key] = known
			fresh = append(fresh, m)
		}
	}
	return fresh
}

// holder returns the cluster that has the app; empty if none does any more.
func (s *apps) holder(a *app) string {
	if a.cluster != "" && s.b.cfg.Now().Before(a.lease) {
		return a.cluster
	}
	return ""
}

// leased returns the status of an app that clusters run. The caller holds s.mu.
func (s *apps) leased(a *app) *apppb.Status {
	out := &apppb.Status{}
	if a.reported != nil {
		out = proto.CloneOf(a.reported)
	}
	out.Ingress, out.CreatedAt = s.ingress(a.key), timestamppb.New(a.created)
	out.LastAssignedCluster = a.cluster
	if out.AssignedCluster = s.holder(a); out.GetAssignedCluster() == "" {
		out.Conditions = []*apppb.Condition{newCondition(apppb.Status_DEPLOYMENT_STATUS_UNASSIGNED, "", a.created)}
		return out
	}
	out.LeaseExpiration = timestamppb.New(a.lease)
	if len(out.GetConditions()) == 0 {
		out.Conditions = []*apppb.Condition{newCondition(apppb.Status_DEPLOYMENT_STATUS_ASSIGNED, "", a.leasedAt)}
	}
	return out
}

// UpdateStatus replaces the status of an app, if the cluster that reports it has the app.
func (s *appServer) UpdateStatus(_ context.Context, req *apppb.UpdateStatusRequest) (*apppb.UpdateStatusResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, sent := req.GetApp().GetMetadata().GetId(), req.GetApp().GetStatus()
	a := s.byKey[appKeyOf(id)]
	switch {
	case !s.cfg.Operator:
		return nil, errNoOperator()
	case id == nil || sent == nil:
		return nil, status.Error(codes.InvalidArgument, "an app with metadata.id and status is required")
	case a == nil:
		return nil, errAppNotFound(id)
	case sent.GetAssignedCluster() == "" || sent.GetAssignedCluster() != s.holder(a):
		return nil, status.Errorf(codes.FailedPrecondition, "cluster %q does not have app %s: lease it", sent.GetAssignedCluster(), a.key)
	}
	a.reported, a.lease = proto.CloneOf(sent), s.b.cfg.Now().Add(leaseTime)
	s.tellUpdated(a)
	return &apppb.UpdateStatusResponse{App: s.message(a)}, nil
}

func errNoOperator() error {
	return status.Error(codes.Unimplemented, "this server runs apps itself")
}
