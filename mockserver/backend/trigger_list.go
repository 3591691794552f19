package backend

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
)

// ListTriggers returns one page of the triggers in a scope, without their specs: active ones
// first, then those that were switched last.
func (s triggerServer) ListTriggers(_ context.Context, req *triggerpb.ListTriggersRequest) (*triggerpb.ListTriggersResponse, error) {
	cols := triggerColumns()
	q, err := readQuery(req.GetRequest(), cols, s.b.cfg.Strict)
	if err != nil {
		return nil, s.listError(err, req.GetRequest(), cols)
	}
	for column, want := range q.equal {
		q.tests = append(q.tests, func(r triggerRow) bool { return cols[column].get(r) == want })
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	rows := slices.DeleteFunc(s.b.triggers.all(), func(r triggerRow) bool { return !inTriggerScope(req, r) })
	slices.SortStableFunc(rows, func(a, b triggerRow) int {
		return cmp.Or(boolRank(b.active)-boolRank(a.active), b.updated.Compare(a.updated))
	})
	page, _ := q.page(plainRows[triggerRow](rows))
	out := &triggerpb.ListTriggersResponse{Token: fullPageToken(len(page), q.offset, q.limit)}
	for _, r := range page {
		out.Triggers = append(out.Triggers, &triggerpb.Trigger{
			Id: r.id(), Status: r.status(), Active: r.active, AutomationSpec: proto.CloneOf(r.automation),
		})
	}
	return out, nil
}

// GetTriggerRevisionHistory returns one page of a trigger's revisions, newest first. As real
// backends do, it looks at the names in filters and orders, and applies neither.
func (s triggerServer) GetTriggerRevisionHistory(
	_ context.Context, req *triggerpb.GetTriggerRevisionHistoryRequest,
) (*triggerpb.GetTriggerRevisionHistoryResponse, error) {
	cols := revisionColumns()
	for _, f := range req.GetRequest().GetFilters() {
		if _, ok := cols[f.GetField()]; !ok {
			return nil, status.Errorf(codes.InvalidArgument, "cannot filter by %q: want one of %s", f.GetField(), columnNames(cols))
		}
	}
	asked := proto.CloneOf(req.GetRequest())
	if asked != nil {
		asked.Filters = nil
	}
	q, err := readQuery(asked, cols, s.b.cfg.Strict)
	if err != nil {
		return nil, err
	}
	q.sorts = nil
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	page, _ := q.page(newestFirst[triggerRow](s.b.triggers.byKey[triggerKeyOf(req.GetName())]))
	out := &triggerpb.GetTriggerRevisionHistoryResponse{Token: fullPageToken(len(page), q.offset, q.limit)}
	for _, r := range page {
		made := r.deployed
		for _, t := range []time.Time{r.updated, r.deleted} {
			if t.After(made) {
				made = t
			}
		}
		out.Triggers = append(out.Triggers, &triggerpb.TriggerRevision{
			Id: r.id(), Status: r.status(), Action: r.action, CreatedAt: stampUnlessZero(made),
		})
	}
	return out, nil
}

// listError returns the error of a listing. A value that its database cannot compare is Internal
// at real backends.
func (s triggerServer) listError(err error, req *commonpb.ListRequest, cols columns[triggerRow]) error {
	if s.b.cfg.Strict {
		return err
	}
	for _, f := range req.GetFilters() {
		if col, ok := cols[f.GetField()]; ok {
			if _, bad := filterTest(f, col.kind, false); bad != nil {
				return status.Error(codes.Internal, status.Convert(err).Message())
			}
		}
	}
	return err
}

// inTriggerScope reports whether a trigger is in the scope of a listing. Without one, or with an
// organization, all are.
func inTriggerScope(req *triggerpb.ListTriggersRequest, r triggerRow) bool {
	switch scope := req.GetScopeBy().(type) {
	case *triggerpb.ListTriggersRequest_ProjectId:
		return r.project == scope.ProjectId.GetName() && r.domain == scope.ProjectId.GetDomain()
	case *triggerpb.ListTriggersRequest_TaskId:
		return r.taskName() == nameOf(scope.TaskId) && r.spec.GetTaskVersion() == scope.TaskId.GetVersion()
	case *triggerpb.ListTriggersRequest_TaskName:
		n := scope.TaskName
		return r.taskName() == taskName{n.GetProject(), n.GetDomain(), n.GetName()}
	default:
		return true
	}
}

func triggerColumns() columns[triggerRow] {
	return columns[triggerRow]{
		"project":         textColumn(func(r triggerRow) string { return r.project }),
		"domain":          textColumn(func(r triggerRow) string { return r.domain }),
		"task_name":       textColumn(func(r triggerRow) string { return r.task }),
		"name":            textColumn(func(r triggerRow) string { return r.name }),
		"active":          {parseBool, func(r triggerRow) any { return int64(boolRank(r.active)) }},
		"deployed_at":     timeColumn(func(r triggerRow) time.Time { return r.deployed }),
		"updated_at":      timeColumn(func(r triggerRow) time.Time { return r.updated }),
		"task_version":    textColumn(func(r triggerRow) string { return r.spec.GetTaskVersion() }),
		"automation_type": textColumn(func(r triggerRow) string { return r.automation.GetType().String() }),
	}
}

func revisionColumns() columns[triggerRow] {
	return columns[triggerRow]{
		"revision":    numberColumn(func(r triggerRow) int64 { return int64(r.revision) }), //nolint:gosec // far from 2^63 in memory
		"deployed_at": timeColumn(func(r triggerRow) time.Time { return r.deployed }),
		"updated_at":  timeColumn(func(r triggerRow) time.Time { return r.updated }),
		"action":      textColumn(func(r triggerRow) string { return r.action.String() }),
	}
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// parseBool reads a word as numbers that compare as it does.
func parseBool(text string) (any, error) {
	switch text {
	case "true":
		return int64(1), nil
	case "false":
		return int64(0), nil
	default:
		return nil, fmt.Errorf("%q is neither true nor false", text)
	}
}

// plainRows are rows in their own order.
type plainRows[T any] []T

func (r plainRows[T]) len() int { return len(r) }

func (r plainRows[T]) from(skip int) iter.Seq[T] { return slices.Values(r[min(skip, len(r)):]) }
