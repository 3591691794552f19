package configstore

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

type counted struct{ calls int }

func (s *counted) ClientConfig(context.Context) (ClientConfig, error) {
	s.calls++
	return ClientConfig{}, nil
}

func TestACachedAnswerEndsWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration // of the wall clock alone, and then of both
		calls        int
	}{
		{"the machine slept for two hours", 2 * time.Hour, 0, 2},
		{"it slept for half an hour", 30 * time.Minute, 0, 1},
		{"the wall clock was set back an hour", -time.Hour, time.Hour - 1, 1},
		{"it was set back an hour, and the hour is over", -time.Hour, time.Hour, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				var asked counted
				c := &cached{store: &asked, ttl: time.Hour, clock: clock.Jumping(func() time.Duration { return jump })}
				for range 2 {
					if _, err := c.ClientConfig(t.Context()); err != nil {
						t.Fatal(err)
					}
					jump = tt.jump
					time.Sleep(tt.passes)
				}
				if asked.calls != tt.calls {
					t.Errorf("the store was asked %d times, want %d", asked.calls, tt.calls)
				}
			})
		})
	}
}
