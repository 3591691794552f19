package clock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestSleepEndsWithItsTimeOrItsContext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		wait, limit, end time.Duration
		err              error
	}{
		{"the time is over first", time.Second, time.Minute, time.Second, nil},
		{"the context ends first", time.Minute, time.Second, time.Second, context.DeadlineExceeded},
		{"the context has ended already", time.Minute, 0, 0, context.DeadlineExceeded},
		{"no time at all", 0, time.Minute, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				began := time.Now()
				if err := clock.Sleep(ctx, tt.wait); !errors.Is(err, tt.err) || time.Since(began) != tt.end {
					t.Errorf("%v after %v, want %v after %v", err, time.Since(began), tt.err, tt.end)
				}
			})
		})
	}
}
