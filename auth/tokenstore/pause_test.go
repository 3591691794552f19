package tokenstore

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

func TestAPauseEndsWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration // of the wall clock alone, and then of both
		over         bool
	}{
		{"the machine slept for two hours", 2 * time.Hour, 0, true},
		{"it slept for a minute", time.Minute, 0, false},
		{"the wall clock was set back an hour", -time.Hour, keyringPause - 1, false},
		{"it was set back an hour, and the five minutes are over", -time.Hour, keyringPause, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				c := clock.Jumping(func() time.Duration { return jump })
				gate := &systemKeyring{items: &fakeKeyring{}, host: linuxHost(), clock: c}
				if err := gate.note(ErrKeyringUnavailable); !errors.Is(err, ErrKeyringUnavailable) {
					t.Fatal(err)
				}
				locked := failures{clock: c}
				locked.note(0, ErrKeyringLocked)
				jump = tt.jump
				time.Sleep(tt.passes)
				if err := gate.refusal(); (err == nil) != tt.over {
					t.Errorf("a keyring that failed: %v", err)
				}
				if alone := locked.leaveAlone(0); alone == tt.over {
					t.Errorf("a locked keyring: left alone = %v", alone)
				}
				if locked.leaveAlone(1) {
					t.Error("another store is left alone")
				}
			})
		})
	}
}
