package flow

import (
	"testing"
	"testing/synctest"
	"time"
)

type slowWriter struct {
	got  int
	gate chan struct{} // closed: goes on
}

func (w *slowWriter) Write(p []byte) (int, error) {
	<-w.gate
	w.got++
	return len(p), nil
}

// A relay waits for what a writer has to say, but only as long as it is told to,
// and keeps no more than there is room for.
func TestRelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{gate: make(chan struct{})}
		close(w.gate)
		r, start := newRelay(w), time.Now()
		r.pass([]byte("a"))
		r.close(time.Minute)
		if w.got != 1 || time.Since(start) != 0 {
			t.Errorf("%d writes arrived after %v, want one at once", w.got, time.Since(start))
		}

		w = &slowWriter{gate: make(chan struct{})}
		r = newRelay(w)
		r.pass([]byte("first"))
		synctest.Wait() // it is being written
		for range 3 * relayRoom {
			r.pass([]byte("more"))
		}
		r.close(time.Second)
		if time.Since(start) != time.Second {
			t.Errorf("a stuck writer was waited for %v, want a second", time.Since(start))
		}
		close(w.gate)
		synctest.Wait()
		if w.got != 1+relayRoom {
			t.Errorf("%d writes arrived, want %d", w.got, 1+relayRoom)
		}
	})
	var none *relay
	none.pass([]byte("x"))
	none.close(time.Hour)
}
