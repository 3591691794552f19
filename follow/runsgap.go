package follow

import (
	"context"
	"log/slog"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

const (
	// overlap is how much earlier than the newest time seen a list begins: transactions
	// become visible later than their time, and the servers of a backend have clocks of
	// their own.
	overlap = time.Minute
	// pageLimit is the largest page that servers accept.
	pageLimit = 200
	// changed is the column of the last change of a run or an action.
	changed = "updated_at"
)

// catchUp yields what has changed since the newest time that the server has shown.
func (w *runsWatch) catchUp(ctx context.Context) (news bool, err error) {
	req, ok := w.list()
	if !ok {
		return false, nil
	}
	since := w.runs.newest()
	if since.IsZero() { // no stream has brought anything
		since = w.began
	}
	since = since.Add(-overlap - everyTicks*w.cfg.silence) // what an unnoticed loss may have hidden, too
	req.Request.Filters = []*commonpb.Filter{{
		Field: changed, Function: commonpb.Filter_GREATER_THAN_OR_EQUAL, Values: []string{since.UTC().Format(time.RFC3339Nano)},
	}}
	w.runs.beginList()
	// Latest changes first: a run that changes meanwhile moves to the front and pushes
	// others back, so that some are read twice and none is skipped.
	for r, err := range listRuns(ctx, once(), w.client, req) {
		switch {
		case err != nil && ctx.Err() == nil && !transient(err, true):
			w.cfg.log.WarnContext(ctx, "changes during the cut may be missing: the runs cannot be listed", slog.Any("error", err))
			return news, nil
		case err != nil:
			return news, err
		}
		if !w.runs.listed(r) {
			continue
		}
		news = true
		if !w.yield(r, nil) {
			return news, errLeft
		}
	}
	return news, nil
}

// list returns the request that lists what is watched, if there is one.
func (w *runsWatch) list() (req *workflowpb.ListRunsRequest, ok bool) {
	req = &workflowpb.ListRunsRequest{Request: latestChanges()}
	switch target := w.req.GetTarget().(type) {
	case *workflowpb.WatchRunsRequest_Org:
		req.ScopeBy = &workflowpb.ListRunsRequest_Org{Org: target.Org}
	case *workflowpb.WatchRunsRequest_ProjectId:
		req.ScopeBy = &workflowpb.ListRunsRequest_ProjectId{ProjectId: target.ProjectId}
	case *workflowpb.WatchRunsRequest_TaskId:
		req.ScopeBy = &workflowpb.ListRunsRequest_TaskId{TaskId: target.TaskId}
	default:
		return nil, false
	}
	return req, true
}

func latestChanges() *commonpb.ListRequest {
	return &commonpb.ListRequest{Limit: pageLimit, SortByFields: []*commonpb.Sort{{Key: changed}}}
}

// check compares the latest changes that the backend lists with what was yielded. A
// target without a list shows by any list that the connection works.
func (w *runsWatch) check(ctx context.Context, _ int) (lags func() bool, err error) {
	req, ok := w.list()
	if !ok {
		req = &workflowpb.ListRunsRequest{Request: &commonpb.ListRequest{Limit: 1}}
	}
	answer, err := w.client.ListRuns(ctx, req)
	if err != nil || !ok {
		return nil, err
	}
	for _, r := range answer.GetRuns() {
		if have, differs := w.runs.differs(r); differs {
			return func() bool { now, _ := w.runs.differs(r); return now == have }, nil
		}
	}
	return nil, nil //nolint:nilnil // nothing lags
}
