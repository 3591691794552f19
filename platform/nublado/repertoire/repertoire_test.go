package repertoire

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// service counts requests, and is down.
type service struct{ requests int }

func (s *service) RoundTrip(*http.Request) (*http.Response, error) {
	s.requests++
	return nil, errors.New("connection refused")
}

func TestADocumentAgesByTheClockThatIsAhead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration // of the wall clock alone, and then of both
		old          bool
	}{
		{"the machine slept for two hours", 2 * time.Hour, 0, true},
		{"it slept for a minute", time.Minute, 0, false},
		{"the wall clock was set back an hour", -time.Hour, TTL - 1, false},
		{"it was set back an hour, and the five minutes are over", -time.Hour, TTL, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				c := &Client{clock: clock.Jumping(func() time.Duration { return jump })}
				c.remember(&Document{}, nil)
				jump = tt.jump
				time.Sleep(tt.passes)
				if old := c.remembered() == nil; old != tt.old {
					t.Errorf("old = %v", old)
				}
			})
		})
	}
}

func TestAFailureIsRememberedByTheClockThatIsAhead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		jump, passes time.Duration
		requests     int
	}{
		{"the machine slept", 2 * time.Hour, 0, 2},
		{"the wall clock was set back an hour", -time.Hour, pause - 1, 1},
		{"it was set back an hour, and the half minute is over", -time.Hour, pause, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				s := &service{}
				c, err := New(Config{BaseURL: "https://data.example.com/repertoire", HTTP: &http.Client{Transport: s}})
				if err != nil {
					t.Fatal(err)
				}
				c.clock = clock.Jumping(func() time.Duration { return jump })
				c.remember(&Document{}, nil)
				time.Sleep(TTL)
				for range 2 {
					if _, err := c.Discover(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
					jump = tt.jump
					time.Sleep(tt.passes)
				}
				if s.requests != tt.requests {
					t.Errorf("%d requests, want %d", s.requests, tt.requests)
				}
			})
		})
	}
}
