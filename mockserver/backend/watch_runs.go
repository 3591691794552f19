package backend

import (
	"google.golang.org/grpc"

	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// runsSnapshot is the largest number of runs in the first message of WatchRuns.
const runsSnapshot = 101

// WatchRuns sends the existing runs, if any, and then every run whose root changes phase,
// one in each message, without an end. A new run is first sent when it leaves its first
// phase. The request can restrict it to a project only.
func (s *runServer) WatchRuns(req *workflowpb.WatchRunsRequest, stream grpc.ServerStreamingServer[workflowpb.WatchRunsResponse]) error {
	q := &actionQuery{query[*action]{equal: map[string]string{}, limit: runsSnapshot}}
	project := req.GetProjectId()
	if project != nil {
		q.inProject(project)
	}
	first, since := true, uint64(0)
	return watch(s.runs, stream, func() *signal { return &s.changed }, func() (out []*workflowpb.WatchRunsResponse, done bool) {
		defer func() { first, since = false, s.version }()
		if first {
			resp := &workflowpb.WatchRunsResponse{}
			page, _ := s.page(q)
			for _, a := range page {
				resp.Runs = append(resp.Runs, a.run.message())
			}
			if len(resp.GetRuns()) > 0 {
				out = append(out, resp)
			}
			return out, false
		}
		for _, a := range s.log.since(since, &s.visits) {
			if project == nil || a.run.key.project == project.GetName() && a.run.key.domain == project.GetDomain() {
				out = append(out, &workflowpb.WatchRunsResponse{Runs: []*workflowpb.Run{a.run.message()}})
			}
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
	return watch(s.runs, stream, ru.signal, func() ([]*workflowpb.WatchRunDetailsResponse, bool) {
		if ru.root().anyVersion <= since {
			return nil, false
		}
		since = ru.root().anyVersion
		return []*workflowpb.WatchRunDetailsResponse{{Details: &workflowpb.RunDetails{}}}, false
	})
}
