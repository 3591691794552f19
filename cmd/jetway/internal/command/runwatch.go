package command

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/live"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// rootAction is the action that stands for its run.
const rootAction = "a0"

func newRunWatch(a *App) *cobra.Command {
	return &cobra.Command{
		Use:   "watch RUN",
		Short: "Watch a run until it ends",
		Long: "Draws the actions of a run as a tree, with phase, attempt, time and the last line of the log, until\n" +
			"it has ended; without a terminal it prints a line for each change. Cut connections are made again.\n" +
			"The exit code is 1 if the run does not succeed.",
		Example: "  jetway run watch rx5vmm2qbd\n  jetway run watch rx5vmm2qbd -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withRun(c, args[0], a.watch)
		},
	}
}

// withRun does something with a run, which may take as long as the run does: only a time
// limit that the person has set counts.
func (a *App) withRun(
	c *cobra.Command, name string, do func(context.Context, *clientset.ClientSet, *commonpb.RunIdentifier) error,
) error {
	ctx, cancel := a.patient(c)
	defer cancel()
	return a.onRun(ctx, name, do)
}

// onRun connects, and does something with the run of that name.
func (a *App) onRun(
	ctx context.Context, name string, do func(context.Context, *clientset.ClientSet, *commonpb.RunIdentifier) error,
) error {
	cs, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer cs.Close()
	id, err := runID(p, name)
	if err != nil {
		return err
	}
	return found(do(ctx, cs, id))
}

// found adds to the error of a run that does not exist how to find those that do.
func found(err error) error {
	if status.Code(err) == codes.NotFound {
		return failure.Hint(err, "run: jetway run list")
	}
	return err
}

// goesOn tells a person who has left a run before its end, by a signal or by a time limit,
// that it has not ended.
func (a *App) goesOn(ctx context.Context, run *commonpb.RunIdentifier, err error) error {
	if err != nil && ctx.Err() != nil {
		name := run.GetName()
		a.IO.Notef("Run %s goes on. To look again: jetway run watch %s; to stop it: jetway run abort %s", name, name, name)
	}
	return err
}

// watch shows a run until it has ended.
func (a *App) watch(ctx context.Context, cs *clientset.ClientSet, run *commonpb.RunIdentifier) error {
	if _, err := cs.Run().GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{RunId: run}); err != nil {
		return err // a watch of a run that does not exist would wait for it
	}
	w := &watching{app: a, cs: cs, told: map[string]string{}, tails: map[string]context.CancelFunc{}}
	if err := w.run(ctx, run); err != nil {
		return a.goesOn(ctx, run, err)
	}
	_, err := follow.Wait(ctx, cs.Run(), run, follow.WithLogger(a.logger())) // says how it ended
	return verdict(run, err)
}

// watching is one watch of a run.
type watching struct {
	app *App
	cs  *clientset.ClientSet

	told map[string]string // states of actions as they were printed, where no tree is drawn

	mu    sync.Mutex
	tree  tree
	cut   string                        // why nothing comes at present; empty if something does
	tails map[string]context.CancelFunc // of logs, by action
	wait  sync.WaitGroup
}

func (w *watching) run(ctx context.Context, run *commonpb.RunIdentifier) error {
	ctx, cancel := context.WithCancel(ctx)
	screen := live.New(w.app.IO)
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		w.draw(ctx, screen)
	}()
	err := w.follow(ctx, run)
	cancel()
	w.wait.Wait()
	<-drawn
	if w.draws() {
		screen.Draw(w.lines(screen.Rows()))
		screen.Close(true)
	}
	return err
}

// draws reports whether there is a tree. Where the output goes to a file or a program,
// that gets lines.
func (w *watching) draws() bool {
	return w.app.IO.MayDraw() && w.app.IO.OutTerminal && w.app.format == show.Table
}

// closing is how long a watch goes on after the end of the root action, which comes before
// what else has changed at the same time.
const closing = 200 * time.Millisecond

// follow takes in changes until the root action has ended.
func (w *watching) follow(outer context.Context, run *commonpb.RunIdentifier) error {
	ctx, cancel := context.WithCancel(outer)
	defer cancel()
	over := false
	request := &workflowpb.WatchActionsRequest{RunId: run}
	for action, err := range follow.WatchActions(ctx, w.cs.Run(), request, follow.WithLogger(w.app.logger()), follow.WithNotice(w.notice)) {
		if over && outer.Err() == nil && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.cut = ""
		w.tree.put(action.GetAction())
		w.mu.Unlock()
		if err := w.tell(action); err != nil {
			return err
		}
		if w.draws() {
			w.tail(ctx, action.GetAction())
		}
		if action.GetAction().GetId().GetName() == rootAction && ended(action.GetAction().GetStatus().GetPhase()) && !over {
			over = true
			time.AfterFunc(closing, cancel)
		}
	}
	return outer.Err()
}

// notice says why nothing comes.
func (w *watching) notice(err error) {
	if !w.draws() {
		w.app.IO.Notef("%s", again(err))
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = again(err)
}

// tell prints a change where no tree is drawn.
func (w *watching) tell(action *workflowpb.EnrichedAction) error {
	switch {
	case w.draws():
		return nil
	case w.app.format == show.JSON || w.app.format == show.YAML:
		return show.Next(w.app.IO.Out, w.app.format, action)
	}
	s, name := action.GetAction().GetStatus(), show.Clean(action.GetAction().GetId().GetName())
	state := fmt.Sprintf("%s  attempt %d", phase(s.GetPhase()), s.GetAttempts())
	if w.told[name] == state {
		return nil // a change that the line does not show
	}
	w.told[name] = state
	_, err := fmt.Fprintf(w.app.IO.Out, "%s  %s  %s  %s\n", time.Now().Format(time.TimeOnly), name, state, took(s))
	return err
}

// maxTails is how many logs are followed at once.
const maxTails = 8

// tail follows the log of an action while it runs, for its last line.
func (w *watching) tail(ctx context.Context, action *workflowpb.Action) {
	name, s := action.GetId().GetName(), action.GetStatus()
	w.mu.Lock()
	defer w.mu.Unlock()
	stop, there := w.tails[name]
	switch running := s.GetPhase() == commonpb.ActionPhase_ACTION_PHASE_RUNNING; {
	case there && !running:
		stop()
		delete(w.tails, name)
	case !there && running && len(w.tails) < maxTails:
		ctx, cancel := context.WithCancel(ctx)
		w.tails[name] = cancel
		w.wait.Go(func() {
			defer cancel()
			for line, err := range tailLogs(ctx, w.cs, action.GetId(), s.GetAttempts(), follow.WithLogger(w.app.logger())) {
				if err != nil {
					return // a tree without log lines is still one
				}
				w.mu.Lock()
				w.tree.log(name, line.Text)
				w.mu.Unlock()
			}
		})
	}
}

// draw shows the tree again and again, since times go on.
func (w *watching) draw(ctx context.Context, screen *live.Screen) {
	if !w.draws() {
		return
	}
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		screen.Draw(w.lines(screen.Rows()))
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// lines returns what is drawn, at most as many lines as that.
func (w *watching) lines(most int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case len(w.tree.order) == 0:
		return []string{"waiting for the first action" + map[bool]string{true: ", " + w.cut}[w.cut != ""]}
	case w.cut != "":
		return append(w.tree.lines(most-1), w.cut)
	default:
		return w.tree.lines(most)
	}
}
