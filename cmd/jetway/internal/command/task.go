package command

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	"github.com/jetway-go/jetway/values"
)

func newTask(a *App) *cobra.Command {
	return group("task", "Look at deployed tasks", newTaskList(a), newTaskGet(a))
}

func newTaskList(a *App) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the tasks of a project", Args: cobra.NoArgs,
		Example: "  jetway task list --project demo --domain development",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.taskList(ctx, limit)
		},
	}
	limitFlag(c, &limit, 50)
	return c
}

func (a *App) taskList(ctx context.Context, limit int) error {
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	in, err := scope(p)
	if err != nil {
		return err
	}
	w := a.waitFor("waiting for the tasks")
	tasks, err := take(limit, follow.ListTasks(ctx, cs.Task(), &taskpb.ListTasksRequest{
		Request: &commonpb.ListRequest{Limit: page(limit)}, ScopeBy: &taskpb.ListTasksRequest_ProjectId{ProjectId: in},
	}, w.opts()...))
	w.stop()
	if err != nil {
		return err
	}
	v := show.View{Value: show.Messages(tasks), Columns: []string{"name", "version", "deployed"}, Empty: "there are no tasks"}
	for _, t := range tasks {
		v.Rows = append(v.Rows, []string{t.GetTaskId().GetName(), t.GetTaskId().GetVersion(), when(t.GetMetadata().GetDeployedAt())})
	}
	return a.print(v)
}

func newTaskGet(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "get TASK[@VERSION]", Short: "Print a task; its newest version by default", Args: cobra.ExactArgs(1),
		Example: "  jetway task get hello\n  jetway task get hello@v3 -o yaml",
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			cs, p, err := a.open(ctx)
			if err != nil {
				return err
			}
			defer cs.Close()
			id, err := taskID(p, args[0])
			if err != nil {
				return err
			}
			d, err := taskDetails(ctx, cs, id)
			if err != nil {
				return err
			}
			takes := d.GetSpec().GetTaskTemplate().GetInterface()
			return a.print(show.View{
				Value: d, Columns: []string{"name", "version", "deployed", "inputs", "outputs"},
				Rows: [][]string{{
					d.GetTaskId().GetName(), d.GetTaskId().GetVersion(), when(d.GetMetadata().GetDeployedAt()),
					signature(takes.GetInputs(), d.GetSpec().GetDefaultInputs()), signature(takes.GetOutputs(), nil),
				}},
			})
		},
	}
}

// signature lists variables with their types, and which of them need not be given.
func signature(vars *corepb.VariableMap, optional []*taskpb.NamedParameter) string {
	var out []string
	for _, v := range vars.GetVariables() {
		text := v.GetKey() + ": " + values.TypeName(v.GetValue().GetType())
		if slices.ContainsFunc(optional, func(p *taskpb.NamedParameter) bool {
			return p.GetName() == v.GetKey() && !p.GetParameter().GetRequired()
		}) {
			text += " (optional)"
		}
		out = append(out, text)
	}
	return cmp.Or(strings.Join(out, ", "), "-")
}

// taskID reads NAME or NAME@VERSION; without a version it is the newest.
func taskID(p *connect.Plan, text string) (*taskpb.TaskIdentifier, error) {
	in, err := scope(p)
	if err != nil {
		return nil, err
	}
	name, version, _ := strings.Cut(text, "@")
	if name == "" {
		return nil, failure.Usage("task %q: want NAME or NAME@VERSION", text)
	}
	return &taskpb.TaskIdentifier{
		Org: in.GetOrganization(), Project: in.GetName(), Domain: in.GetDomain(), Name: name, Version: version,
	}, nil
}

// taskDetails returns a task; without a version its newest one.
func taskDetails(ctx context.Context, cs *clientset.ClientSet, id *taskpb.TaskIdentifier) (*taskpb.TaskDetails, error) {
	if id.GetVersion() == "" {
		answer, err := cs.Task().ListVersions(ctx, &taskpb.ListVersionsRequest{
			Request:  &commonpb.ListRequest{Limit: 1},
			TaskName: &taskpb.TaskName{Org: id.GetOrg(), Project: id.GetProject(), Domain: id.GetDomain(), Name: id.GetName()},
		})
		switch {
		case err != nil:
			return nil, fmt.Errorf("find the newest version of task %s: %w", id.GetName(), err)
		case len(answer.GetVersions()) == 0:
			return nil, failure.Exit(failure.NotFound,
				fmt.Errorf("project %s has no task %s in domain %s", id.GetProject(), id.GetName(), id.GetDomain()), "jetway task list shows all")
		}
		id.Version = answer.GetVersions()[0].GetVersion()
	}
	answer, err := cs.Task().GetTaskDetails(ctx, &taskpb.GetTaskDetailsRequest{TaskId: id})
	if status.Code(err) == codes.NotFound {
		err = failure.Hint(err, "run: jetway task list")
	}
	return answer.GetDetails(), err
}
