package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/spf13/cobra"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/values"
)

func newRunWait(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "wait RUN",
		Short: "Wait until a run has ended",
		Long: "Waits until a run has ended, and prints how. Without success the exit code is 1. A time limit is\n" +
			"there only with --timeout; then the exit code is 8, and the run goes on.",
		Example: "  jetway run wait rx5vmm2qbd && jetway run outputs rx5vmm2qbd\n" +
			"  jetway run wait rx5vmm2qbd --timeout 10m -o json",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c, args[0], func(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
				return a.wait(ctx, cs, run, false)
			})
		},
	}
}

// wait waits until a run has ended, and prints how. Where it is not known that there is such a
// run, its first state shows it.
func (a *App) wait(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier, known bool) error {
	w := a.waitFor("waiting for run " + run.GetName())
	defer w.stop()
	opts := []follow.Option{follow.WithLogger(a.logger()), follow.WithNotice(w.notice)}
	for d, err := range follow.WatchRun(ctx, cs.Run(), run, opts...) {
		if err != nil && !known {
			return err
		}
		if err != nil {
			w.stop()
			return a.goesOn(ctx, run, err)
		}
		known = true
		w.now("waiting for run " + run.GetName() + ": " + phase(d.GetStatus().GetPhase()))
	}
	details, ending := follow.Wait(ctx, cs.Run(), run, opts...) // says how it ended
	w.stop()
	if details == nil || !ended(details.GetStatus().GetPhase()) {
		return a.goesOn(ctx, run, ending)
	}
	err := a.print(show.View{
		Value: details, Columns: []string{"name", "phase", "took"},
		Rows: [][]string{{run.GetName(), phase(details.GetStatus().GetPhase()), took(details.GetStatus())}},
	})
	return cmp.Or(err, verdict(run, ending))
}

// verdict returns the error of a run that did not succeed: no call has failed.
func verdict(run *commonpb.RunIdentifier, err error) error {
	switch text := ""; {
	case errors.Is(err, follow.ErrFailed), errors.Is(err, follow.ErrTimedOut):
		text = "run: jetway run logs " + show.Clean(run.GetName())
		fallthrough
	case errors.Is(err, follow.ErrAborted):
		if own, ok := errors.AsType[*follow.Error](err); ok {
			err = own.Err
		}
		return failure.Exit(failure.General, errors.New("run "+run.GetName()+": "+err.Error()), text)
	default:
		return err
	}
}

func newRunLogs(a *App) *cobra.Command {
	var action string
	var attempt uint32
	var times bool
	c := &cobra.Command{
		Use:   "logs RUN",
		Short: "Print the log of a run, and follow it while it runs",
		Long: "Prints the log of a run, or of one of its actions, from the start, and follows it until the attempt\n" +
			"has ended. It waits for the log of a run that has not started.",
		Example: "  jetway run logs rx5vmm2qbd\n  jetway run logs rx5vmm2qbd --action a1 --attempt 2 --timestamps",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c, args[0], func(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
				return a.logs(ctx, cs, &commonpb.ActionIdentifier{Run: run, Name: action}, attempt, times)
			})
		},
	}
	c.Flags().StringVar(&action, "action", rootAction, "`name` of the action")
	c.Flags().Uint32Var(&attempt, "attempt", 0, "`number` of the attempt; 0 means the latest")
	c.Flags().BoolVar(&times, "timestamps", false, "print when each line was written")
	return c
}

// logLine is a line of run logs -o json.
type logLine struct {
	Time string `json:"time,omitempty"`
	Text string `json:"text"`
	Pod  string `json:"pod,omitempty"`
}

func (a *App) logs(ctx context.Context, cs *clientset.ClientSet, id *commonpb.ActionIdentifier, attempt uint32, times bool) error {
	w := a.waitFor("waiting for the log of run " + id.GetRun().GetName() + ", action " + id.GetName())
	defer w.stop()
	for {
		err := a.tail(ctx, cs, id, attempt, w, times)
		if !errors.Is(err, follow.ErrNoLogs) {
			return err
		}
		now, failed := cs.Run().GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: id})
		if failed != nil || ended(now.GetDetails().GetStatus().GetPhase()) {
			return err
		}
	}
}

func (a *App) tail(
	ctx context.Context, cs *clientset.ClientSet, id *commonpb.ActionIdentifier, attempt uint32, w *waiting, times bool,
) error {
	for line, err := range tailLogs(ctx, cs, id, attempt, follow.WithLogger(a.logger()), follow.WithNotice(w.notice)) {
		if err == nil {
			w.stop()
			err = a.logLine(line, times)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (a *App) logLine(line follow.Line, times bool) error {
	stamp := ""
	if !line.Time.IsZero() {
		stamp = line.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00")
	}
	if a.format == show.JSON || a.format == show.YAML {
		return show.Next(a.IO.Out, a.format, logLine{stamp, line.Text, line.Pod})
	}
	text := a.text(line.Text)
	if times {
		text = stamp + " " + text
	}
	_, err := fmt.Fprintln(a.IO.Out, text)
	return err
}

// text returns a line of a log: as it is for a file, and for a terminal without control
// characters but tabs; of a bar that was drawn over and over, its last state.
func (a *App) text(line string) string {
	if !a.IO.OutTerminal {
		return line
	}
	line = strings.TrimRight(line, "\r")
	return show.CleanLine(line[strings.LastIndexByte(line, '\r')+1:])
}

func tailLogs(
	ctx context.Context, cs *clientset.ClientSet, id *commonpb.ActionIdentifier, attempt uint32, opts ...follow.Option,
) iter.Seq2[follow.Line, error] {
	from := follow.LogClients{DataProxy: cs.DataProxy(), Run: cs.Run(), RunLogs: cs.Logs()}
	return follow.TailLogs(ctx, from, &dataproxypb.TailLogsRequest{ActionId: id, Attempt: attempt}, opts...)
}

func newRunOutputs(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "outputs RUN",
		Short: "Print what a run returned, as JSON",
		Long: "Prints what a run returned, as JSON. The exit code of one that has not ended is 8, and of one that\n" +
			"did not succeed 1.",
		Example: "  jetway run outputs rx5vmm2qbd\n  jetway run outputs rx5vmm2qbd -o yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c, args[0], func(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
				ctx, cancel := a.limited(ctx)
				defer cancel()
				return a.outputs(ctx, cs, run)
			})
		},
	}
}

func (a *App) outputs(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
	out, err := follow.Outputs(ctx, cs.DataProxy(), run)
	if err != nil {
		return err
	}
	read := map[string]any{}
	if err := values.Decode(out, &read); err != nil {
		if !errors.Is(err, values.ErrOffloaded) {
			return err
		}
		return a.printJSON(out) // where it is
	}
	if len(read) == 0 {
		if err := nothing(ctx, cs, run); err != nil {
			return err
		}
	}
	return a.printJSON(read)
}

// nothing returns why a run has no outputs; nil for one that has succeeded and returns none.
func nothing(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
	answer, err := cs.Run().GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{RunId: run})
	if err != nil {
		return err
	}
	now := answer.GetDetails().GetAction().GetStatus().GetPhase()
	err = fmt.Errorf("run %s has no outputs: its phase is %s", run.GetName(), phase(now))
	switch name := show.Clean(run.GetName()); {
	case well(now):
		return nil
	case ended(now):
		return failure.Exit(failure.General, err, "run: jetway run get "+name)
	default:
		return failure.Exit(failure.Timeout, err, "run: jetway run wait "+name)
	}
}

// printJSON prints what has no table: as JSON unless YAML is asked for.
func (a *App) printJSON(value any) error {
	format := a.format
	if format != show.YAML {
		format = show.JSON
	}
	return show.Print(a.IO.Out, format, show.View{Value: value})
}
