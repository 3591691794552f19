package backend

import (
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// groupsBeat is the interval at which WatchGroups sends the groups again.
const groupsBeat = 5 * time.Second

// WatchGroups sends the runs of a project grouped by task, the first time even without
// any. With an end date it ends then; otherwise it sends the groups again every five
// seconds, if there are any, without an end.
func (s *runServer) WatchGroups(
	req *workflowpb.WatchGroupsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchGroupsResponse],
) error {
	ctx := stream.Context()
	end, stop := s.cleanEnd(ctx)
	defer stop()
	beat := time.NewTicker(groupsBeat)
	defer beat.Stop()
	for first := true; ; first = false {
		groups, err := s.groups(req)
		if err != nil {
			return err
		}
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

// groups returns the groups that req requests: the one that ran last first, unless a sort
// field reverses that.
func (r *runs) groups(req *workflowpb.WatchGroupsRequest) ([]*workflowpb.TaskGroup, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows := r.listed(func(ru *run) bool {
		return (req.GetProjectId() == nil || ru.in(req.GetProjectId())) &&
			(req.GetStartDate() == nil || !ru.created.Before(req.GetStartDate().AsTime())) &&
			(req.GetEndDate() == nil || ru.created.Before(req.GetEndDate().AsTime()))
	})
	rows, _, limit, err := selectRows(req.GetRequest(), rows, runColumns())
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(x, y *run) int { return y.created.Compare(x.created) })
	groups := groupRuns(rows)
	for _, f := range req.GetKnownSortFields() {
		if by, ok := f.GetSortBy().(*workflowpb.WatchGroupsRequest_KnownSortField_CreatedAt); ok && by.CreatedAt == commonpb.Sort_ASCENDING {
			slices.Reverse(groups)
		}
	}
	return cutPage(groups, 0, limit), nil
}
