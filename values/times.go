package values

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// checkYear refuses times that Flyte and Python cannot hold.
func checkYear(t time.Time) error {
	if y := t.UTC().Year(); y < 1 || y > 9999 {
		return wrong(ErrRange, "a time outside of the years 1 to 9999")
	}
	return nil
}

// timeText writes a time as Python does: the offset as +00:00, and six digits of a fraction
// where they are enough.
func timeText(t time.Time) (string, error) {
	if err := checkYear(t); err != nil {
		return "", err
	}
	t = t.UTC()
	layout := "2006-01-02T15:04:05+00:00"
	switch {
	case t.Nanosecond() == 0:
	case t.Nanosecond()%int(time.Microsecond) == 0:
		layout = "2006-01-02T15:04:05.000000+00:00"
	default:
		layout = "2006-01-02T15:04:05.000000000+00:00"
	}
	return t.Format(layout), nil
}

// parseTime reads RFC 3339, and what Python writes for a time without a zone, which is taken
// as UTC, and for a date.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), checkYear(t)
		}
	}
	return time.Time{}, wrong(ErrType, "a string that is no time; want one such as 2006-01-02T15:04:05Z")
}

// parseDuration reads Go's form (1h30m), and that of ISO 8601 (PT1H30M) with weeks, days,
// hours, minutes and seconds.
func parseDuration(s string) (time.Duration, error) {
	if d, err := time.ParseDuration(s); err == nil {
		return d, nil
	}
	bad := wrong(ErrType, "a string that is no duration; want one such as 1h30m or PT1H30M")
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	days, clock, timed := strings.Cut(rest, "T")
	if !ok || rest == "" || timed && clock == "" {
		return 0, bad
	}
	total := 0.0 // to refuse what is too large; the sum itself is exact
	var sum time.Duration
	for _, part := range []struct {
		text  string
		units []isoUnit
	}{
		{days, []isoUnit{{'W', 7 * 24 * time.Hour}, {'D', 24 * time.Hour}}},
		{clock, []isoUnit{{'H', time.Hour}, {'M', time.Minute}, {'S', time.Second}}},
	} {
		for _, u := range part.units {
			amount, after, found := strings.Cut(part.text, string(u.letter))
			if !found {
				continue
			}
			part.text = after
			d, size, ok := u.times(amount)
			if total += size; !ok || total > math.MaxInt64/2 {
				return 0, bad
			}
			sum += d
		}
		if part.text != "" {
			return 0, bad
		}
	}
	if negative {
		sum = -sum
	}
	return sum, nil
}

type isoUnit struct {
	letter byte
	length time.Duration
}

// times returns amount units; only seconds can have a fraction.
func (u isoUnit) times(amount string) (_ time.Duration, size float64, ok bool) {
	whole, fraction, dotted := strings.Cut(amount, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	size = float64(n) * float64(u.length)
	if err != nil || size > math.MaxInt64/2 || dotted && (u.letter != 'S' || fraction == "" || len(fraction) > 9) {
		return 0, 0, false
	}
	sum := time.Duration(n) * u.length
	if dotted {
		part, err := strconv.ParseUint(fraction+strings.Repeat("0", 9-len(fraction)), 10, 63)
		if err != nil {
			return 0, 0, false
		}
		sum += time.Duration(part)
	}
	return sum, size, true
}
