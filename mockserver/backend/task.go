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
	if err := s.b.AddTask(req); err != nil {
		return nil, err
	}
	return &taskpb.DeployTaskResponse{}, nil
}

// AddTask deploys a task, as a call of DeployTask does; the error is what the call returns.
func (b *Backend) AddTask(req *taskpb.DeployTaskRequest) error {
	id := req.GetTaskId()
	switch {
	case id == nil:
		return status.Error(codes.InvalidArgument, "task_id is required")
	case req.GetSpec() == nil:
		return status.Error(codes.InvalidArgument, "spec is required")
	}
	if err := b.checkProject(id.GetProject()); err != nil {
		return err
	}
	own := proto.CloneOf(req)
	for _, t := range own.GetTriggers() {
		if err := checkCron(t.GetAutomationSpec().GetSchedule()); err != nil {
			return status.Errorf(codes.InvalidArgument, "trigger %q: %v", t.GetName(), err)
		}
		setAutomationType(t.GetAutomationSpec(), b.cfg.Strict)
	}
	if env := own.GetSpec().GetEnvironment(); env != nil {
		env.Description = cutText(env.GetDescription(), maxShortDescription)
	}
	if doc := own.GetSpec().GetDocumentation(); doc != nil {
		doc.ShortDescription = cutText(doc.GetShortDescription(), maxShortDescription)
		doc.LongDescription = cutText(doc.GetLongDescription(), maxLongDescription)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tasks.deploy(taskRow{taskName: nameOf(id), version: id.GetVersion(), spec: own.GetSpec()}, b.cfg.Now())
	b.deployTriggers(nameOf(id), id.GetVersion(), own.GetTriggers())
	return nil
}

func (s taskServer) GetTaskDetails(_ context.Context, req *taskpb.GetTaskDetailsRequest) (*taskpb.GetTaskDetailsResponse, error) {
	id := req.GetTaskId()
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	row, ok := s.b.tasks.find(id)
	if !ok {
		return nil, status.Errorf(codes.NotFound, "task not found: %s/%s/%s version %q",
			id.GetProject(), id.GetDomain(), id.GetName(), id.GetVersion())
	}
	return &taskpb.GetTaskDetailsResponse{Details: &taskpb.TaskDetails{
		TaskId: row.id(), Metadata: row.metadata(s.b.cfg.Strict), Spec: proto.CloneOf(row.spec),
	}}, nil
}

// ListTasks returns one page of the tasks in a scope. Each is represented by its latest
// version, by time of first deployment. The summary of its runs is empty, as in real
// backends.
func (s taskServer) ListTasks(_ context.Context, req *taskpb.ListTasksRequest) (*taskpb.ListTasksResponse, error) {
	q, err := readQuery(req.GetRequest(), s.b.tasks.table.columns, s.b.cfg.Strict)
	if err != nil {
		return nil, err
	}
	for _, known := range req.GetKnownFilters() {
		q.tests = append(q.tests, func(t *task) bool { return passesKnown(known, t.latest()) })
	}
	scope := query[*task]{equal: map[string]string{}}
	if p := req.GetProjectId(); p != nil {
		for column, want := range map[string]string{"project": p.GetName(), "domain": p.GetDomain()} {
			scope.equal[column] = want
			if !q.want(column, want) {
				q.tests = append(q.tests, func(*task) bool { return false })
			}
		}
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	from, q := s.b.tasks.table.find(q)
	page, _ := q.page(from)
	out := &taskpb.ListTasksResponse{
		Token:    fullPageToken(len(page), q.offset, q.limit),
		Metadata: &taskpb.ListTasksResponse_ListTasksMetadata{},
	}
	if len(page) > 0 { // the totals are part of the rows: without rows there are none
		all, scope := s.b.tasks.table.find(scope)
		out.Metadata.Total, out.Metadata.FilteredTotal = uint32(scope.count(all)), uint32(q.count(from)) //nolint:gosec // far from 2^32 in memory
	}
	for _, t := range page {
		row := t.latest()
		out.Tasks = append(out.Tasks, &taskpb.Task{
			TaskId: row.id(), Metadata: row.metadata(s.b.cfg.Strict), TaskSummary: &taskpb.TaskSummary{},
		})
	}
	return out, nil
}

// ListVersions returns one page of a task's versions, without their latest runs, as real
// backends do. An unknown task has none.
func (s taskServer) ListVersions(_ context.Context, req *taskpb.ListVersionsRequest) (*taskpb.ListVersionsResponse, error) {
	n := req.GetTaskName()
	cols := versionColumns()
	q, err := readQuery(req.GetRequest(), cols, s.b.cfg.Strict)
	if err != nil {
		return nil, err
	}
	for column, want := range q.equal {
		q.tests = append(q.tests, func(r taskRow) bool { return cols[column].get(r) == want })
	}
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	var versions newestFirst[taskRow]
	if own := s.b.tasks.byName[taskName{n.GetProject(), n.GetDomain(), n.GetName()}]; own != nil {
		versions = own.versions
	}
	page, _ := q.page(versions)
	out := &taskpb.ListVersionsResponse{Token: fullPageToken(len(page), q.offset, q.limit)}
	for _, row := range page {
		out.Versions = append(out.Versions, &taskpb.ListVersionsResponse_VersionResponse{
			Version: row.version, DeployedAt: timestamppb.New(row.created),
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
func (r taskRow) metadata(strict bool) *taskpb.TaskMetadata {
	return &taskpb.TaskMetadata{
		ShortName: r.shortName(), DeployedAt: timestamppb.New(r.created),
		EnvironmentName:  r.spec.GetEnvironment().GetName(),
		ShortDescription: r.spec.GetDocumentation().GetShortDescription(),
		TriggersSummary:  r.triggersSummary(strict),
	}
}

// triggersSummary returns a trigger, or the number of several; nil without any.
//
// Real backends store how the one trigger is set off in a form that takes bytes that are
// no printable ASCII, and backslashes, for escapes, and then show no summary. Only a strict
// backend shows it always.
func (r taskRow) triggersSummary(strict bool) *taskpb.TaskTriggersSummary {
	switch len(r.triggers) {
	case 0:
		return nil
	case 1:
		t := proto.CloneOf(r.triggers[0])
		if !strict && !survivesEscaping(t.GetAutomationSpec()) {
			return nil
		}
		return &taskpb.TaskTriggersSummary{Summary: &taskpb.TaskTriggersSummary_Details{
			Details: &taskpb.TaskTriggersSummary_TriggerDetails{
				Name: t.GetName(), Active: t.GetSpec().GetActive(), AutomationSpec: t.GetAutomationSpec(),
			},
		}}
	default:
		return &taskpb.TaskTriggersSummary{Summary: &taskpb.TaskTriggersSummary_Stats{
			Stats: &taskpb.TaskTriggersSummary_TriggerStats{
				Total: uint32(len(r.triggers)), Active: uint32(r.activeTriggers()), //nolint:gosec // far from 2^32 in one request
			},
		}}
	}
}

// survivesEscaping reports whether a message, serialized, is the same as its escaped form.
func survivesEscaping(m proto.Message) bool {
	raw, err := proto.Marshal(m)
	return err == nil && !slices.ContainsFunc(raw, func(b byte) bool { return b == 0 || b == '\\' || b > 0x7f })
}

// setAutomationType makes the type say whether there is a schedule, whatever it said. Real
// backends say nothing of artifacts; only a strict one does.
func setAutomationType(a *taskpb.TriggerAutomationSpec, strict bool) {
	switch {
	case a == nil:
	case strict && a.GetArtifact() != nil:
		a.Type = taskpb.TriggerAutomationSpecType_TYPE_ARTIFACT
	case a.GetSchedule() != nil:
		a.Type = taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE
	default:
		a.Type = taskpb.TriggerAutomationSpecType_TYPE_NONE
	}
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
