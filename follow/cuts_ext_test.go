package follow_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/follow"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestWatchActionEndsWithTheTerminalStatusAtAnyCut(t *testing.T) {
	t.Parallel()
	made := 0
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			r := newRandom(uint64(seed))
			b := newFakeAction(r, 1+r.n(8))
			var life sync.WaitGroup
			life.Go(b.live)
			var all []*workflowpb.ActionDetails
			for d, err := range follow.WatchRun(t.Context(), b, &commonpb.RunIdentifier{Name: "r"}) {
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				if n := len(all); n > 0 && proto.Equal(all[n-1], d) {
					t.Errorf("twice: %v", d)
				}
				all = append(all, d)
			}
			life.Wait()
			if !proto.Equal(all[len(all)-1], b.details) || b.details.GetStatus().GetPhase() != done {
				t.Errorf("ended with %v, and the action with %v", all[len(all)-1], b.details)
			}
			made += b.cut.made
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d cuts", made)
}

func TestTailLogsLosesAndDoublesNothingAtAnyCut(t *testing.T) {
	t.Parallel()
	made := 0
	for seed := range seeds(t) {
		synctest.Test(t, func(t *testing.T) {
			r := newRandom(uint64(seed))
			b := newFakeAction(r, 1+r.n(8))
			b.missing = r.n(4) == 0
			if r.n(3) == 0 {
				b.pods = []string{"x", "y"}
			}
			var life sync.WaitGroup
			life.Go(b.live)
			var got, want []string
			for l, err := range follow.TailLogs(t.Context(), follow.LogClients{DataProxy: proxy{b}, Run: b, RunLogs: older{b}},
				&dataproxypb.TailLogsRequest{Attempt: 1}, follow.WithLogGrace(0, 1e9)) {
				if err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
				got = append(got, l.Time.String()+l.Source.Pod+l.Text)
			}
			life.Wait()
			for _, l := range b.lines {
				want = append(want, l.GetTimestamp().AsTime().String()+l.GetShortPodName()+strings.TrimRight(l.GetMessage(), "\r\n"))
			}
			if !slices.Equal(got, want) {
				i := 0
				for i < min(len(got), len(want)) && got[i] == want[i] {
					i++
				}
				t.Errorf("%d lines of %d, the first difference after %d: %q and %q", len(got), len(want), i, got[i:min(i+3, len(got))], want[i:min(i+3, len(want))])
			}
			made += b.cut.made
		})
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d cuts", made)
}
