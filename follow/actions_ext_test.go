package follow_test

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"

	"github.com/jetway-go/jetway/follow"
)

func TestWatchActionsLosesAndDoublesNothingAtAnyCut(t *testing.T) {
	t.Parallel()
	made := 0
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			b, seen := followActions(t, seed, nil)
			for _, row := range b.rows {
				all := seen[row.name]
				if want := stateOf(row.status); len(all) == 0 || all[len(all)-1].state != want {
					t.Errorf("%s ended %v, and was seen %v", row.name, want, all)
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

func TestWatchActionsReportsWhatStoppedToMatchDuringACut(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			b, seen := followActions(t, seed, []*commonpb.Filter{{
				Field: "PHASE", Function: commonpb.Filter_VALUE_IN, Values: []string{"4", "11"},
			}})
			for _, row := range b.rows {
				all, runs := seen[row.name], row.status.GetPhase() == running
				if n := len(all); n > 0 && all[n-1].meets != runs || n == 0 && runs {
					t.Errorf("%s ended %v, and was seen %v", row.name, row.status.GetPhase(), all)
				}
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

type matched struct {
	state

	meets bool
}

// followActions watches some actions to their end, of which one runs on, and returns what
// was yielded of each.
func followActions(t *testing.T, seed int, filter []*commonpb.Filter) (*fakeRuns, map[string][]matched) {
	t.Helper()
	r := newRandom(uint64(seed))
	b := &fakeRuns{random: r, cut: &scissors{random: r, left: 1 + r.n(8)}, selection: math.MaxInt, page: 1 + r.n(4)}
	keeper := b.add("keeper", running)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		b.live(12)
		time.Sleep(20 * time.Minute)
		b.enter(keeper, running, 2) // so that something comes
		time.Sleep(20 * time.Minute)
		cancel()
	}()
	seen := map[string][]matched{}
	for a, err := range follow.WatchActions(ctx, b, &workflowpb.WatchActionsRequest{Filter: filter}) {
		if err != nil {
			continue
		}
		name, now := a.GetAction().GetId().GetName(), matched{stateOf(a.GetAction().GetStatus()), a.GetMeetsFilter()}
		if all := seen[name]; len(all) > 0 && all[len(all)-1] == now {
			t.Errorf("%s: %v for the second time, after %v", name, now, all)
		}
		seen[name] = append(seen[name], now)
	}
	return b, seen
}
