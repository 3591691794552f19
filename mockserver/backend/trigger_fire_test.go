package backend

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestItem70RunsOfTriggers(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		cfg := objectConfig()
		cfg.Strict = strict
		withTriggers(t, cfg, func(t *testing.T, c triggersOf) {
			start := func(run string, name *commonpb.TriggerName) (*workflowpb.CreateRunResponse, error) {
				req := createRun(run)
				req.Task = &workflowpb.CreateRunRequest_TriggerName{TriggerName: name}
				return c.w.runs.CreateRun(t.Context(), req)
			}
			inline := on("inline")
			inline.Spec.InputWrapper = &triggerpb.TriggerSpec_Inputs{Inputs: &taskpb.Inputs{
				Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(1)}},
			}}
			inline.Spec.RunSpec = &taskpb.RunSpec{Queue: "slow"}
			c.deploy(t, inline)
			c.turn(t, false, "inline") // inactive triggers run too
			meta := must(start("r1", triggerName("inline")))(t).GetRun().GetAction().GetMetadata()
			if id := meta.GetTriggerId(); id.GetRevision() != 2 || id.GetName().GetName() != "inline" {
				t.Errorf("trigger_id is %v, want revision 2 of inline", id)
			}
			wantProto(t, c.w.actionData(t, "r1", "a0").GetInputs(), &taskpb.Inputs{})
			spec := must(c.w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID("r1")}))(t).GetDetails().GetRunSpec()
			if spec.GetQueue() != "slow" {
				t.Errorf("queue %q, want the trigger's", spec.GetQueue())
			}
			got := c.get(t, "inline")
			if got.GetId().GetRevision() != 2 || got.GetStatus().GetTriggeredAt() == nil {
				t.Errorf("after its run: %v, want triggered_at and no new revision", got)
			}

			anyTask := triggerName("inline")
			anyTask.TaskName = ""
			_, err := start("r2", anyTask)
			if !strict { // whose rules want the name of a task
				wantCode(t, err, codes.OK)
			}
			moved := on("moved")
			moved.Spec.TaskVersion = "v9"
			c.deploy(t, moved)
			_, err = start("r3", triggerName("moved"))
			wantCode(t, err, map[bool]codes.Code{false: codes.Unknown, true: codes.NotFound}[strict])
			c.remove(t, "inline")
			_, err = start("r4", triggerName("inline"))
			wantCode(t, err, codes.NotFound)
		})
	}
}

func TestItem71SchedulesFireWhenTheyAreTold(t *testing.T) {
	t.Parallel()
	withTriggers(t, objectConfig(), func(t *testing.T, c triggersOf) {
		nightly := scheduled("nightly", "0 3 * * *")
		nightly.AutomationSpec.GetSchedule().KickoffTimeInputArg = "at"
		nightly.Spec.InputWrapper = &triggerpb.TriggerSpec_OffloadedInputData{OffloadedInputData: c.w.upload(t, &taskpb.Inputs{
			Literals: []*taskpb.NamedLiteral{{Name: "x", Value: integer(4)}},
		})}
		c.deploy(t, nightly)
		off := scheduled("off", "@hourly")
		off.Spec.Active = false
		c.deploy(t, off)
		c.deploy(t, on("unscheduled"))

		now := time.Now()
		if names := c.w.FireSchedules(now.Add(time.Minute)); len(names) != 0 {
			t.Errorf("fired %v before it is time", names)
		}
		names := c.w.FireSchedules(now.Add(48 * time.Hour))
		if len(names) != 2 || names[0][0] != 'r' || len(names[0]) > maxRunName {
			t.Fatalf("two days start %v, want two runs", names)
		}
		if again := c.w.FireSchedules(now.Add(48 * time.Hour)); len(again) != 0 {
			t.Errorf("the same times start %v again", again)
		}
		run := must(c.w.runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: runID(names[0])}))(t).GetDetails()
		if s := run.GetAction().GetMetadata().GetSource(); s != workflowpb.RunSource_RUN_SOURCE_SCHEDULE_TRIGGER {
			t.Errorf("source %v", s)
		}
		in := c.w.actionData(t, names[0], "a0").GetInputs().GetLiterals()
		at := in[len(in)-1].GetValue().GetScalar().GetPrimitive().GetDatetime().AsTime()
		if len(in) != 2 || in[0].GetName() != "x" || in[1].GetName() != "at" || at.Hour() != 3 || at.Minute() != 0 {
			t.Errorf("inputs %v, want the trigger's and the scheduled time", in)
		}
		last := c.get(t, "nightly").GetStatus().GetTriggeredAt().AsTime()
		if last.Hour() != 3 || !last.After(at) {
			t.Errorf("triggered_at is %v, want the time of the second run", last)
		}
		c.deploy(t, scheduled("often", "* * * * *"))
		if names := c.w.FireSchedules(time.Now().Add(24 * time.Hour)); len(names) != maxMissed {
			t.Errorf("a day of minutes starts %d runs, want %d", len(names), maxMissed)
		}
	})
}

func TestScheduleTimes(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 27, 10, 30, 40, 0, time.UTC) // a Friday
	cron := func(text, zone string) *taskpb.Schedule {
		return &taskpb.Schedule{Expression: &taskpb.Schedule_Cron{Cron: &taskpb.Cron{Expression: text, Timezone: zone}}}
	}
	rate := func(n uint32, unit taskpb.FixedRateUnit, start *timestamppb.Timestamp) *taskpb.Schedule {
		return &taskpb.Schedule{Expression: &taskpb.Schedule_Rate{Rate: &taskpb.FixedRate{Value: n, Unit: unit, StartTime: start}}}
	}
	for name, tc := range map[string]struct {
		schedule *taskpb.Schedule
		want     []string // the first three
	}{
		"minutes":               {cron("*/20 * * * *", ""), []string{"03-27 10:40", "03-27 11:00", "03-27 11:20"}},
		"a list and a range":    {cron("5,50 9-10 * * *", ""), []string{"03-27 10:50", "03-28 09:05", "03-28 09:50"}},
		"from a value in steps": {cron("0 20/2 * * *", ""), []string{"03-27 20:00", "03-27 22:00", "03-28 20:00"}},
		"weekdays by name":      {cron("0 9 * * mon-wed", ""), []string{"03-30 09:00", "03-31 09:00", "04-01 09:00"}},
		"a day or a weekday":    {cron("0 0 1 * sun", ""), []string{"03-29 00:00", "04-01 00:00", "04-05 00:00"}},
		"a leap day":            {cron("0 0 29 feb *", ""), []string{"02-29 00:00"}},
		"no such day":           {cron("0 0 30 feb *", ""), nil},
		"a word":                {cron("@monthly", ""), []string{"04-01 00:00", "05-01 00:00", "06-01 00:00"}},
		"every":                 {cron("@every 90m", ""), []string{"03-27 12:00", "03-27 13:30", "03-27 15:00"}},
		"a zone":                {cron("0 12 * * *", "Europe/Berlin"), []string{"03-27 11:00", "03-28 11:00", "03-29 10:00"}},
		"a zone in it":          {cron("CRON_TZ=Asia/Tokyo 0 9 * * *", ""), []string{"03-28 00:00", "03-29 00:00", "03-30 00:00"}},
		"an hour left out":      {cron("30 2 * * *", "Europe/Berlin"), []string{"03-28 01:30", "03-30 00:30", "03-31 00:30"}},
		"a rate":                {rate(2, taskpb.FixedRateUnit_FIXED_RATE_UNIT_HOUR, nil), []string{"03-27 12:30", "03-27 14:30", "03-27 16:30"}},
		"a rate from a time": {
			rate(1, taskpb.FixedRateUnit_FIXED_RATE_UNIT_DAY, timestamppb.New(began.Add(-36*time.Hour))), []string{"03-27 22:30", "03-28 22:30", "03-29 22:30"},
		},
		"a rate of nothing": {rate(0, taskpb.FixedRateUnit_FIXED_RATE_UNIT_DAY, nil), nil},
		"empty":             {&taskpb.Schedule{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, at := range scheduleTimes(tc.schedule, began, began, began.AddDate(3, 0, 0), 3) {
				got = append(got, at.UTC().Format("01-02 15:04"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// FuzzNextTime: whatever checkCron accepts has times that go up, or none.
func FuzzNextTime(f *testing.F) {
	for _, text := range []string{"*/5 1-3 * jan mon", "0 0 29 2 *", "@every 1h", "TZ=Europe/Berlin 30 2 * * *", "5/7 ? 1,31 */2 0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := &taskpb.Schedule{Expression: &taskpb.Schedule_Cron{Cron: &taskpb.Cron{Expression: text}}}
		if checkCron(s) != nil {
			return
		}
		began := time.Date(2026, 3, 27, 10, 30, 40, 0, time.UTC)
		last := began
		for _, at := range scheduleTimes(s, began, began, began.AddDate(10, 0, 0), 20) {
			if !at.After(last) {
				t.Fatalf("%q: %v after %v", text, at, last)
			}
			last = at
		}
	})
}
