package follow_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/jetway-go/jetway/follow"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	dataplanepb "github.com/jetway-go/jetway/gen/flyteidl2/logs/dataplane"
)

// timing is how a backend stamps line i of a log.
type timing struct {
	at func(r *random, i int) *timestamppb.Timestamp
	// astray means that lines are out of order by more than a tail knows of: after lines
	// that a backend no longer has, it cannot tell what is new.
	astray bool
}

// stamps returns a timing of so many lines a second and nanosecond.
func stamps(start int64, second, nano int) timing {
	return timing{at: func(_ *random, i int) *timestamppb.Timestamp {
		return &timestamppb.Timestamp{Seconds: start + int64(i/second), Nanos: int32(i % second / nano)}
	}}
}

func timings() map[string]timing {
	const now = 1_800_000_000
	usual := stamps(now, 30, 1).at
	return map[string]timing{
		"nanoseconds":   stamps(now, 1000, 1),
		"seconds":       stamps(now, 1700, 1700),
		"none":          {at: func(*random, int) *timestamppb.Timestamp { return nil }},
		"before 1970":   stamps(-62_135_596_800, 700, 7),
		"end of time":   stamps(math.MaxInt64, 10_000, 700),
		"start of time": stamps(math.MinInt64, 10_000, 700),
		"out of order": {at: func(r *random, i int) *timestamppb.Timestamp {
			return &timestamppb.Timestamp{Seconds: now + int64(i/20+r.n(20))}
		}},
		"some without": {astray: true, at: func(r *random, i int) *timestamppb.Timestamp {
			if r.n(3) == 0 {
				return nil
			}
			return usual(r, i)
		}},
		"one far ahead": {astray: true, at: func(r *random, i int) *timestamppb.Timestamp {
			if i == 20 {
				return &timestamppb.Timestamp{Seconds: 1 << 40}
			}
			return usual(r, i)
		}},
		"clock set back": {astray: true, at: func(r *random, i int) *timestamppb.Timestamp { return usual(r, (i+1100)%2200) }},
	}
}

// A log of random lines is cut at random lines, by a backend that sends it again from its
// start or only the latest lines that it keeps.
func TestEveryLineComesOnceAndInOrderHoweverLinesAreTimed(t *testing.T) {
	t.Parallel()
	for name, at := range timings() {
		for _, tc := range []struct {
			kept int
			few  bool // texts; where lines are missing, nothing would tell equal ones apart
		}{{0, false}, {0, true}, {1000, false}, {300, false}} {
			t.Run(fmt.Sprintf("%s, %d kept, few texts %t", name, tc.kept, tc.few), func(t *testing.T) {
				t.Parallel()
				for seed := range max(seeds(t)/6, 1) {
					synctest.Test(t, func(t *testing.T) {
						r := newRandom(uint64(seed))
						scripts, want := cutLog(r, randomLog(r, at, tc.few), at, tc.kept)
						if got := tailed(t, scripts); !slices.Equal(got, want) {
							i := 0
							for i < min(len(got), len(want)) && got[i] == want[i] {
								i++
							}
							t.Errorf("seed %d: %d lines, want %d; the first difference is after %d", seed, len(got), len(want), i)
						}
					})
				}
			})
		}
	}
}

// A backend sorts by time what it has stored.
func TestEveryLineComesOnceIfTheLogIsSortedLater(t *testing.T) {
	t.Parallel()
	for name, at := range timings() {
		if at.astray {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range max(seeds(t)/6, 1) {
				synctest.Test(t, func(t *testing.T) {
					r := newRandom(uint64(seed))
					log := randomLog(r, at, false)
					scripts, want := cutLog(r, log, at, 0)
					slices.SortStableFunc(log, func(a, b *dataplanepb.LogLine) int {
						x, y := a.GetTimestamp(), b.GetTimestamp()
						return cmp.Or(cmp.Compare(x.GetSeconds(), y.GetSeconds()), cmp.Compare(x.GetNanos(), y.GetNanos()))
					})
					scripts[len(scripts)-1] = []any{inBatches(r, log)}
					got := tailed(t, scripts)
					slices.Sort(got)
					slices.Sort(want)
					if !slices.Equal(got, want) {
						t.Errorf("seed %d: %d lines, want %d", seed, len(got), len(want))
					}
				})
			}
		})
	}
}

func randomLog(r *random, at timing, few bool) []*dataplanepb.LogLine {
	pods := []string{"", "x", "y"}[:1+r.n(3)]
	texts := []string{"", "\n", "step\n", "step", "done\r\n", "a longer text"}
	log := make([]*dataplanepb.LogLine, 100+r.n(6000))
	for i := range log {
		text := fmt.Sprintf("line %d\n", i)
		if few {
			text = texts[r.n(len(texts))]
		}
		log[i] = &dataplanepb.LogLine{Timestamp: at.at(r, i), Message: text, ShortPodName: pods[r.n(len(pods))]}
	}
	return log
}

// cutLog returns what a backend sends that keeps so many lines, 0 for all, and what of it is to
// be seen.
func cutLog(r *random, log []*dataplanepb.LogLine, at timing, kept int) (scripts [][]any, want []string) {
	next, written := 0, 0 // the first line that has not been sent; how many there are
	for cuts := r.n(6); cuts >= 0; cuts-- {
		most := len(log)
		if kept > 0 && at.astray && next > 0 {
			most = min(most, next+kept-50) // so that nothing is missing
		}
		written = max(written, next)
		written += r.n(max(most-written, 0) + 1)
		start, end := 0, len(log)
		if kept > 0 {
			start = max(0, written-kept)
		}
		if cuts > 0 {
			end = max(start, r.n(len(log)+1))
		}
		var script []any
		for from := start; from < end; {
			to := min(end, from+1+r.n(200))
			script = append(script, inBatches(r, log[from:to]))
			from = to
		}
		if cuts > 0 {
			script = append(script, codes.Unavailable)
		}
		scripts = append(scripts, script)
		for _, l := range log[min(max(start, next), end):end] {
			want = append(want, l.GetShortPodName()+" "+strings.TrimRight(l.GetMessage(), "\r\n"))
		}
		next = max(next, end)
	}
	return scripts, want
}

// tailed returns what a tail yields of scripts.
func tailed(t *testing.T, scripts [][]any) (all []string) {
	t.Helper()
	from := follow.LogClients{DataProxy: &tails{scripts: scripts}, Run: &scripted{details: []any{done}}}
	for l, err := range follow.TailLogs(t.Context(), from, &dataproxypb.TailLogsRequest{Attempt: 1}, follow.WithMaxFailures(0)) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l.Pod+" "+l.Text)
	}
	return all
}

// inBatches makes a message of lines, in one batch or in several.
func inBatches(r *random, lines []*dataplanepb.LogLine) *dataproxypb.TailLogsResponse {
	m := &dataproxypb.TailLogsResponse{}
	for len(lines) > 0 {
		n := 1 + r.n(len(lines))
		m.Logs = append(m.Logs, &dataproxypb.TailLogsResponse_Logs{Lines: lines[:n]})
		lines = lines[n:]
	}
	return m
}
