package follow_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"

	"github.com/jetway-go/jetway/follow"
)

type state struct {
	phase   commonpb.ActionPhase
	attempt uint32
}

func stateOf(s *workflowpb.ActionStatus) state { return state{s.GetPhase(), s.GetAttempts()} }

// history is what a watch yielded of each run.
type history map[string][]state

// add appends a state, and fails the test if it was there already, or comes after a later one.
func (h history) add(t *testing.T, name string, s state) {
	t.Helper()
	for _, have := range h[name] {
		if have == s {
			t.Errorf("%s: %v for the second time, after %v", name, s, h[name])
		}
		if have.attempt > s.attempt || have.attempt == s.attempt && have.phase > s.phase && have.phase != aborted {
			t.Errorf("%s: %v after %v", name, s, h[name])
		}
	}
	h[name] = append(h[name], s)
}

// The selection at the start of a watch is small, so that most runs that change during a
// cut are not in it.
func TestWatchRunsLosesAndDoublesNothingAtAnyCut(t *testing.T) {
	t.Parallel()
	made := 0
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			r := newRandom(uint64(seed))
			b := &fakeRuns{random: r, cut: &scissors{random: r, left: 1 + r.n(8)}, selection: 2 + r.n(3), page: 1 + r.n(4)}
			b.add("before", running)
			ctx, cancel := context.WithCancel(t.Context())
			seen := history{}
			go func() {
				b.live(12)
				time.Sleep(30 * time.Minute) // a stream that died late is noticed, too
				cancel()
			}()
			var err error
			for run, e := range follow.WatchRuns(ctx, b, &workflowpb.WatchRunsRequest{
				Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Name: "p", Domain: "d"}},
			}) {
				if err = e; e == nil {
					seen.add(t, run.GetAction().GetId().GetRun().GetName(), stateOf(run.GetAction().GetStatus()))
				}
			}
			if status.Code(err) != codes.Canceled {
				t.Errorf("seed %d: ended with %v", seed, err)
			}
			for _, row := range b.rows {
				all := seen[row.name]
				if want := stateOf(row.status); len(all) == 0 || all[len(all)-1] != want {
					t.Errorf("seed %d: %s ended %v, and was seen %v", seed, row.name, want, all)
				}
			}
			made += b.cut.made
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d cuts", made)
}

// A server that drops an update for a slow watcher sends the others.
func TestAnUpdateThatWasDroppedIsNoticedOnABusyStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRandom(1)
		b := &fakeRuns{random: r, cut: &scissors{random: r}, selection: 10, page: 10}
		dropped, busy := b.add("dropped", running), b.add("busy", running)
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
		defer cancel()
		var life sync.WaitGroup
		defer life.Wait()
		life.Go(func() {
			time.Sleep(time.Second)
			b.mu.Lock()
			dropped.status = inPhase(done).GetStatus()
			dropped.updated = time.Now()
			b.mu.Unlock()
			for attempt := uint32(2); ctx.Err() == nil; attempt++ {
				time.Sleep(5 * time.Second)
				b.enter(busy, running, attempt)
			}
		})
		var noticed time.Duration
		began := time.Now()
		for run, err := range follow.WatchRuns(ctx, b, &workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_Org{Org: "o"}}) {
			if err == nil && run.GetAction().GetStatus().GetPhase() == done {
				noticed = time.Since(began)
			}
		}
		if noticed == 0 || noticed > 6*time.Minute {
			t.Errorf("noticed after %v", noticed)
		}
	})
}
