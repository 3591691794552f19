package retryafter_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/retryafter"
)

func TestParseReadsSecondsAndDatesWithinADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]struct {
		wait time.Duration
		said bool
	}{
		"":                      {0, false},
		"soon":                  {0, false},
		"1.5":                   {0, false},
		"0":                     {0, true},
		"30":                    {30 * time.Second, true},
		"-5":                    {0, true},
		"999999":                {retryafter.Longest, true},
		"999999999999999999999": {retryafter.Longest, true},
		now.Add(time.Minute).Format(http.TimeFormat):  {time.Minute, true},
		now.Add(-time.Minute).Format(http.TimeFormat): {0, true},
	} {
		if wait, said := retryafter.Parse(text, now); wait != want.wait || said != want.said {
			t.Errorf("%q: %v, %v, want %v, %v", text, wait, said, want.wait, want.said)
		}
	}
	if wait, _ := retryafter.Parse(" 30 ", now); wait != 30*time.Second {
		t.Errorf("with spaces: %v, want 30 seconds", wait)
	}
}
