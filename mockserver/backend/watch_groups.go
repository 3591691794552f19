package backend

import (
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	// groupsBeat is the interval at which WatchGroups sends the groups again.
	groupsBeat = 5 * time.Second
	// groupedRuns is how many runs, the newest, WatchGroups groups at most.
	groupedRuns = 1000
)

// WatchGroups sends the runs of a project grouped by task, the first time even without
// any. With an end date it ends then; otherwise it sends the groups again every five
// seconds, if there are any, without an end. Limits, sorts and filters are ignored.
func (s *runServer) WatchGroups(
	req *workflowpb.WatchGroupsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchGroupsResponse],
) error {
	ctx := stream.Context()
	end, stop := s.cleanEnd(ctx)
	defer stop()
	beat := time.NewTicker(groupsBeat)
	defer beat.Stop()
	for first := true; ; first = false {
		groups := s.groups(req)
		if first || len(groups) > 0 {
			if err := stream.Send(&workflowpb.WatchGroupsResponse{TaskGroups: groups, Sentinel: true}); err != nil {
				return err
			}
		}
		if req.GetEndDate() != nil {
			return nil
		}
		select {
		case <-beat.C:
		case <-end:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-s.done:
			return errClosing()
		}
	}
}

// groups returns the groups that req requests, the one that ran last first.
func (r *runs) groups(req *workflowpb.WatchGroupsRequest) []*workflowpb.TaskGroup {
	r.mu.Lock()
	defer r.mu.Unlock()
	equal := map[string]string{}
	if p := req.GetProjectId(); p != nil {
		equal["project"], equal["domain"] = p.GetName(), p.GetDomain()
	}
	set, _ := r.newest.with(equal)
	tooNew := 0
	if end := req.GetEndDate(); end != nil {
		tooNew = set.rank(func(a *action) bool { return !a.created.Before(end.AsTime()) })
	}
	var roots []*action
	for a := range set.from(tooNew) {
		tooOld := req.GetStartDate() != nil && a.created.Before(req.GetStartDate().AsTime())
		if tooOld || len(roots) == groupedRuns {
			break
		}
		roots = append(roots, a)
	}
	return groupRuns(roots)
}
