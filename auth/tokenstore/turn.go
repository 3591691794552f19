package tokenstore

import (
	"context"
	"slices"
	"sync"
)

// turn is a lock whose waiters may leave. The zero value is unlocked. It makes a channel
// for each waiter and none before, so that tests in synctest bubbles can share one with
// the program.
type turn struct {
	mu      sync.Mutex
	held    bool
	waiting []chan struct{} // in the order in which they came
}

// take waits until the caller holds the turn, or until ctx ends.
func (t *turn) take(ctx context.Context) error {
	t.mu.Lock()
	if !t.held {
		t.held = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		if !t.leave(mine) {
			t.give() // it had come at the same moment
		}
		return ctx.Err()
	}
}

// give passes the turn on to the caller that has waited longest.
func (t *turn) give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		t.held = false
		return
	}
	close(t.waiting[0])
	t.waiting = t.waiting[1:]
}

// leave reports whether mine was still waiting.
func (t *turn) leave(mine chan struct{}) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.waiting, mine)
	if i < 0 {
		return false
	}
	t.waiting = slices.Delete(t.waiting, i, i+1)
	return true
}
