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
			clients := make([]testpb.TestServiceClient, len(all))
			order := make([]int, len(all))
			for i, w := range all {
				clients[i], order[i] = w.dial(b), i
			}
			block := func(i, calls int) time.Duration {
				ctx, before := all[i].context(b.Context()), processorTime(b)
				for range calls {
					if err := sh.call(ctx, clients[i]); err != nil {
						b.Fatal(err)
					}
				}
				return processorTime(b) - before
			}
			calls := 100
			if sh.name == "stream1000" {
				calls = 5
			}
			for i := range all {
				block(i, calls) // the first is for warming up
			}
			ratios := make([][]float64, len(all))
			took := make([]time.Duration, len(all))
			for b.Loop() {
				rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				for _, i := range order {
					took[i] = block(i, calls)
				}
				for i := range all {
					ratios[i] = append(ratios[i], float64(took[i])/float64(took[0]))
				}
			}
			for i, w := range all[1:] {
				slices.Sort(ratios[i+1])
				b.ReportMetric(ratios[i+1][len(ratios[i+1])/2], w.name+"/floor")
			}
			b.ReportMetric(0, "ns/op") // says nothing here
		})
	}
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
