package backend

import (
	"context"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// ListRuns returns one page of the runs in a scope: by default unfinished before finished
// ones, and newest first.
func (s *runServer) ListRuns(_ context.Context, req *workflowpb.ListRunsRequest) (*workflowpb.ListRunsResponse, error) {
	q, err := s.query(req.GetRequest())
	if err != nil {
		return nil, err
	}
	q.scope(req)
	s.mu.Lock()
	defer s.mu.Unlock()
	page, more := s.page(q)
	resp := &workflowpb.ListRunsResponse{Token: nextToken(q.offset, len(page), more)}
	for _, a := range page {
		resp.Runs = append(resp.Runs, a.run.message())
	}
	return resp, nil
}

// ListActions returns one page of a run's actions, in the order of ListRuns. An unknown run
// has none.
func (s *runServer) ListActions(_ context.Context, req *workflowpb.ListActionsRequest) (*workflowpb.ListActionsResponse, error) {
	q, err := s.query(req.GetRequest())
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ru := s.byKey[keyOf(req.GetRunId())]
	if ru == nil {
		return &workflowpb.ListActionsResponse{}, nil
	}
	for name, want := range q.equal { // the run's own list has no sets by columns
		get := s.table.columns[name].get
		q.tests = append(q.tests, func(a *action) bool { return get(a) == want })
	}
	page, more := q.page(ru.order)
	resp := &workflowpb.ListActionsResponse{Token: nextToken(q.offset, len(page), more)}
	for _, a := range page {
		m := a.message()
		m.Metadata = &workflowpb.ActionMetadata{Parent: m.GetMetadata().GetParent(), Group: m.GetMetadata().GetGroup()}
		resp.Actions = append(resp.Actions, m)
	}
	return resp, nil
}

// actionQuery is a query of runs or of the actions of a run.
type actionQuery struct{ query[*action] }

// query reads the request of a listing of runs or actions.
func (r *runs) query(req *commonpb.ListRequest) (*actionQuery, error) {
	q, err := readQuery(req, r.table.columns, r.b.cfg.Strict)
	if err != nil {
		return nil, err
	}
	if len(q.sorts) > 0 {
		q.sorts = append(q.sorts, compareNames)
	}
	return &actionQuery{q}, nil
}

// page returns the root actions of q's page. The caller holds r.mu.
func (r *runs) page(q *actionQuery) (page []*action, more bool) {
	from, rest := r.table.find(q.query)
	return rest.page(from)
}

// scope restricts a query of runs to those that req is about.
func (q *actionQuery) scope(req *workflowpb.ListRunsRequest) {
	if req.GetPausedActionsOnly() {
		q.tests = append(q.tests, func(a *action) bool { return a.run.paused > 0 })
	}
	switch scope := req.GetScopeBy().(type) {
	case *workflowpb.ListRunsRequest_ProjectId:
		q.inProject(scope.ProjectId)
	case *workflowpb.ListRunsRequest_TaskName:
		n := scope.TaskName
		q.must(map[string]string{"task_project": n.GetProject(), "task_domain": n.GetDomain(), taskNameColumn: n.GetName()})
	case *workflowpb.ListRunsRequest_TaskId:
		n := scope.TaskId
		q.must(map[string]string{
			"task_project": n.GetProject(), "task_domain": n.GetDomain(), taskNameColumn: n.GetName(), "task_version": n.GetVersion(),
		})
	case *workflowpb.ListRunsRequest_TriggerName:
		n := scope.TriggerName
		q.must(map[string]string{
			"project": n.GetProject(), "domain": n.GetDomain(), "trigger_task_name": n.GetTaskName(), "trigger_name": n.GetName(),
		})
	}
}

func (q *actionQuery) inProject(id *commonpb.ProjectIdentifier) {
	q.must(map[string]string{"project": id.GetName(), "domain": id.GetDomain()})
}

// must asks for these values of columns. If a filter asks for another value, there are no
// such rows.
func (q *actionQuery) must(equal map[string]string) {
	for column, text := range equal {
		if !q.want(column, text) {
			q.tests = append(q.tests, func(*action) bool { return false })
		}
	}
}
