package follow

import (
	"context"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// ProjectsLister lists projects: a ProjectServiceClient has it.
type ProjectsLister interface {
	ListProjects(
		ctx context.Context, in *projectpb.ListProjectsRequest, opts ...grpc.CallOption,
	) (*projectpb.ListProjectsResponse, error)
}

// ListProjects lists projects, as [Pages] does. Req may be nil; without a limit the
// backend sends all in one page.
func ListProjects(
	ctx context.Context, client ProjectsLister, req *projectpb.ListProjectsRequest, opts ...Option,
) iter.Seq2[*projectpb.Project, error] {
	req = copied(req)
	return named("list projects", "", all(ctx, newConfig(opts), func(ctx context.Context, token string) ([]*projectpb.Project, string, error) {
		page := proto.CloneOf(req)
		page.Token = starting(token, req.GetToken())
		answer, err := client.ListProjects(ctx, page)
		return answer.GetProjects().GetProjects(), answer.GetProjects().GetToken(), err
	}))
}

// TasksLister lists tasks: a TaskServiceClient has it.
type TasksLister interface {
	ListTasks(ctx context.Context, in *taskpb.ListTasksRequest, opts ...grpc.CallOption) (*taskpb.ListTasksResponse, error)
}

// ListTasks lists tasks, as [Pages] does, in pages of 200 unless req has a limit.
func ListTasks(ctx context.Context, client TasksLister, req *taskpb.ListTasksRequest, opts ...Option) iter.Seq2[*taskpb.Task, error] {
	req = copied(req)
	return named("list tasks", "", all(ctx, newConfig(opts), func(ctx context.Context, token string) ([]*taskpb.Task, string, error) {
		page := proto.CloneOf(req)
		page.Request = paged(req.GetRequest(), token)
		answer, err := client.ListTasks(ctx, page)
		return answer.GetTasks(), answer.GetToken(), err
	}))
}

// VersionsLister lists the versions of a task: a TaskServiceClient has it.
type VersionsLister interface {
	ListVersions(ctx context.Context, in *taskpb.ListVersionsRequest, opts ...grpc.CallOption) (*taskpb.ListVersionsResponse, error)
}

// Version is a version of a task.
type Version = taskpb.ListVersionsResponse_VersionResponse

// ListVersions lists the versions of a task, the newest first, as [Pages] does, in pages of
// 200 unless req has a limit.
func ListVersions(
	ctx context.Context, client VersionsLister, req *taskpb.ListVersionsRequest, opts ...Option,
) iter.Seq2[*Version, error] {
	req = copied(req)
	id := req.GetTaskName()
	subject := joined(id.GetOrg(), id.GetProject(), id.GetDomain(), id.GetName())
	return named("list versions", subject, all(ctx, newConfig(opts), func(ctx context.Context, token string) ([]*Version, string, error) {
		page := proto.CloneOf(req)
		page.Request = paged(req.GetRequest(), token)
		answer, err := client.ListVersions(ctx, page)
		return answer.GetVersions(), answer.GetToken(), err
	}))
}

// ListRuns lists runs, as [Pages] does, in pages of 200 unless req has a limit. Without a
// sort, backends list by phase, which changes: sort by "created_at", ascending, where each
// run must come once.
func ListRuns(
	ctx context.Context, client RunsLister, req *workflowpb.ListRunsRequest, opts ...Option,
) iter.Seq2[*workflowpb.Run, error] {
	return named("list runs", joined(req.GetProjectId().GetName(), req.GetProjectId().GetDomain()),
		listRuns(ctx, newConfig(opts), client, copied(req)))
}

func listRuns(ctx context.Context, cfg *config, client RunsLister, req *workflowpb.ListRunsRequest) iter.Seq2[*workflowpb.Run, error] {
	return all(ctx, cfg, func(ctx context.Context, token string) ([]*workflowpb.Run, string, error) {
		page := proto.CloneOf(req)
		page.Request = paged(req.GetRequest(), token)
		answer, err := client.ListRuns(ctx, page)
		return answer.GetRuns(), answer.GetToken(), err
	})
}

// ListActions lists the actions of a run, as [ListRuns] lists runs.
func ListActions(
	ctx context.Context, client ActionsLister, req *workflowpb.ListActionsRequest, opts ...Option,
) iter.Seq2[*workflowpb.Action, error] {
	return named("list actions", runText(req.GetRunId()), listActions(ctx, newConfig(opts), client, copied(req)))
}

func listActions(
	ctx context.Context, cfg *config, client ActionsLister, req *workflowpb.ListActionsRequest,
) iter.Seq2[*workflowpb.Action, error] {
	return all(ctx, cfg, func(ctx context.Context, token string) ([]*workflowpb.Action, string, error) {
		page := proto.CloneOf(req)
		page.Request = paged(req.GetRequest(), token)
		answer, err := client.ListActions(ctx, page)
		return answer.GetActions(), answer.GetToken(), err
	})
}

// copied returns a copy of req, which the caller may go on to change; an empty one for nil.
func copied[M any, P interface {
	*M
	proto.Message
}](req P) P {
	if req == nil {
		return new(M)
	}
	return proto.CloneOf(req)
}

// paged returns the request of a page.
func paged(req *commonpb.ListRequest, token string) *commonpb.ListRequest {
	page := copied(req)
	page.Token = starting(token, req.GetToken())
	if page.GetLimit() == 0 {
		page.Limit = pageLimit
	}
	return page
}

// starting returns the token of a page: the first is where the caller wants to begin.
func starting(token, first string) string {
	if token == "" {
		return first
	}
	return token
}
