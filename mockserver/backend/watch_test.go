package backend

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func now() *timestamppb.Timestamp { return timestamppb.Now() }

func TestWatchesCanEndCleanlyBeforeTheirDeadline(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", Timeline{Steps: []Step{{Phase: running, Logs: []string{"one"}}}})
		w.start(t, "r1")
		synctest.Wait()
		// Each opens a stream that never ends by itself and returns how it ended.
		streams := map[string]func(context.Context) error{
			"WatchRuns": func(ctx context.Context) error {
				_, err := rest(t, must(w.runs.WatchRuns(ctx, &workflowpb.WatchRunsRequest{}))(t))
				return err
			},
			"WatchActionDetails": func(ctx context.Context) error {
				_, err := rest(t, must(w.runs.WatchActionDetails(ctx, &workflowpb.WatchActionDetailsRequest{ActionId: actionID("r1", "a0")}))(t))
				return err
			},
			"WatchGroups": func(ctx context.Context) error {
				_, err := rest(t, must(w.runs.WatchGroups(ctx, &workflowpb.WatchGroupsRequest{}))(t))
				return err
			},
			"TailLogs": func(ctx context.Context) error {
				_, err := rest(t, must(w.data.TailLogs(ctx, tailOf("r1", 1)))(t))
				return err
			},
		}
		for name, open := range streams {
			for _, c := range []struct {
				scripted bool
				given    time.Duration
				want     codes.Code
			}{
				{false, 3 * time.Second, codes.DeadlineExceeded},
				{true, 3 * time.Second, codes.OK},
				{true, 100 * time.Millisecond, codes.OK},
			} {
				w.EndWatchesAtDeadline(c.scripted)
				ctx, cancel := context.WithTimeout(t.Context(), c.given)
				began := time.Now()
				err := open(ctx)
				took := time.Since(began)
				cancel()
				t.Log(name, c, err)
				wantCode(t, err, c.want)
				if took > c.given || took < c.given-c.given/10 {
					t.Errorf("%s ended after %v, want just before %v", name, took, c.given)
				}
			}
		}
	})
}

func TestDroppedUpdatesAreNotSent(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(waiting, initializing, running, succeeded))
		w.start(t, "r1")
		in := w.watchDetails(t, "r1", "a0")
		all := w.watchRuns(t, &workflowpb.WatchRunsRequest{})
		for range 2 { // no watch gets every second phase
			w.DropUpdates(1)
			w.Advance()
			synctest.Wait()
			w.Advance()
			synctest.Wait()
		}
		if want := []commonpb.ActionPhase{queued, initializing, succeeded}; !slices.Equal(phasesOf(in.take()), want) {
			t.Errorf("phases that came are not %v", want)
		}
		in.ended(t)
		if got := all.take(); len(got) != 3 { // the snapshot and two of four changes
			t.Errorf("%d messages about runs, want 3", len(got))
		}
	})
}

// After a dropped last update a watch stays open and silent; a new watch shows the current
// state.
func TestDroppedLastUpdateShowsInANewWatch(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(succeeded))
		w.start(t, "r1")
		in := w.watchDetails(t, "r1", "a0")
		w.DropUpdates(1)
		w.Advance()
		in.open(t)
		if got := phasesOf(w.watchDetails(t, "r1", "a0").take()); !slices.Equal(got, []commonpb.ActionPhase{succeeded}) {
			t.Errorf("a fresh watch says %v, want SUCCEEDED", got)
		}
	})
}

// A watcher that does not read delays no other, and gets the latest state when
// it reads again.
func TestSlowWatcherDelaysNoOther(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		var steps []Step
		for range 5000 {
			steps = append(steps, Step{Phase: running, ClusterEvents: []*workflowpb.ClusterEvent{{Message: "noise"}}})
		}
		w.SetTimeline("", Timeline{Steps: append(steps, Step{Manual: true, Phase: succeeded})})
		w.start(t, "r1")
		stream := must(w.runs.WatchActionDetails(t.Context(), &workflowpb.WatchActionDetailsRequest{ActionId: actionID("r1", "a0")}))(t)
		synctest.Wait() // every step has happened although no watcher received
		if got := w.details(t, "r1", "a0").GetAttempts()[0].GetClusterEvents(); len(got) != 5000 {
			t.Fatalf("%d events have happened, want all 5000", len(got))
		}
		w.Advance()
		got, err := rest(t, stream)
		last := got[len(got)-1].GetDetails()
		if err != nil || len(got) > 1000 || last.GetStatus().GetPhase() != succeeded || len(last.GetAttempts()[0].GetClusterEvents()) != 5000 {
			t.Errorf("%d messages, %v, the last %v: want few, ending with the latest", len(got), err, last.GetStatus())
		}
	})
}

func TestWatchesEndWithTheBackend(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.SetTimeline("", held(running))
		w.start(t, "r1")
		runs := w.watchRuns(t, &workflowpb.WatchRunsRequest{})
		stream, err := w.runs.WatchGroups(t.Context(), &workflowpb.WatchGroupsRequest{})
		groups := follow(t, stream, err)
		w.Close()
		for _, err := range []error{runs.end(), groups.end()} {
			wantCode(t, err, codes.Unavailable)
		}
		_, err = w.runs.CreateRun(t.Context(), createRun("r2"))
		wantCode(t, err, codes.Unavailable)
	})
}
