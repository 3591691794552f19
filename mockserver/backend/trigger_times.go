package backend

import (
	"strings"
	"time"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// scheduleTimes returns up to most times of a schedule, later than from and no later than until.
// A rate counts from its own time of start, or from began. A schedule without times, such as the
// 30th of February, has none.
func scheduleTimes(s *taskpb.Schedule, began, from, until time.Time, most int) []time.Time {
	next := nextTime(s, began)
	var times []time.Time
	for at := next(from); !at.IsZero() && !at.After(until) && len(times) < most; at = next(at) {
		times = append(times, at)
	}
	return times
}

// nextTime returns the function that returns the first time of a schedule after another one;
// zero if there is none. The schedule has passed checkCron.
func nextTime(s *taskpb.Schedule, began time.Time) func(time.Time) time.Time {
	never := func(time.Time) time.Time { return time.Time{} }
	text, zone := "", ""
	switch e := s.GetExpression().(type) {
	case *taskpb.Schedule_Rate:
		if start := e.Rate.GetStartTime(); start != nil {
			began = start.AsTime()
		}
		return evenly(began, time.Duration(e.Rate.GetValue())*rateUnit(e.Rate.GetUnit()))
	case *taskpb.Schedule_CronExpression:
		text = e.CronExpression //nolint:staticcheck // old clients still send the deprecated field
	case *taskpb.Schedule_Cron:
		text, zone = e.Cron.GetExpression(), e.Cron.GetTimezone()
	}
	words := strings.Fields(text)
	if len(words) > 0 && strings.Contains(words[0], "=") { // TZ= or CRON_TZ=
		_, zone, _ = strings.Cut(words[0], "=")
		words = words[1:]
	}
	location, err := time.LoadLocation(zone)
	switch {
	case err != nil || len(words) == 0:
		return never
	case words[0] == "@every" && len(words) == 2:
		every, err := time.ParseDuration(words[1])
		if err != nil {
			return never
		}
		return func(after time.Time) time.Time {
			return after.Truncate(time.Second).Add(max(every.Truncate(time.Second), time.Second))
		}
	case strings.HasPrefix(words[0], "@"):
		words = strings.Fields(cronWord(words[0]))
	}
	if len(words) != len(cronFields()) {
		return never
	}
	return newCronTable(words, location).next
}

func rateUnit(u taskpb.FixedRateUnit) time.Duration {
	switch u {
	case taskpb.FixedRateUnit_FIXED_RATE_UNIT_HOUR:
		return time.Hour
	case taskpb.FixedRateUnit_FIXED_RATE_UNIT_DAY:
		return 24 * time.Hour
	default:
		return time.Minute
	}
}

// evenly returns the times at a distance from each other that begin one distance after began.
func evenly(began time.Time, distance time.Duration) func(time.Time) time.Time {
	return func(after time.Time) time.Time {
		switch {
		case distance <= 0:
			return time.Time{}
		case after.Before(began):
			return began.Add(distance)
		default:
			return began.Add(after.Sub(began).Truncate(distance) + distance)
		}
	}
}

// cronWord returns the five fields that a word stands for.
func cronWord(word string) string {
	switch word {
	case "@yearly", "@annually":
		return "0 0 1 1 *"
	case "@monthly":
		return "0 0 1 * *"
	case "@weekly":
		return "0 0 * * 0"
	case "@daily", "@midnight":
		return "0 0 * * *"
	default:
		return "0 * * * *"
	}
}

// cronTable is a cron expression: the values of each field as bits.
type cronTable struct {
	minutes, hours, days, months, weekdays uint64
	anyDay, anyWeekday                     bool // the field begins with * or ?
	location                               *time.Location
}

func newCronTable(words []string, location *time.Location) cronTable {
	fields := cronFields()
	bits := make([]uint64, len(fields))
	for i, f := range fields {
		for part := range strings.SplitSeq(words[i], ",") {
			bits[i] |= f.bits(part)
		}
	}
	open := func(word string) bool { return strings.HasPrefix(word, "*") || strings.HasPrefix(word, "?") }
	return cronTable{bits[0], bits[1], bits[2], bits[3], bits[4], open(words[2]), open(words[4]), location}
}

// next returns the first minute after t that the table has, within five years; zero if there is
// none. Minutes that a change of the clock leaves out are skipped.
func (c cronTable) next(t time.Time) time.Time {
	t = t.In(c.location).Truncate(time.Minute).Add(time.Minute)
	for limit := t.AddDate(5, 0, 0); t.Before(limit); {
		y, m, d := t.Date()
		switch {
		case c.months&(1<<m) == 0:
			t = time.Date(y, m+1, 1, 0, 0, 0, 0, c.location)
		case !c.onDay(t):
			t = time.Date(y, m, d+1, 0, 0, 0, 0, c.location)
		case c.hours&(1<<t.Hour()) == 0:
			t = t.Truncate(time.Minute).Add(time.Duration(60-t.Minute()) * time.Minute)
		case c.minutes&(1<<t.Minute()) == 0:
			t = t.Add(time.Minute)
		default:
			return t
		}
	}
	return time.Time{}
}

// onDay reports whether t is on a day of the table. If both day fields are restricted, one of
// them is enough (crontab(5)).
func (c cronTable) onDay(t time.Time) bool {
	day, weekday := c.days&(1<<t.Day()) != 0, c.weekdays&(1<<int(t.Weekday())) != 0
	if c.anyDay || c.anyWeekday {
		return day && weekday
	}
	return day || weekday
}
