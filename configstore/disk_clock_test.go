//go:build unix

// Modes and owners of files are Unix's.

package configstore

import (
	"context"
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

type tokenConfig struct{ asked int }

func (s *tokenConfig) ClientConfig(context.Context) (ClientConfig, error) {
	s.asked++
	return ClientConfig{TokenEndpoint: "https://login.example.com/token"}, nil
}

// A file has a wall time only: it is used no longer than a day by that clock, and not at all
// if that clock was set back to before it was written.
func TestWhatAProcessKeptEndsWithTheWallClock(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		jump  time.Duration // of the wall clock, since the file was written
		asked int
	}{
		{"nothing has passed", 0, 1},
		{"the machine slept two hours", 2 * time.Hour, 1},
		{"it slept for two days", 48 * time.Hour, 2},
		{"the wall clock was set back an hour", -time.Hour, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var jump time.Duration
			dir, asked := t.TempDir(), &tokenConfig{}
			process := func() {
				d, ok := Disk(asked, "https://flyte.example.com", dir).(*disk)
				if !ok {
					t.Fatal("no file is used")
				}
				d.clock = clock.Jumping(func() time.Duration { return jump })
				if _, err := d.ClientConfig(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			process()
			jump = tt.jump
			process()
			if asked.asked != tt.asked {
				t.Errorf("%d questions of two processes, want %d", asked.asked, tt.asked)
			}
		})
	}
}
