package clock

import (
	"context"
	"time"
)

// Sleep waits for d and returns nil, or the error of ctx as soon as that has ended. A machine
// that sleeps stops its timers, so after a long wait read the [Clock] again.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() // if both came at once
	case <-ctx.Done():
		return ctx.Err()
	}
}
