package mockserver_test

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// call makes one call.
type call func(ctx context.Context) error

// What a server keeps does not grow with the calls that it has served, by whatever
// protocol: the request log keeps the latest. JETWAY_TEST_REQUESTS says how many calls;
// `make soak` makes a million.
func TestMemoryDoesNotGrowWithRequests(t *testing.T) { //nolint:paralleltest // it measures the heap of the process
	total := 2_000
	if text := os.Getenv("JETWAY_TEST_REQUESTS"); text != "" {
		var err error
		if total, err = strconv.Atoi(text); err != nil {
			t.Fatalf("JETWAY_TEST_REQUESTS: %v", err)
		}
	}
	const kept = 100
	s := mocktest.New(t, mockserver.WithHTTPFront(), mockserver.WithRequestLog(kept), mockserver.WithLogger(nil))
	token, conn := fetchToken(t, s), connect(t, s)
	calls := []call{func(ctx context.Context) error { return list(with(ctx, token), conn) }}
	for _, c := range callers() {
		c.http = c.client(t, s)
		calls = append(calls, func(ctx context.Context) error { return c.list(ctx, s, token) })
	}
	serve := func(n int) {
		var wg sync.WaitGroup
		for _, call := range calls {
			wg.Go(func() {
				for range n / len(calls) {
					if err := call(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	serve(4 * kept)
	before := heap()
	serve(total)
	const slack = 2 << 20
	if after := heap(); after > before+slack {
		t.Errorf("the heap grew from %d to %d bytes over %d calls", before, after, total)
	}
	if got := len(s.Requests()); got != kept {
		t.Errorf("%d requests in the log, want %d", got, kept)
	}
}

// heap returns the bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what the first one has finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
