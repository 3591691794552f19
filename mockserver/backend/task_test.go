package backend

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

func cronTrigger(name, expression string) *taskpb.TaskTrigger {
	return &taskpb.TaskTrigger{
		Name: name, Spec: &taskpb.TaskTriggerSpec{Active: true},
		AutomationSpec: &taskpb.TriggerAutomationSpec{
			Type: taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE,
			Automation: &taskpb.TriggerAutomationSpec_Schedule{Schedule: &taskpb.Schedule{
				Expression: &taskpb.Schedule_Cron{Cron: &taskpb.Cron{Expression: expression}},
			}},
		},
	}
}

func TestDeployTaskValidatesAndStores(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := taskpb.NewTaskServiceClient(conn)
	unknown := taskID("fn", "v1")
	unknown.Project = "X"
	moon := taskID("fn", "v1")
	moon.Domain, moon.Org = "moon", ""

	for name, tc := range map[string]struct {
		req  *taskpb.DeployTaskRequest
		want codes.Code
		text string
	}{
		"unknown project": {
			&taskpb.DeployTaskRequest{TaskId: unknown, Spec: plainSpec()}, codes.NotFound, `project "X" not found`,
		},
		"unknown domain, no org": {&taskpb.DeployTaskRequest{TaskId: moon, Spec: plainSpec()}, codes.OK, ""},
		"empty version":          {&taskpb.DeployTaskRequest{TaskId: taskID("fn", ""), Spec: plainSpec()}, codes.OK, ""},
		"64-character version": {
			&taskpb.DeployTaskRequest{TaskId: taskID("fn", strings.Repeat("v", 64)), Spec: plainSpec()}, codes.OK, "",
		},
		"good cron": {
			&taskpb.DeployTaskRequest{
				TaskId: taskID("fn", "c1"), Spec: plainSpec(), Triggers: []*taskpb.TaskTrigger{cronTrigger("t", "*/5 2 * jan-mar mon")},
			}, codes.OK, "",
		},
		"bad cron": {
			&taskpb.DeployTaskRequest{
				TaskId: taskID("fn", "c2"), Spec: plainSpec(), Triggers: []*taskpb.TaskTrigger{cronTrigger("t", "61 * * * *")},
			}, codes.InvalidArgument,
			`trigger "t": invalid cron expression "61 * * * *": minute: "61" is not between 0 and 59`,
		},
		"empty request": {&taskpb.DeployTaskRequest{}, codes.InvalidArgument, "task_id is required"},
		"missing spec":  {&taskpb.DeployTaskRequest{TaskId: taskID("fn", "v2")}, codes.InvalidArgument, "spec is required"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := c.DeployTask(t.Context(), tc.req)
			wantStatus(t, err, tc.want, tc.text)
			// What was refused was not deployed.
			deployed := codes.OK
			if err != nil {
				deployed = codes.NotFound
			}
			_, err = c.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: tc.req.GetTaskId()})
			wantCode(t, err, deployed)
		})
	}
}

func TestDeployTaskAgainReplacesTheVersion(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{Now: clock()})
	c := taskpb.NewTaskServiceClient(conn)
	details := func(t *testing.T, id *taskpb.TaskIdentifier) *taskpb.TaskDetails {
		t.Helper()
		got, err := c.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: id})
		wantCode(t, err, codes.OK)
		return got.GetDetails()
	}

	t.Run("replaces the spec and keeps deployed_at", func(t *testing.T) {
		t.Parallel()
		id := taskID("env.mod.fn", "v1")
		deploy(t, conn, id, plainSpec())
		first := details(t, id)
		deploy(t, conn, id, &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{Type: "spark"}})
		second := details(t, id)
		if got := second.GetSpec().GetTaskTemplate().GetType(); got != "spark" {
			t.Errorf("type %q, want that of the second deployment", got)
		}
		if !second.GetMetadata().GetDeployedAt().AsTime().Equal(first.GetMetadata().GetDeployedAt().AsTime()) {
			t.Errorf("deployed_at moved from %v to %v", first.GetMetadata().GetDeployedAt(), second.GetMetadata().GetDeployedAt())
		}
		if second.GetMetadata().GetDeployedBy() != nil {
			t.Errorf("deployed_by is %v, want it unset", second.GetMetadata().GetDeployedBy())
		}
	})

	t.Run("cuts descriptions", func(t *testing.T) {
		t.Parallel()
		id := taskID("long", "v1")
		spec := plainSpec()
		// 85 euro signs are 255 bytes; one letter before them puts the limit inside one.
		spec.Documentation = &taskpb.DocumentationEntity{
			ShortDescription: "a" + strings.Repeat("€", 100), LongDescription: strings.Repeat("x", 3000),
		}
		deploy(t, conn, id, spec)
		got := details(t, id)
		short := got.GetSpec().GetDocumentation().GetShortDescription()
		if len(short) != 253 || !utf8.ValidString(short) {
			t.Errorf("short description has %d bytes, valid %v; want 253, the last whole character before 255",
				len(short), utf8.ValidString(short))
		}
		if n := len(got.GetSpec().GetDocumentation().GetLongDescription()); n != 2048 {
			t.Errorf("long description has %d bytes, want 2048", n)
		}
		if got.GetMetadata().GetShortDescription() != short {
			t.Errorf("metadata has another short description: %q", got.GetMetadata().GetShortDescription())
		}
	})

	for name, tc := range map[string]struct{ task, env, want string }{
		"environment's prefix":   {"etl.mod.fn", "etl", "mod.fn"},
		"no environment":         {"etl.mod.fn2", "", "fn2"},
		"another environment":    {"etl.mod.fn3", "web", "fn3"},
		"no dot":                 {"plain", "", "plain"},
		"prefix is a whole word": {"etlmod.fn4", "etl", "fn4"},
	} {
		t.Run("short name: "+name, func(t *testing.T) {
			t.Parallel()
			spec := plainSpec()
			if tc.env != "" {
				spec.Environment = &taskpb.Environment{Name: tc.env}
			}
			deploy(t, conn, taskID(tc.task, "v1"), spec)
			meta := details(t, taskID(tc.task, "v1")).GetMetadata()
			if meta.GetShortName() != tc.want || meta.GetEnvironmentName() != tc.env {
				t.Errorf("short name %q of environment %q, want %q of %q", meta.GetShortName(), meta.GetEnvironmentName(), tc.want, tc.env)
			}
		})
	}
}

func TestGetTaskDetailsOfAnUnknownTaskIsNotFound(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := taskpb.NewTaskServiceClient(conn)
	deploy(t, conn, taskID("fn", "v1"), plainSpec())
	for _, id := range []*taskpb.TaskIdentifier{nil, taskID("fn", "v2"), taskID("other", "v1")} {
		_, err := c.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: id})
		wantCode(t, err, codes.NotFound)
	}
}

func TestListTasksShowsLatestVersions(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{Now: clock()})
	createProjects(t, conn, "other")
	elsewhere := func(name string) *taskpb.TaskIdentifier {
		id := taskID(name, "v1")
		id.Project = "other"
		return id
	}
	entry := plainSpec()
	entry.TaskTemplate.Metadata = &corepb.TaskMetadata{IsEntrypoint: true}
	deploy(t, conn, taskID("a", "v1"), entry)
	deploy(t, conn, taskID("b", "v1"), plainSpec())
	deploy(t, conn, taskID("a", "v2"), entry)
	deploy(t, conn, elsewhere("c"), plainSpec())
	deploy(t, conn, taskID("a", "v1"), entry) // again: it does not become the newest
	c := taskpb.NewTaskServiceClient(conn)
	inProject := func(project, domain string) *taskpb.ListTasksRequest {
		return &taskpb.ListTasksRequest{ScopeBy: &taskpb.ListTasksRequest_ProjectId{
			ProjectId: &commonpb.ProjectIdentifier{Name: project, Domain: domain},
		}}
	}
	with := func(req *taskpb.ListTasksRequest, list *commonpb.ListRequest) *taskpb.ListTasksRequest {
		req.Request = list
		return req
	}

	for name, tc := range map[string]struct {
		req             *taskpb.ListTasksRequest
		want            []string
		token           string
		total, filtered uint32
	}{
		"no scope is everything":   {&taskpb.ListTasksRequest{}, []string{"c:v1", "a:v2", "b:v1"}, "", 3, 3},
		"project and domain":       {inProject("demo", "development"), []string{"a:v2", "b:v1"}, "", 2, 2},
		"another domain":           {inProject("demo", "staging"), nil, "", 0, 0},
		"unknown project":          {inProject("ghost", "development"), nil, "", 0, 0},
		"token on a full page":     {with(inProject("demo", "development"), &commonpb.ListRequest{Limit: 2}), []string{"a:v2", "b:v1"}, "2", 2, 2},
		"no totals past the end":   {with(inProject("demo", "development"), &commonpb.ListRequest{Limit: 2, Token: "2"}), nil, "", 0, 0},
		"totals of scope and more": {with(inProject("demo", "development"), &commonpb.ListRequest{Filters: []*commonpb.Filter{filter(commonpb.Filter_EQUAL, "name", "b")}}), []string{"b:v1"}, "", 2, 1},
		"known filter": {&taskpb.ListTasksRequest{KnownFilters: []*taskpb.ListTasksRequest_KnownFilter{
			{FilterBy: &taskpb.ListTasksRequest_KnownFilter_IsEntrypoint{IsEntrypoint: true}},
		}}, []string{"a:v2"}, "", 3, 1},
		"without a deployer": {&taskpb.ListTasksRequest{KnownFilters: []*taskpb.ListTasksRequest_KnownFilter{
			{FilterBy: &taskpb.ListTasksRequest_KnownFilter_DeployedBy{DeployedBy: "me"}},
		}}, nil, "", 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListTasks(t.Context(), tc.req)
			wantCode(t, err, codes.OK)
			var names []string
			for _, task := range got.GetTasks() {
				names = append(names, task.GetTaskId().GetName()+":"+task.GetTaskId().GetVersion())
			}
			if diff := cmp.Diff(tc.want, names); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			if got.GetToken() != tc.token {
				t.Errorf("token %q, want %q", got.GetToken(), tc.token)
			}
			if m := got.GetMetadata(); m.GetTotal() != tc.total || m.GetFilteredTotal() != tc.filtered {
				t.Errorf("totals %d and %d, want %d and %d", m.GetTotal(), m.GetFilteredTotal(), tc.total, tc.filtered)
			}
		})
	}
}

func TestListVersionsOfATask(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{Now: clock()})
	for i := range 3 {
		deploy(t, conn, taskID("fn", "v"+strconv.Itoa(i)), plainSpec())
	}
	deploy(t, conn, taskID("other", "w0"), plainSpec())
	c := taskpb.NewTaskServiceClient(conn)

	for name, tc := range map[string]struct {
		task string
		want []string
	}{"newest first": {"fn", []string{"v2", "v1", "v0"}}, "unknown": {"ghost", nil}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.ListVersions(t.Context(), &taskpb.ListVersionsRequest{
				TaskName: &taskpb.TaskName{Project: "demo", Domain: "development", Name: tc.task},
			})
			wantCode(t, err, codes.OK)
			var versions []string
			for _, v := range got.GetVersions() {
				versions = append(versions, v.GetVersion())
			}
			if diff := cmp.Diff(tc.want, versions); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTaskDetailsCountTriggers(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	c := taskpb.NewTaskServiceClient(conn)
	summary := func(t *testing.T, name string) *taskpb.TaskTriggersSummary {
		t.Helper()
		got, err := c.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: taskID(name, "v1")})
		wantCode(t, err, codes.OK)
		return got.GetDetails().GetMetadata().GetTriggersSummary()
	}

	// One trigger is listed, several are counted.
	deploy(t, conn, taskID("one", "v1"), plainSpec(), cronTrigger("nightly", "@daily"))
	if got := summary(t, "one").GetDetails(); got.GetName() != "nightly" || !got.GetActive() {
		t.Errorf("one trigger: %v", got)
	}
	idle := cronTrigger("idle", "@hourly")
	idle.Spec.Active = false
	deploy(t, conn, taskID("two", "v1"), plainSpec(), cronTrigger("nightly", "@daily"), idle)
	if got := summary(t, "two").GetStats(); got.GetTotal() != 2 || got.GetActive() != 1 {
		t.Errorf("two triggers: %v", got)
	}

	// A trigger starts the newest version that has it.
	deploy(t, conn, taskID("one", "v2"), plainSpec(), cronTrigger("nightly", "@daily"))
	deploy(t, conn, taskID("one", "v3"), plainSpec())
	name := &commonpb.TriggerName{Project: "demo", Domain: "development", TaskName: "one", Name: "nightly"}
	trigger, id, err := b.taskOfTrigger(name)
	if err != nil || id.GetVersion() != "v2" || trigger.name != "nightly" {
		t.Errorf("trigger starts %v (%v, %v), want version v2", id, trigger, err)
	}
	name.Name = "ghost"
	_, _, err = b.taskOfTrigger(name)
	wantCode(t, err, codes.NotFound)
}
