package backend

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
)

// updateHosted replaces the spec of an app, if its revision is the latest. The caller holds
// s.mu.
func (s *apps) updateHosted(a *app, sent *apppb.App) (*apppb.App, error) {
	if have := sent.GetMetadata().GetRevision(); have != a.revision {
		return nil, status.Errorf(codes.FailedPrecondition, "app %s has revision %d, not %d: read it again", a.key, a.revision, have)
	}
	if sent.GetSpec().GetDesiredState() != apppb.Spec_DESIRED_STATE_STOPPED {
		return s.message(s.deploy(sent)), nil
	}
	if !proto.Equal(a.spec, sent.GetSpec()) {
		a.revision++
		a.spec, a.meta = sent.GetSpec(), sent.GetMetadata()
	}
	s.stop(a)
	return s.message(a), nil
}

// listHosted makes a page of rows: filtered, sorted and counted. The caller holds s.mu.
func (s *apps) listHosted(req *apppb.ListRequest, rows []*app) (*apppb.ListResponse, error) {
	cols := s.columns()
	q, err := readQuery(req.GetRequest(), cols, true)
	if err != nil {
		return nil, err
	}
	for name, want := range q.equal { // there is no index of apps
		get := cols[name].get
		q.tests = append(q.tests, func(a *app) bool { return get(a) == want })
	}
	found := slices.DeleteFunc(rows, func(a *app) bool {
		return slices.ContainsFunc(q.tests, func(test func(*app) bool) bool { return !test(a) })
	})
	q.sort(found)
	page := cutPage(found, q.offset, q.limit)
	out := &apppb.ListResponse{Token: nextToken(q.offset, len(page), q.offset+len(page) < len(found))}
	if req.GetIncludeTotalCount() {
		out.TotalCount = int64(len(found))
	}
	for _, a := range page {
		out.Apps = append(out.Apps, s.message(a))
	}
	return out, nil
}

func (s *apps) columns() columns[*app] {
	return columns[*app]{
		"created_at":   timeColumn(func(a *app) time.Time { return a.created }),
		"created_by":   textColumn(func(a *app) string { return subject(a.spec.GetCreator()) }),
		"status_phase": textColumn(func(a *app) string { return s.state(a).String() }),
	}
}
