//go:build unix

package bench_test

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	testpb "google.golang.org/grpc/interop/grpc_testing"
)

// BenchmarkRatio reports what each way takes of the processor's time, as a
// multiple of the floor. One round is a block of calls in every way, in random
// order, so that whatever else the machine does falls on all of them alike; the
// ratio is the median over the rounds. 1.02 means two percent more. Run it with
// -cpu=1 -benchtime=200x, or more rounds, for figures worth writing down.
func BenchmarkRatio(b *testing.B) {
	for _, sh := range shapes {
		b.Run("sh="+sh.name, func(b *testing.B) {
			all := ways(b)
			clients, names := make([]testpb.TestServiceClient, len(all)), make([]string, len(all))
			for i, w := range all {
				clients[i], names[i] = w.dial(b), w.name
			}
			calls := 100
			if sh.name == "stream1000" {
				calls = 5
			}
			ratios(b, names, func(i int) {
				ctx := all[i].context(b.Context())
				for range calls {
					if err := sh.call(ctx, clients[i]); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
	b.Run("sh=http", func(b *testing.B) {
		all := httpWays(b)
		names := make([]string, len(all))
		for i, w := range all {
			names[i] = w.name
		}
		ratios(b, names, func(i int) {
			for range 100 {
				all[i].get(b)
			}
		})
	})
}

// ratios reports the time of each way's blocks as a multiple of the first way's.
func ratios(b *testing.B, names []string, block func(i int)) {
	b.Helper()
	timed := func(i int) time.Duration {
		before := processorTime(b)
		block(i)
		return processorTime(b) - before
	}
	order := make([]int, len(names))
	for i := range names {
		order[i] = i
		timed(i) // the first is for warming up
	}
	found := make([][]float64, len(names))
	took := make([]time.Duration, len(names))
	for b.Loop() {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			took[i] = timed(i)
		}
		for i := range names {
			found[i] = append(found[i], float64(took[i])/float64(took[0]))
		}
	}
	for i, name := range names[1:] {
		slices.Sort(found[i+1])
		b.ReportMetric(found[i+1][len(found[i+1])/2], name+"/floor")
	}
	b.ReportMetric(0, "ns/op") // says nothing here
}

// processorTime is what this process has taken so far, which other processes do
// not disturb as they disturb the clock on the wall.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
