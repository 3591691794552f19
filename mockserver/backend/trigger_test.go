package backend

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
)

func TestItem59TriggersNeedASpecAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		req          *triggerpb.DeployTriggerRequest
		open, strict codes.Code
	}{
		"no spec":    {&triggerpb.DeployTriggerRequest{Name: triggerName("t")}, codes.Internal, codes.InvalidArgument},
		"no name":    {&triggerpb.DeployTriggerRequest{Spec: &triggerpb.TriggerSpec{TaskVersion: "v9"}}, codes.OK, codes.InvalidArgument},
		"no version": {&triggerpb.DeployTriggerRequest{Name: triggerName("t"), Spec: &triggerpb.TriggerSpec{}}, codes.OK, codes.InvalidArgument},
		"nothing exists": {&triggerpb.DeployTriggerRequest{
			Name: &commonpb.TriggerName{Project: "ghost", Domain: "moon", TaskName: "none", Name: "t"}, Spec: &triggerpb.TriggerSpec{TaskVersion: "v9"},
			AutomationSpec: cronTrigger("t", "@daily").GetAutomationSpec(),
		}, codes.OK, codes.OK},
		"a long name": {&triggerpb.DeployTriggerRequest{
			Name: triggerName(strings.Repeat("n", 300)), Spec: &triggerpb.TriggerSpec{TaskVersion: "v1"},
		}, codes.OK, codes.InvalidArgument},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for strict, want := range map[bool]codes.Code{false: tc.open, true: tc.strict} {
				withTriggers(t, Config{Strict: strict}, func(t *testing.T, c triggersOf) {
					_, err := c.DeployTrigger(t.Context(), tc.req)
					wantCode(t, err, want)
				})
			}
		})
	}
}

func TestItem60ADeployChecksTheScheduleAndTheRevision(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		zoned := scheduled("zoned", "0 9 * * 1")
		zoned.GetAutomationSpec().GetSchedule().GetCron().Timezone = "Europe/Berlin"
		for name, tc := range map[string]struct {
			req  *triggerpb.DeployTriggerRequest
			want codes.Code
		}{
			"five fields": {scheduled("a", "*/5 * * * *"), codes.OK}, "a word": {scheduled("a", "@daily"), codes.OK},
			"every": {scheduled("a", "@every 5m"), codes.OK}, "six fields": {scheduled("a", "0 0 9 * * 1"), codes.InvalidArgument},
			"zone in the expression": {scheduled("a", "CRON_TZ=Asia/Tokyo 0 9 * * *"), codes.OK},
			"zone":                   {zoned, codes.OK},
			"no such zone":           {scheduled("a", "CRON_TZ=Moon/Base 0 9 * * *"), codes.InvalidArgument},
			"a rate of nothing": {&triggerpb.DeployTriggerRequest{
				Name: triggerName("r"), Spec: &triggerpb.TriggerSpec{TaskVersion: "v1"}, AutomationSpec: rateTrigger(0, nil).GetAutomationSpec(),
			}, codes.OK},
		} {
			_, err := c.DeployTrigger(t.Context(), tc.req)
			if wantCode(t, err, tc.want); t.Failed() {
				t.Fatal(name)
			}
		}

		first := on("b")
		first.Revision = 7
		if got := c.deploy(t, first).GetId().GetRevision(); got != 1 {
			t.Errorf("a new trigger has revision %d, want 1 whatever was sent", got)
		}
		if got := c.deploy(t, on("b")).GetId().GetRevision(); got != 2 {
			t.Errorf("deployed again it has revision %d, want 2", got)
		}
		stale := on("b")
		stale.Revision = 1
		_, err := c.DeployTrigger(t.Context(), stale)
		wantCode(t, err, codes.Internal)
		stale.Revision = 2
		if got := c.deploy(t, stale).GetId().GetRevision(); got != 3 {
			t.Errorf("deployed over revision 2 it has revision %d, want 3", got)
		}
	})
	withTriggers(t, Config{Strict: true}, func(t *testing.T, c triggersOf) {
		c.deploy(t, scheduled("b", "@daily"))
		stale := scheduled("b", "@daily")
		stale.Revision = 5
		_, err := c.DeployTrigger(t.Context(), stale)
		wantCode(t, err, codes.FailedPrecondition)
	})
}

func TestItem61ADeployReplacesAndUpdatesOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		first := scheduled("t", "@daily")
		first.Spec.Description = "one"
		before := c.deploy(t, first)

		after := c.deploy(t, on("t")) // no description, no schedule, active as before
		if after.GetSpec().GetDescription() != "" || after.GetAutomationSpec().GetSchedule() != nil {
			t.Errorf("something of the old trigger is left: %v", after)
		}
		sameTime(t, "updated_at", after.GetStatus().GetUpdatedAt(), before.GetStatus().GetUpdatedAt())
		if !after.GetStatus().GetDeployedAt().AsTime().After(before.GetStatus().GetDeployedAt().AsTime()) {
			t.Errorf("deployed_at is %v, want it later", after.GetStatus().GetDeployedAt())
		}
		off := on("t")
		off.Spec.Active = false
		switched := c.deploy(t, off)
		sameTime(t, "updated_at", switched.GetStatus().GetUpdatedAt(), switched.GetStatus().GetDeployedAt())

		c.remove(t, "t")
		revived := on("t")
		revived.Revision = 4 // that of the deletion
		if got := c.deploy(t, revived); got.GetId().GetRevision() != 5 || got.GetStatus().GetDeletedAt() != nil {
			t.Errorf("revived: %v, want revision 5 and no deletion", got)
		}
	})
}

func TestItem62TheAutomationTypeIsComputed(t *testing.T) {
	t.Parallel()
	empty := on("empty")
	empty.AutomationSpec = &taskpb.TriggerAutomationSpec{Automation: &taskpb.TriggerAutomationSpec_Schedule{Schedule: &taskpb.Schedule{}}}
	artifact := on("artifact")
	artifact.AutomationSpec = &taskpb.TriggerAutomationSpec{Automation: &taskpb.TriggerAutomationSpec_Artifact{
		Artifact: &taskpb.ArtifactTrigger{ArtifactName: "model"},
	}}
	lying := on("lying")
	lying.AutomationSpec = &taskpb.TriggerAutomationSpec{Type: taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE}
	for req, want := range map[*triggerpb.DeployTriggerRequest]taskpb.TriggerAutomationSpecType{
		empty: taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE, artifact: taskpb.TriggerAutomationSpecType_TYPE_NONE,
		lying: taskpb.TriggerAutomationSpecType_TYPE_NONE, on("bare"): taskpb.TriggerAutomationSpecType_TYPE_NONE,
	} {
		withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
			got := c.deploy(t, req).GetAutomationSpec()
			if got.GetType() != want || (req == artifact) != (got.GetArtifact().GetArtifactName() == "model") {
				t.Errorf("%s: %v, want %v", req.GetName().GetName(), got, want)
			}
		})
	}
	artifact.AutomationSpec.Type = taskpb.TriggerAutomationSpecType_TYPE_ARTIFACT
	withTriggers(t, Config{Strict: true}, func(t *testing.T, c triggersOf) {
		if got := c.deploy(t, artifact).GetAutomationSpec().GetType(); got != taskpb.TriggerAutomationSpecType_TYPE_ARTIFACT {
			t.Errorf("strict: %v, want TYPE_ARTIFACT", got)
		}
	})
}

func TestItem63AnswersHaveNoOrganizationAndNoMetadata(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		req := scheduled("t", "@daily")
		req.Spec.Description = "every night"
		c.deploy(t, req)
		got := c.get(t, "t")
		if got.GetId().GetName().GetOrg() != "" || got.GetMetadata() != nil || got.Description != nil {
			t.Errorf("%v, want no org, no metadata and no description of its own", got)
		}
		if got.GetSpec().GetDescription() != "every night" || got.GetAutomationSpec().GetSchedule() == nil || got.GetStatus().GetUpdatedAt() == nil {
			t.Errorf("%v, want the spec with its description, the automation and the status", got)
		}
		if got.GetStatus().GetTriggeredAt() != nil || got.GetStatus().GetDeletedAt() != nil {
			t.Errorf("%v, want no times of what has not happened", got.GetStatus())
		}
	})
}

func TestItem64DetailsAreOfTriggersThatExistAndRevisionsOfAll(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		c.deploy(t, on("t"))
		anyTask := triggerName("t")
		anyTask.TaskName = ""
		for name, want := range map[*commonpb.TriggerName]codes.Code{
			triggerName("t"): codes.OK, anyTask: codes.OK, triggerName("ghost"): codes.NotFound, nil: codes.NotFound,
		} {
			_, err := c.GetTriggerDetails(t.Context(), &triggerpb.GetTriggerDetailsRequest{Name: name})
			wantCode(t, err, want)
		}
		c.remove(t, "t")
		_, err := c.GetTriggerDetails(t.Context(), &triggerpb.GetTriggerDetailsRequest{Name: triggerName("t")})
		wantCode(t, err, codes.NotFound)
		for revision, want := range map[uint64]codes.Code{0: codes.NotFound, 1: codes.OK, 2: codes.OK, 3: codes.NotFound} {
			got, err := c.GetTriggerRevisionDetails(t.Context(), &triggerpb.GetTriggerRevisionDetailsRequest{
				Id: &commonpb.TriggerIdentifier{Name: triggerName("t"), Revision: revision},
			})
			wantCode(t, err, want)
			if have := got.GetTrigger().GetId().GetRevision(); err == nil && have != revision {
				t.Errorf("asked for revision %d, got %d", revision, have)
			}
		}
	})
}

func TestItem67UpdatesAndDeletionsSkipWhatIsSoAlready(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		c.turn(t, true)
		first := c.deploy(t, on("t"))
		c.turn(t, true, "t", "ghost")
		if got := c.get(t, "t"); got.GetId().GetRevision() != 1 {
			t.Errorf("switched on although it is on: %v, want revision 1", got.GetId())
		}
		c.turn(t, false, "t")
		off := c.get(t, "t")
		if off.GetId().GetRevision() != 2 || off.GetSpec().GetActive() {
			t.Errorf("switched off: %v", off)
		}
		if !off.GetStatus().GetUpdatedAt().AsTime().Equal(first.GetStatus().GetUpdatedAt().AsTime().Add(2 * time.Second)) {
			t.Errorf("updated_at is %v, want the time of the switch", off.GetStatus().GetUpdatedAt().AsTime())
		}
		c.remove(t, "t", "ghost")
		c.remove(t, "t")
		c.turn(t, true, "t")
		h := c.history(t, "t")
		if len(h) != 3 || h[0].GetAction() != triggerpb.TriggerRevisionAction_TRIGGER_REVISION_ACTION_DELETE {
			t.Fatalf("history: %v, want three revisions, the last one a deletion", h)
		}
		sameTime(t, "updated_at", h[0].GetStatus().GetUpdatedAt(), off.GetStatus().GetUpdatedAt())
		if h[0].GetStatus().GetDeletedAt() == nil {
			t.Error("the deletion has no time")
		}
	})
}

func TestItem68ADeployedTaskReplacesItsTriggers(t *testing.T) {
	t.Parallel()
	withTriggers(t, Config{}, func(t *testing.T, c triggersOf) {
		c.deploy(t, on("alone"))
		c.w.deploy(t, "env.train", &taskpb.TaskSpec{}, cronTrigger("a", "@daily"), cronTrigger("b", "@daily"))
		all := &triggerpb.ListTriggersRequest{}
		sorted := func() []string {
			all.Request = &commonpb.ListRequest{SortByFields: []*commonpb.Sort{{Key: "name", Direction: commonpb.Sort_ASCENDING}}}
			return c.list(t, all)
		}
		if diff := cmp.Diff([]string{"a@1", "b@1"}, sorted()); diff != "" {
			t.Errorf("a deploy with triggers leaves others (-want +got):\n%s", diff)
		}
		c.w.deploy(t, "env.train", &taskpb.TaskSpec{})
		if diff := cmp.Diff([]string{"a@1", "b@1"}, sorted()); diff != "" {
			t.Errorf("a deploy without triggers changes them (-want +got):\n%s", diff)
		}
		twice := cronTrigger("b", "@hourly")
		c.w.deploy(t, "env.train", &taskpb.TaskSpec{}, cronTrigger("b", "@daily"), twice)
		if diff := cmp.Diff([]string{"b@3"}, sorted()); diff != "" {
			t.Errorf("one name twice (-want +got):\n%s", diff)
		}
		if got := c.get(t, "b").GetAutomationSpec().GetSchedule().GetCron().GetExpression(); got != "@hourly" {
			t.Errorf("schedule %q, want that of the second", got)
		}
		bad := &taskpb.DeployTaskRequest{
			TaskId: p1Task("env.train"), Spec: plainSpec(), Triggers: []*taskpb.TaskTrigger{cronTrigger("c", "@daily"), cronTrigger("d", "no")},
		}
		_, err := taskpb.NewTaskServiceClient(c.w.conn).DeployTask(t.Context(), bad)
		wantCode(t, err, codes.InvalidArgument)
		if diff := cmp.Diff([]string{"b@3"}, sorted()); diff != "" {
			t.Errorf("a refused deploy stored something (-want +got):\n%s", diff)
		}
	})
}

func TestItem69ATaskShowsTheTriggersOfItsVersion(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		withTriggers(t, Config{Strict: strict}, func(t *testing.T, c triggersOf) {
			summary := func(version string) *taskpb.TaskTriggersSummary {
				id := p1Task("env.train")
				id.Version = version
				got := must(taskpb.NewTaskServiceClient(c.w.conn).GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: id}))(t)
				return got.GetDetails().GetMetadata().GetTriggersSummary()
			}
			if got := summary("v1"); got != nil {
				t.Errorf("no trigger: %v", got)
			}
			c.deploy(t, scheduled("a", "@daily"))
			if got := summary("v1").GetDetails(); got.GetName() != "a" || !got.GetActive() {
				t.Errorf("one trigger: %v", got)
			}
			c.deploy(t, scheduled("b", "@daily"))
			c.turn(t, false, "b")
			if got := summary("v1").GetStats(); got.GetTotal() != 2 || got.GetActive() != 1 {
				t.Errorf("two triggers, one of them off: %v", got)
			}

			// One moves by a deploy of its own. Only a strict backend recounts the version that it leaves.
			moved := scheduled("a", "@daily")
			moved.Spec.TaskVersion = "v2"
			c.deploy(t, moved)
			if left := summary("v1"); (left.GetDetails().GetName() == "b") != strict || (left.GetStats().GetTotal() == 2) == strict {
				t.Errorf("strict %v: v1 shows %v after one of its triggers has moved", strict, left)
			}

			// Then both move with a task: the same.
			second := p1Task("env.train")
			second.Version = "v2"
			spec := plainSpec()
			deploy(t, c.w.conn, second, spec, cronTrigger("a", "@daily"), cronTrigger("b", "@daily"))
			if got := summary("v2").GetStats().GetTotal(); got != 2 {
				t.Errorf("v2 counts %d, want 2", got)
			}
			if got := summary("v1"); (got == nil) != strict {
				t.Errorf("strict %v: v1 shows %v after its triggers have moved", strict, got)
			}
		})
	}
}
