package backend

import (
	"context"
	"slices"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// Longer descriptions are cut, not rejected; in bytes.
const (
	maxShortDescription = 255
	maxLongDescription  = 2048
)

// taskServer is TaskService.
type taskServer struct {
	taskpb.UnimplementedTaskServiceServer

	b *Backend
}

func (s taskServer) DeployTask(_ context.Context, req *taskpb.DeployTaskRequest) (*taskpb.DeployTaskResponse, error) {
	id := req.GetTaskId()
	switch {
	case id == nil:
		return nil, status.Error(codes.InvalidArgument, "task_id is required")
	case req.GetSpec() == nil:
		return nil, status.Error(codes.InvalidArgument, "spec is required")
	}
	if err := s.b.checkProject(id.GetProject()); err != nil {
		return nil, err
	}
	for _, t := range req.GetTriggers() {
		if err := checkCron(t.GetAutomationSpec().GetSchedule()); err != nil {
			return nil, status.Errorf(codes.InvalidArgument, "trigger %q: %v", t.GetName(), err)
		}
	}
	own := proto.CloneOf(req)
	if env := own.GetSpec().GetEnvironment(); env != nil {
		env.Description = cutText(env.GetDescription(), maxShortDescription)
	}
	if doc := own.GetSpec().GetDocumentation(); doc != nil {
		doc.ShortDescription = cutText(doc.GetShortDescription(), maxShortDescription)
		doc.LongDescription = cutText(doc.GetLongDescription(), maxLongDescription)
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.tasks.deploy(taskRow{
		taskName: taskName{id.GetProject(), id.GetDomain(), id.GetName()}, version: id.GetVersion(),
		spec: own.GetSpec(), triggers: own.GetTriggers(),
	}, s.b.cfg.Now())
	return &taskpb.DeployTaskResponse{}, nil
}

func (s taskServer) GetTaskDetails(_ context.Context, req *taskpb.GetTaskDetailsRequest) (*taskpb.GetTaskDetailsResponse, error) {
	id := req.GetTaskId()
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	i := s.b.tasks.index(taskName{id.GetProject(), id.GetDomain(), id.GetName()}, id.GetVersion())
	if i < 0 {
		return nil, status.Errorf(codes.NotFound, "task not found: %s/%s/%s version %q",
			id.GetProject(), id.GetDomain(), id.GetName(), id.GetVersion())
	}
	row := s.b.tasks.rows[i]
	return &taskpb.GetTaskDetailsResponse{Details: &taskpb.TaskDetails{
		TaskId: row.id(), Metadata: row.metadata(), Spec: proto.CloneOf(row.spec),
	}}, nil
}

// ListTasks returns one page of the tasks in a scope. Each is represented by its latest
// version, by time of first deployment, with the newest run of any version.
func (s taskServer) ListTasks(_ context.Context, req *taskpb.ListTasksRequest) (*taskpb.ListTasksResponse, error) {
	s.b.mu.Lock()
	rows := s.b.tasks.newestFirst()
	s.b.mu.Unlock()

	// One row for each name: the first one is the latest version.
	seen := map[taskName]bool{}
	scope := req.GetProjectId()
	rows = slices.DeleteFunc(rows, func(r taskRow) bool {
		outside := scope != nil && (r.project != scope.GetName() || r.domain != scope.GetDomain())
		again := seen[r.taskName]
		seen[r.taskName] = true
		return outside || again
	})
	matched, offset, limit, err := selectRows(req.GetRequest(), rows, taskColumns())
	if err != nil {
		return nil, err
	}
	for _, known := range req.GetKnownFilters() {
		matched = slices.DeleteFunc(matched, func(r taskRow) bool { return !passesKnown(known, r) })
	}
	page := cutPage(matched, offset, limit)
	out := &taskpb.ListTasksResponse{
		Token:    fullPageToken(len(page), offset, limit),
		Metadata: &taskpb.ListTasksResponse_ListTasksMetadata{},
	}
	if len(page) > 0 { // the totals are part of the rows: without rows there are none
		out.Metadata.Total, out.Metadata.FilteredTotal = uint32(len(rows)), uint32(len(matched)) //nolint:gosec // far from 2^32 in memory
	}
	shown := map[taskName]bool{}
	for _, row := range page {
		shown[row.taskName] = true
	}
	latest := latestRuns(s.b.runs, func(n taskName) bool { return shown[n] }, nameOf)
	for _, row := range page {
		task := &taskpb.Task{TaskId: row.id(), Metadata: row.metadata()}
		if last := latest[row.taskName]; last != nil {
			task.TaskSummary = &taskpb.TaskSummary{LatestRun: last}
		}
		out.Tasks = append(out.Tasks, task)
	}
	return out, nil
}

// ListVersions returns one page of a task's versions, each with its newest run. An unknown
// task has none.
func (s taskServer) ListVersions(_ context.Context, req *taskpb.ListVersionsRequest) (*taskpb.ListVersionsResponse, error) {
	n := req.GetTaskName()
	want := taskName{n.GetProject(), n.GetDomain(), n.GetName()}
	s.b.mu.Lock()
	rows := s.b.tasks.newestFirst()
	s.b.mu.Unlock()

	rows = slices.DeleteFunc(rows, func(r taskRow) bool { return r.taskName != want })
	matched, offset, limit, err := selectRows(req.GetRequest(), rows, versionColumns())
	if err != nil {
		return nil, err
	}
	page := cutPage(matched, offset, limit)
	out := &taskpb.ListVersionsResponse{Token: fullPageToken(len(page), offset, limit)}
	latest := latestRuns(s.b.runs, func(n taskName) bool { return n == want }, versionOf)
	for _, row := range page {
		out.Versions = append(out.Versions, &taskpb.ListVersionsResponse_VersionResponse{
			Version: row.version, DeployedAt: timestamppb.New(row.created), LatestRun: latest[row.version],
		})
	}
	return out, nil
}

func passesKnown(f *taskpb.ListTasksRequest_KnownFilter, r taskRow) bool {
	switch by := f.GetFilterBy().(type) {
	case *taskpb.ListTasksRequest_KnownFilter_DeployedBy:
		return by.DeployedBy == "" // the deployer is not recorded
	case *taskpb.ListTasksRequest_KnownFilter_IsEntrypoint:
		return r.spec.GetTaskTemplate().GetMetadata().GetIsEntrypoint() == by.IsEntrypoint
	default:
		return true
	}
}

// metadata returns a task as listings show it, without its deployer.
func (r taskRow) metadata() *taskpb.TaskMetadata {
	m := &taskpb.TaskMetadata{
		ShortName: r.shortName(), DeployedAt: timestamppb.New(r.created),
		EnvironmentName:  r.spec.GetEnvironment().GetName(),
		ShortDescription: r.spec.GetDocumentation().GetShortDescription(),
	}
	switch len(r.triggers) {
	case 0:
	case 1:
		t := proto.CloneOf(r.triggers[0])
		m.TriggersSummary = &taskpb.TaskTriggersSummary{Summary: &taskpb.TaskTriggersSummary_Details{
			Details: &taskpb.TaskTriggersSummary_TriggerDetails{
				Name: t.GetName(), Active: t.GetSpec().GetActive(), AutomationSpec: t.GetAutomationSpec(),
			},
		}}
	default:
		m.TriggersSummary = &taskpb.TaskTriggersSummary{Summary: &taskpb.TaskTriggersSummary_Stats{
			Stats: &taskpb.TaskTriggersSummary_TriggerStats{
				Total: uint32(len(r.triggers)), Active: uint32(r.activeTriggers()), //nolint:gosec // far from 2^32 in one request
			},
		}}
	}
	return m
}

// cutText cuts s to at most limit bytes, never inside a character: protobuf refuses to
// send invalid UTF-8.
func cutText(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}
