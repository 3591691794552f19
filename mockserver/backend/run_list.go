package backend

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// ListRuns returns one page of the runs in a scope: by default unfinished before finished
// ones, and newest first.
func (s *runServer) ListRuns(_ context.Context, req *workflowpb.ListRunsRequest) (*workflowpb.ListRunsResponse, error) {
	if err := checkPhaseFilters(req.GetRequest().GetFilters()); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows := s.listed(func(ru *run) bool { return inScope(ru, req) })
	rows, offset, limit, err := selectRows(req.GetRequest(), rows, runColumns())
	if err != nil {
		return nil, err
	}
	rows, token := exactPage(rows, offset, limit)
	resp := &workflowpb.ListRunsResponse{Token: token}
	for _, ru := range rows {
		resp.Runs = append(resp.Runs, ru.message())
	}
	return resp, nil
}

// ListActions returns one page of a run's actions in order of creation. An unknown run has
// none.
func (s *runServer) ListActions(_ context.Context, req *workflowpb.ListActionsRequest) (*workflowpb.ListActionsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var rows []*action
	if ru := s.byKey[keyOf(req.GetRunId())]; ru != nil {
		rows = ru.actions
	}
	rows, offset, limit, err := selectRows(req.GetRequest(), rows, actionColumns())
	if err != nil {
		return nil, err
	}
	rows, token := exactPage(rows, offset, limit)
	resp := &workflowpb.ListActionsResponse{Token: token}
	for _, a := range rows {
		m := a.message()
		m.Metadata = &workflowpb.ActionMetadata{Parent: m.GetMetadata().GetParent(), Group: m.GetMetadata().GetGroup()}
		resp.Actions = append(resp.Actions, m)
	}
	return resp, nil
}

// listed returns the runs for which keep is true, in the default order. The caller holds
// r.mu.
func (r *runs) listed(keep func(*run) bool) []*run {
	rows := make([]*run, 0, len(r.order))
	for _, ru := range r.order {
		if keep(ru) {
			rows = append(rows, ru)
		}
	}
	slices.SortFunc(rows, func(x, y *run) int {
		return cmp.Or(cmp.Compare(x.root().phase(), y.root().phase()), y.created.Compare(x.created), cmp.Compare(y.seq, x.seq))
	})
	return rows
}

func inScope(ru *run, req *workflowpb.ListRunsRequest) bool {
	if req.GetPausedActionsOnly() && !slices.ContainsFunc(ru.actions, func(a *action) bool {
		return a.phase() == commonpb.ActionPhase_ACTION_PHASE_PAUSED
	}) {
		return false
	}
	switch scope := req.GetScopeBy().(type) {
	case *workflowpb.ListRunsRequest_ProjectId:
		return ru.in(scope.ProjectId)
	case *workflowpb.ListRunsRequest_TaskName:
		n, id := scope.TaskName, ru.task
		return id.GetProject() == n.GetProject() && id.GetDomain() == n.GetDomain() && id.GetName() == n.GetName()
	case *workflowpb.ListRunsRequest_TaskId:
		n, id := scope.TaskId, ru.task
		return id.GetProject() == n.GetProject() && id.GetDomain() == n.GetDomain() && id.GetName() == n.GetName() &&
			id.GetVersion() == n.GetVersion()
	case *workflowpb.ListRunsRequest_TriggerName:
		n, t := scope.TriggerName, ru.trigger
		return t != nil && t.GetProject() == n.GetProject() && t.GetDomain() == n.GetDomain() &&
			t.GetName() == n.GetName() && t.GetTaskName() == n.GetTaskName()
	}
	return true
}

func (ru *run) in(id *commonpb.ProjectIdentifier) bool {
	return ru.key.project == id.GetName() && ru.key.domain == id.GetDomain()
}

// exactPage cuts a page. Its token is empty exactly on the last one.
func exactPage[T any](rows []T, offset, limit int) ([]T, string) {
	page, token := cutPage(rows, offset, limit), ""
	if next := offset + len(page); len(page) > 0 && next < len(rows) {
		token = strconv.Itoa(next)
	}
	return page, token
}

// checkPhaseFilters rejects filters on which the real backend fails: phases by name, and
// VALUE_IN with a single value.
func checkPhaseFilters(filters []*commonpb.Filter) error {
	for _, f := range filters {
		if f.GetField() != "phase" {
			continue
		}
		for _, v := range f.GetValues() {
			if _, err := strconv.ParseInt(v, 10, 32); err != nil {
				return status.Errorf(codes.InvalidArgument, "filter on \"phase\": %q is not a phase: want the enum's number", v)
			}
		}
		if f.GetFunction() == commonpb.Filter_VALUE_IN && len(f.GetValues()) == 1 {
			return status.Error(codes.InvalidArgument, "filter on \"phase\": VALUE_IN needs at least two values: use EQUAL for one")
		}
	}
	return nil
}
