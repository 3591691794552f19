package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/connect"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/values"
)

// createFlags say what to run.
type createFlags struct {
	name, inputs string
	set          []string
	watch, wait  bool
}

func newRunCreate(a *App) *cobra.Command {
	var f createFlags
	c := &cobra.Command{
		Use:   "create TASK[@VERSION]",
		Short: "Start a run of a task",
		Long: "Starts a run of a deployed task, its newest version by default, and prints the run's name. Inputs\n" +
			"are converted by the task's interface: --input NAME=VALUE, with JSON or plain text as the value,\n" +
			"or --inputs with an object of all; jetway task get shows what a task takes. With --name, asking\n" +
			"twice gives one run.",
		Example: "  jetway run create hello --input name=Ada --input times=3\n" +
			"  jetway run create train@v3 --inputs @inputs.json --watch",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.runCreate(c, args[0], f) },
	}
	c.Flags().StringVar(&f.name, "name", "", "`name` of the run; by default the backend makes one")
	c.Flags().StringArrayVarP(&f.set, "input", "i", nil, "`NAME=VALUE` of an input; repeatable")
	c.Flags().StringVar(&f.inputs, "inputs", "", "all inputs: a `JSON` object, @file or - for standard input")
	c.Flags().BoolVar(&f.watch, "watch", false, "watch the run until it ends")
	c.Flags().BoolVar(&f.wait, "wait", false, "wait until the run has ended")
	c.MarkFlagsMutuallyExclusive("watch", "wait")
	return c
}

func (a *App) runCreate(c *cobra.Command, task string, f createFlags) error {
	ctx, cancel := a.patient(c)
	defer cancel()
	given, err := a.inputs(f)
	if err != nil {
		return err
	}
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	w := a.waitFor("starting a run of " + task)
	run, err := a.create(ctx, cs, p, task, given, f.name)
	w.stop()
	if err != nil {
		return err
	}
	id := run.GetAction().GetId().GetRun()
	if web, err := cs.Console(ctx); err == nil {
		a.IO.Notef("Run %s: %s", id.GetName(), web.Run(id))
	}
	v := show.View{
		Value: run, Columns: []string{"name", "phase"},
		Rows: [][]string{{id.GetName(), phase(run.GetAction().GetStatus().GetPhase())}},
	}
	if !f.watch && !f.wait {
		return a.print(v)
	}
	if f.watch && (a.format == show.Table || a.format == show.Name) {
		if _, err := fmt.Fprintln(a.IO.Out, show.Clean(id.GetName())); err != nil {
			return err
		}
	}
	if f.watch {
		return a.watch(ctx, cs, id)
	}
	return a.wait(ctx, cs, id, true)
}

// create starts the run, within the time limit of a call.
func (a *App) create(
	ctx context.Context, cs *clientset.ClientSet, p *connect.Plan, task string, given inputs, name string,
) (*workflowpb.Run, error) {
	ctx, cancel := a.limited(ctx)
	defer cancel()
	id, err := taskID(p, task)
	if err != nil {
		return nil, err
	}
	details, err := taskDetails(ctx, cs, id)
	if err != nil {
		return nil, err
	}
	all, err := values.Inputs(given.of(details.GetSpec().GetTaskTemplate().GetInterface().GetInputs()), values.ForTask(details.GetSpec()))
	if err != nil {
		return nil, failure.Exit(failure.Misuse, err, "run: jetway task get "+task)
	}
	r := &workflowpb.CreateRunRequest{
		Task:         &workflowpb.CreateRunRequest_TaskId{TaskId: details.GetTaskId()},
		InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: all},
	}
	if name == "" {
		r.Id = &workflowpb.CreateRunRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{
			Organization: id.GetOrg(), Name: id.GetProject(), Domain: id.GetDomain(),
		}}
	} else {
		r.Id = &workflowpb.CreateRunRequest_RunId{RunId: &commonpb.RunIdentifier{
			Org: id.GetOrg(), Project: id.GetProject(), Domain: id.GetDomain(), Name: name,
		}}
	}
	answer, err := cs.Run().CreateRun(ctx, r)
	return answer.GetRun(), err
}
