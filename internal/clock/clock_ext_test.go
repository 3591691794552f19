package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestAnInstantHasComeWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		passes  time.Duration // on both clocks
		jump    time.Duration // of the wall clock alone
		reached bool
	}{
		{"nothing has passed", 0, 0, false},
		{"a moment before", time.Hour - time.Nanosecond, 0, false},
		{"both clocks", time.Hour, 0, true},
		{"the machine slept", 0, 2 * time.Hour, true},
		{"it slept for part of the time", 30 * time.Minute, 30 * time.Minute, true},
		{"it slept, and the instant is still ahead", 20 * time.Minute, 20 * time.Minute, false},
		{"the wall clock was set back before", time.Hour, -time.Hour, true},
		{"the wall clock was set back, and the instant is still ahead", 59 * time.Minute, -time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				c := clock.Jumping(func() time.Duration { return jump })
				end := c.Read().Add(time.Hour)
				time.Sleep(tt.passes)
				jump = tt.jump
				now := c.Read()
				if got := now.Reached(end); got != tt.reached {
					t.Errorf("reached = %v after %v with a jump of %v, want %v", got, tt.passes, tt.jump, tt.reached)
				}
				if left := now.Until(end); (left <= 0) != tt.reached {
					t.Errorf("%v to go, reached = %v", left, tt.reached)
				}
			})
		})
	}
}

func TestAnExpiryOfTheWallClockIsJudgedByBothClocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		jump := 3 * time.Hour // since the program started
		c := clock.Jumping(func() time.Duration { return jump })
		now := c.Read()
		end := now.AtWall(now.Wall().Add(time.Hour))
		if !end.Wall().Equal(now.Wall().Add(time.Hour)) {
			t.Errorf("the instant is %v by the wall clock, want an hour after %v", end.Wall(), now.Wall())
		}
		jump = 0 // set back
		time.Sleep(time.Hour - time.Nanosecond)
		if c.Read().Reached(end) {
			t.Error("reached before an hour has passed")
		}
		time.Sleep(time.Nanosecond)
		if !c.Read().Reached(end) {
			t.Error("not reached although an hour has passed by the monotonic clock")
		}
	})
}

// A bubble has no monotonic clock, so this test takes an instant that has just come.
func TestATimeHasComeWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	past, future := time.Now(), time.Now().Add(time.Hour)
	for _, tt := range []struct {
		name string
		jump time.Duration
		at   time.Time
		want bool
	}{
		{"both clocks", 0, past, true},
		{"neither clock", 0, future, false},
		{"the machine slept", 2 * time.Hour, future, true},
		{"the wall clock was set back", -time.Hour, past, true},
		{"the wall clock was set back, and only it is known", -time.Hour, past.Round(0), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := clock.Jumping(func() time.Duration { return tt.jump }).Read()
			if got := now.Past(tt.at); got != tt.want {
				t.Errorf("past = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestTheZeroReadingIsNeverReached(t *testing.T) {
	t.Parallel()
	var never clock.Reading
	if !never.IsZero() || (clock.Clock{}).Read().Reached(never) {
		t.Error("the zero reading counts as an instant")
	}
}

func TestReadingTheClockAllocatesNothing(t *testing.T) { //nolint:paralleltest // AllocsPerRun counts the whole program
	var c clock.Clock
	end := c.Read().Add(time.Hour)
	if n := testing.AllocsPerRun(100, func() { c.Read().Reached(end) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
