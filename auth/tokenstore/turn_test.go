package tokenstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTurnGoesToTheOneWhoHasWaitedLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var (
			turn  turn
			wg    sync.WaitGroup
			order []int
		)
		if err := turn.take(t.Context()); err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				if i == 1 { // leaves first
					ctx, cancel = context.WithTimeout(t.Context(), time.Second)
				}
				defer cancel()
				err := turn.take(ctx)
				if want := map[bool]error{true: context.DeadlineExceeded}[i == 1]; !errors.Is(err, want) {
					t.Errorf("%d: %v, want %v", i, err, want)
				}
				if err == nil {
					order = append(order, i)
					turn.give()
				}
			})
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		turn.give()
		wg.Wait()
		if !slices.Equal(order, []int{0, 2, 3}) {
			t.Errorf("served %v", order)
		}
		if err := turn.take(t.Context()); err != nil {
			t.Errorf("not free at the end: %v", err)
		}
	})
}

// A turn that comes just as its waiter leaves is lost to none of the others.
func TestTurnIsNotLostWithAWaiterWhoLeaves(t *testing.T) {
	t.Parallel()
	for range 200 {
		synctest.Test(t, func(t *testing.T) {
			var turn turn
			_ = turn.take(t.Context())
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				if turn.take(ctx) == nil {
					turn.give()
				}
			}()
			synctest.Wait()
			cancel() // wakes the waiter, who mostly comes too late to leave
			turn.give()
			if err := turn.take(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}
