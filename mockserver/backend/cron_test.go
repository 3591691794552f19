package backend

import (
	"testing"

	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func TestParseCron(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"* * * * *": true, "0 0 1 1 0": true, "59 23 31 12 6": true, "*/15 1-5/2 ? jan,MAR sun-sat": true,
		"@daily": true, "@every 1h30m": true, "TZ=Europe/Berlin 0 3 * * *": true, "CRON_TZ=UTC @hourly": true,
		"": false, "* * * *": false, "* * * * * *": false, "60 * * * *": false, "* 24 * * *": false, "* * 0 * *": false,
		"* * * 13 *": false, "* * * * 7": false, "*/0 * * * *": false, "*/x * * * *": false, "5-1 * * * *": false,
		"1, * * * *": false, "-1 * * * *": false, "jan * * * *": false, "@never": false, "@every": false, "@every soon": false,
		"@every -1s": false, "@daily 3": false, "TZ=UTC": false, "1-x * * * *": false,
	} {
		if err := parseCron(text); (err == nil) != good {
			t.Errorf("parseCron(%q): %v, want good: %v", text, err, good)
		}
	}
}

func TestCheckCronReadsBothForms(t *testing.T) {
	t.Parallel()
	deprecated := func(text string) *taskpb.Schedule {
		return &taskpb.Schedule{Expression: &taskpb.Schedule_CronExpression{
			CronExpression: text, //nolint:staticcheck // the deprecated field is what is tested
		}}
	}
	for name, tc := range map[string]struct {
		schedule *taskpb.Schedule
		good     bool
	}{
		"none":           {nil, true},
		"rate":           {&taskpb.Schedule{Expression: &taskpb.Schedule_Rate{Rate: &taskpb.FixedRate{}}}, true},
		"deprecated":     {deprecated("@daily"), true},
		"deprecated bad": {deprecated("daily"), false},
		"empty":          {&taskpb.Schedule{Expression: &taskpb.Schedule_Cron{Cron: &taskpb.Cron{}}}, false},
	} {
		if err := checkCron(tc.schedule); (err == nil) != tc.good {
			t.Errorf("%s: %v, want good: %v", name, err, tc.good)
		}
	}
}

func FuzzParseCron(f *testing.F) {
	for _, seed := range []string{"* * * * *", "@every 1s", "TZ=UTC 1-2/3 * * jan mon", "@", "/ - , * ?"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		_ = parseCron(text) // any text is answered, none panics
	})
}
