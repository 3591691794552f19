package command

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func newRun(a *App) *cobra.Command {
	return group("run", "Start runs and look at them",
		newRunList(a), newRunGet(a), newRunCreate(a), newRunWatch(a), newRunWait(a), newRunAbort(a), newRunLogs(a), newRunOutputs(a))
}

func newRunList(a *App) *cobra.Command {
	var limit int
	var task string
	c := &cobra.Command{
		Use: "list", Short: "List the runs of a project, the newest first", Args: cobra.NoArgs,
		Example: "  jetway run list --project demo --domain development\n  jetway run list --task hello --limit 5",
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.runList(ctx, limit, task)
		},
	}
	limitFlag(c, &limit, 20)
	c.Flags().StringVar(&task, "task", "", "of this `task` only")
	return c
}

func (a *App) runList(ctx context.Context, limit int, task string) error {
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	in, err := scope(p)
	if err != nil {
		return err
	}
	r := &workflowpb.ListRunsRequest{
		Request: &commonpb.ListRequest{Limit: page(limit), SortByFields: newest()}, ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: in},
	}
	if task != "" {
		r.ScopeBy = &workflowpb.ListRunsRequest_TaskName{TaskName: &taskpb.TaskName{
			Org: in.GetOrganization(), Project: in.GetName(), Domain: in.GetDomain(), Name: task,
		}}
	}
	w := a.waitFor("waiting for the runs")
	runs, err := take(limit, follow.ListRuns(ctx, cs.Run(), r, w.opts()...))
	w.stop()
	if err != nil {
		return err
	}
	v := show.View{Value: show.Messages(runs), Columns: []string{"name", "phase", "started", "took"}, Empty: "there are no runs"}
	for _, r := range runs {
		s := r.GetAction().GetStatus()
		v.Rows = append(v.Rows, []string{r.GetAction().GetId().GetRun().GetName(), phase(s.GetPhase()), when(s.GetStartTime()), took(s)})
	}
	return a.print(v)
}

// newest sorts by the time of creation; backends would sort by something else.
func newest() []*commonpb.Sort {
	return []*commonpb.Sort{{Key: "created_at", Direction: commonpb.Sort_DESCENDING}}
}

func newRunGet(a *App) *cobra.Command {
	return &cobra.Command{
		Use: "get RUN", Short: "Print a run and its actions", Args: cobra.ExactArgs(1),
		Example: "  jetway run get rx5vmm2qbd --project demo --domain development\n  jetway run get demo/development/rx5vmm2qbd -o json",
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.onRun(ctx, args[0], a.runGet)
		},
	}
}

func (a *App) runGet(ctx context.Context, cs *clientset.ClientSet, id *commonpb.RunIdentifier) error {
	w := a.waitFor("waiting for run " + id.GetName())
	defer w.stop()
	details, err := cs.Run().GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{RunId: id})
	if err != nil {
		return err
	}
	v := show.View{
		Value: details.GetDetails(), Columns: []string{"action", "phase", "attempts", "started", "took"}, Names: []string{id.GetName()},
	}
	if a.format == show.Table {
		w.now("waiting for the actions of run " + id.GetName())
		actions, err := take(0, follow.ListActions(ctx, cs.Run(), &workflowpb.ListActionsRequest{
			Request: &commonpb.ListRequest{Limit: page(0)}, RunId: id,
		}, w.opts()...))
		if err != nil {
			return err
		}
		slices.SortStableFunc(actions, func(x, y *workflowpb.Action) int { return started(x).Compare(started(y)) })
		for _, action := range actions {
			s := action.GetStatus()
			v.Rows = append(v.Rows, []string{
				action.GetId().GetName(), phase(s.GetPhase()), strconv.FormatUint(uint64(s.GetAttempts()), 10), when(s.GetStartTime()), took(s),
			})
		}
	}
	w.stop()
	return a.print(v)
}

// started returns when an action started; one that has not comes last.
func started(a *workflowpb.Action) time.Time {
	if t := a.GetStatus().GetStartTime(); t.IsValid() && t.GetSeconds() != 0 {
		return t.AsTime()
	}
	return time.Unix(1<<40, 0)
}

func newRunAbort(a *App) *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use: "abort RUN", Short: "Stop a run", Args: cobra.ExactArgs(1),
		Example: "  jetway run abort rx5vmm2qbd --reason \"wrong inputs\"",
		RunE: func(c *cobra.Command, args []string) error {
			ctx, cancel := a.limited(c.Context())
			defer cancel()
			return a.onRun(ctx, args[0], func(ctx context.Context, cs *clientset.ClientSet, id *commonpb.RunIdentifier) error {
				r := &workflowpb.AbortRunRequest{RunId: id}
				if reason != "" {
					r.Reason = &reason
				}
				if _, err := cs.Run().AbortRun(ctx, r); err != nil {
					return err
				}
				a.IO.Notef("Run %s is being stopped.", id.GetName())
				return nil
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for people")
	return c
}

// when returns a time for people, in their own zone.
func when(t *timestamppb.Timestamp) string {
	if !t.IsValid() || t.GetSeconds() == 0 {
		return "-"
	}
	return t.AsTime().Local().Format(time.DateTime) //nolint:gosmopolitan // a person reads it
}

// took returns how long an action took, or has taken until now.
func took(s *workflowpb.ActionStatus) string {
	switch start := s.GetStartTime(); {
	case s.DurationMs != nil:
		return short(time.Duration(s.GetDurationMs()) * time.Millisecond) //nolint:gosec // 292 million years
	case !start.IsValid() || start.GetSeconds() == 0:
		return "-"
	case s.GetEndTime().IsValid():
		return short(s.GetEndTime().AsTime().Sub(start.AsTime()))
	default:
		return short(time.Since(start.AsTime()))
	}
}
