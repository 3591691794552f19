package introspect

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/clock"
)

// server says of every token that it is active until end.
type server struct {
	requests int
	end      time.Time
}

func (s *server) RoundTrip(*http.Request) (*http.Response, error) {
	s.requests++
	body := fmt.Sprintf(`{"active":true,"sub":"ada","exp":%d}`, s.end.Unix())
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestACachedAnswerEndsWhenOneOfTheTwoClocksSaysSo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		life         time.Duration // of the token
		jump, passes time.Duration // of the wall clock alone, and then of both
		requests     int
	}{
		{"the machine slept for two hours", 24 * time.Hour, 2 * time.Hour, 0, 2},
		{"it slept for half an hour", 24 * time.Hour, 30 * time.Minute, 0, 1},
		{"the wall clock was set back an hour", 24 * time.Hour, -time.Hour, time.Hour - 1, 1},
		{"it was set back an hour, and the hour is over", 24 * time.Hour, -time.Hour, time.Hour, 2},
		{"it was set back an hour, and the token has ended", time.Minute, -time.Hour, time.Minute, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var jump time.Duration
				s := &server{end: time.Now().Add(tt.life)}
				v, err := New(Config{
					Endpoint: "https://login.example.com/introspect", ClientID: "service",
					HTTP: &http.Client{Transport: s}, AnyAudience: true, MaxAge: time.Hour,
				})
				if err != nil {
					t.Fatal(err)
				}
				v.clock = clock.Jumping(func() time.Duration { return jump })
				for range 2 {
					if _, err := v.claims(t.Context(), "token"); err != nil {
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
