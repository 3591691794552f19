package backend

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones are those of the IANA, on machines without a list of them too

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// checkCron returns an error for a schedule with an invalid cron expression, in the
// current or the deprecated field, or an unknown time zone. It accepts other schedules.
func checkCron(s *taskpb.Schedule) error {
	switch e := s.GetExpression().(type) {
	case *taskpb.Schedule_CronExpression:
		return parseCron(e.CronExpression) //nolint:staticcheck // old clients still send the deprecated field
	case *taskpb.Schedule_Cron:
		if err := checkZone(e.Cron.GetTimezone()); err != nil {
			return err
		}
		return parseCron(e.Cron.GetExpression())
	default:
		return nil
	}
}

// cronField is one of the five fields: its bounds, and names for its values beginning
// with low.
type cronField struct {
	name      string
	low, high int
	names     []string
}

func cronFields() []cronField {
	return []cronField{
		{"minute", 0, 59, nil},
		{"hour", 0, 23, nil},
		{"day of month", 1, 31, nil},
		{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
		{"day of week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
	}
}

// parseCron checks a cron expression: five fields, a word such as @daily, or "@every
// 1h30m", each after an optional TZ= or CRON_TZ=.
func parseCron(text string) error {
	words := strings.Fields(text)
	if len(words) > 0 && (strings.HasPrefix(words[0], "TZ=") || strings.HasPrefix(words[0], "CRON_TZ=")) {
		_, zone, _ := strings.Cut(words[0], "=")
		if err := checkZone(zone); err != nil {
			return fmt.Errorf("invalid cron expression %q: %w", text, err)
		}
		words = words[1:]
	}
	if len(words) > 0 && strings.HasPrefix(words[0], "@") {
		return parseCronWord(words)
	}
	fields := cronFields()
	if len(words) != len(fields) {
		return fmt.Errorf("invalid cron expression %q: want 5 fields, have %d", text, len(words))
	}
	for i, f := range fields {
		for part := range strings.SplitSeq(words[i], ",") {
			if err := f.check(part); err != nil {
				return fmt.Errorf("invalid cron expression %q: %s: %w", text, f.name, err)
			}
		}
	}
	return nil
}

// checkZone returns an error for a name that is no time zone; none is UTC.
func checkZone(name string) error {
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Errorf("unknown time zone %q: want a name such as Europe/Berlin", name)
	}
	return nil
}

func parseCronWord(words []string) error {
	known := []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
	switch {
	case len(words) == 1 && slices.Contains(known, words[0]):
		return nil
	case len(words) == 2 && words[0] == "@every":
		if d, err := time.ParseDuration(words[1]); err == nil && d > 0 {
			return nil
		}
	}
	return fmt.Errorf("invalid cron expression %q: want @every with a duration or one of %s",
		strings.Join(words, " "), strings.Join(known, ", "))
}

// check accepts "*", "?", "3", "mon" and "1-5", each with an optional "/step".
func (f cronField) check(part string) error {
	span, step, stepped := strings.Cut(part, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n <= 0 {
			return fmt.Errorf("step %q is not a positive number", step)
		}
	}
	if span == "*" || span == "?" {
		return nil
	}
	first, last, ranged := strings.Cut(span, "-")
	from, err := f.number(first)
	if err != nil || !ranged {
		return err
	}
	to, err := f.number(last)
	if err != nil {
		return err
	}
	if from > to {
		return fmt.Errorf("range %q runs backwards", span)
	}
	return nil
}

// bits returns the values of a part that check accepts.
func (f cronField) bits(part string) (bits uint64) {
	span, stepText, stepped := strings.Cut(part, "/")
	step := 1
	if stepped {
		step, _ = strconv.Atoi(stepText)
	}
	from, to := f.low, f.high
	if span != "*" && span != "?" {
		first, last, ranged := strings.Cut(span, "-")
		from, _ = f.number(first)
		switch {
		case ranged:
			to, _ = f.number(last)
		case !stepped: // "5/10" means from 5 to the end
			to = from
		}
	}
	for n := from; n <= to; n += max(step, 1) {
		bits |= 1 << n
	}
	return bits
}

func (f cronField) number(text string) (int, error) {
	if i := slices.Index(f.names, strings.ToLower(text)); i >= 0 {
		return f.low + i, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < f.low || n > f.high {
		return 0, fmt.Errorf("%q is not between %d and %d", text, f.low, f.high)
	}
	return n, nil
}
