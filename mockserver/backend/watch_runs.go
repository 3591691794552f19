package backend

import (
	"cmp"
	"slices"

	"google.golang.org/grpc"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// runsSnapshot is the largest number of runs in the first message of WatchRuns.
const runsSnapshot = 101

// WatchRuns sends the existing runs, if any, and then every run whose root changes phase,
// one in each message, without an end. A new run is first sent when it leaves its first
// phase. The request can restrict it to a project only.
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

// WatchRunDetails sends a message at once and at every change of the root action, without
// an end. The details in the messages are empty, as those of the real backend.
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
