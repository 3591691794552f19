package transfer

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgressIsReportedSomeTimesASecondAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var moved atomic.Int64
		var got []Progress
		m := startMeter(func(p Progress) { got = append(got, p) }, "a.bin", 3000, moved.Load)
		time.Sleep(5 * time.Millisecond) // never at the moment of a report
		for range 200 {
			time.Sleep(10 * time.Millisecond)
			moved.Add(10) // 1,000 a second
		}
		moved.Store(-1) // a closed file
		time.Sleep(reportEvery)
		m.stop(true, 3000)
		if len(got) < 8 || len(got) > 10 {
			t.Errorf("%d reports in 2.25 seconds, want about 4 a second", len(got))
		}
		last := int64(0)
		for i, p := range got[:len(got)-2] {
			if p.Name != "a.bin" || p.Total != 3000 || p.Bytes < last || p.Rate < 900 || p.Rate > 1100 {
				t.Errorf("report %d: %+v", i, p)
			}
			last = p.Bytes
		}
		if end := got[len(got)-1]; end.Bytes != 3000 || end.Total != 3000 || end.Rate < 1300 || end.Rate > 1350 {
			t.Errorf("last report: %+v", end)
		}
	})
}

func TestWithoutAReportNothingRuns(t *testing.T) {
	t.Parallel()
	m := startMeter(nil, "a", 1, func() int64 { t.Error("position was read"); return 0 })
	m.stop(true, 1)
}
