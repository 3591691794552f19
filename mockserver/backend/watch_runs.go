package backend

import (
	"cmp"
	"slices"

	"google.golang.org/grpc"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// runsSnapshot is how many runs the first message of WatchRuns holds at most.
const runsSnapshot = 101

// WatchRuns sends the runs that there are, if any, and then every run whose root
// changes phase, one a message, for ever. A new run is first heard of when it
// leaves its first phase. Only a project restricts it.
func (s *runServer) WatchRuns(req *workflowpb.WatchRunsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchRunsResponse]) error {
	wanted := func(ru *run) bool {
		p := req.GetProjectId()
		return p == nil || ru.in(p)
	}
	first, since := true, uint64(0)
	return watch(s.runs, stream, func() (out []*workflowpb.WatchRunsResponse, done bool) {
		defer func() { first, since = false, s.version }()
		rows := s.listed(wanted)
		if first {
			resp := &workflowpb.WatchRunsResponse{}
			for _, ru := range rows[:min(runsSnapshot, len(rows))] {
				resp.Runs = append(resp.Runs, ru.message())
			}
			if len(resp.GetRuns()) > 0 {
				out = append(out, resp)
			}
			return out, false
		}
		rows = slices.DeleteFunc(rows, func(ru *run) bool { return ru.root().statusVersion <= since })
		slices.SortFunc(rows, func(x, y *run) int { return cmp.Compare(x.root().statusVersion, y.root().statusVersion) })
		for _, ru := range rows {
			out = append(out, &workflowpb.WatchRunsResponse{Runs: []*workflowpb.Run{ru.message()}})
		}
		return out, false
	})
}

// WatchRunDetails sends a message at once and whenever anything about the root
// action changes, for ever. The messages say that something changed, not what:
// their details are empty, as the real backend's are.
func (s *runServer) WatchRunDetails(
	req *workflowpb.WatchRunDetailsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchRunDetailsResponse],
) error {
	s.mu.Lock()
	ru := s.byKey[keyOf(req.GetRunId())]
	s.mu.Unlock()
	if ru == nil {
		return errRunNotFound(req.GetRunId())
	}
	var since uint64
	return watch(s.runs, stream, func() ([]*workflowpb.WatchRunDetailsResponse, bool) {
		if ru.root().anyVersion <= since {
			return nil, false
		}
		since = ru.root().anyVersion
		return []*workflowpb.WatchRunDetailsResponse{{}}, false
	})
}
