package backend

import (
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestC2CurrentServersMountNoRunLogsServiceAndNoneOfFlyte1(t *testing.T) {
	t.Parallel()
	for _, current := range []bool{false, true} {
		_, conn := dial(t, Config{CurrentOnly: current})
		stream, err := workflowpb.NewRunLogsServiceClient(conn).TailLogs(t.Context(), &workflowpb.TailLogsRequest{}) //nolint:staticcheck // it is what we test
		_, err = rest(t, must(stream, err)(t))
		want := codes.NotFound
		if current {
			want = codes.Unimplemented
		}
		wantCode(t, err, want)
	}
}

func rateTrigger(value uint32, s *taskpb.Schedule) *taskpb.TaskTrigger {
	if s == nil {
		s = &taskpb.Schedule{Expression: &taskpb.Schedule_Rate{Rate: &taskpb.FixedRate{Value: value, Unit: taskpb.FixedRateUnit_FIXED_RATE_UNIT_MINUTE}}}
	}
	return &taskpb.TaskTrigger{
		Name: "t", Spec: &taskpb.TaskTriggerSpec{},
		AutomationSpec: &taskpb.TriggerAutomationSpec{
			Type:       taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE,
			Automation: &taskpb.TriggerAutomationSpec_Schedule{Schedule: s},
		},
	}
}

func TestC9ATriggerWhoseSpecIsChangedByEscapingIsNotShown(t *testing.T) {
	t.Parallel()
	late := rateTrigger(5, nil)
	late.GetAutomationSpec().GetSchedule().GetRate().StartTime = timestamppb.New(time.Unix(1_700_000_000, 0))
	empty := rateTrigger(0, &taskpb.Schedule{})
	umlaut := cronTrigger("t", "@daily")
	umlaut.GetAutomationSpec().GetSchedule().KickoffTimeInputArg = "für"
	for name, tc := range map[string]struct {
		trigger *taskpb.TaskTrigger
		shown   bool
	}{
		"cron": {cronTrigger("t", "@daily"), true}, "rate of 91": {rateTrigger(91, nil), true}, "rate of 92": {rateTrigger(92, nil), false},
		"rate of 127": {rateTrigger(127, nil), true}, "rate of 128": {rateTrigger(128, nil), false},
		"a time of start": {late, false}, "an empty schedule": {empty, false}, "not ASCII": {umlaut, false},
	} {
		for _, strict := range []bool{false, true} {
			if strict && name == "an empty schedule" { // which strict validation refuses
				continue
			}
			_, conn := dial(t, Config{Strict: strict})
			deploy(t, conn, taskID("fn", "v1"), plainSpec(), tc.trigger)
			got, err := taskpb.NewTaskServiceClient(conn).GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: taskID("fn", "v1")})
			wantCode(t, err, codes.OK)
			if shown := got.GetDetails().GetMetadata().GetTriggersSummary() != nil; shown != (tc.shown || strict) {
				t.Errorf("%s, strict %t: shown is %t", name, strict, shown)
			}
		}
	}
}

func TestC9TheTypeOfAutomationFollowsTheSchedule(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := taskpb.NewTaskServiceClient(conn)
	lying := cronTrigger("t", "@daily")
	lying.AutomationSpec.Type = taskpb.TriggerAutomationSpecType_TYPE_NONE
	none := &taskpb.TaskTrigger{Name: "t", AutomationSpec: &taskpb.TriggerAutomationSpec{Type: taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE}}
	for trigger, want := range map[*taskpb.TaskTrigger]taskpb.TriggerAutomationSpecType{
		lying: taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE, none: taskpb.TriggerAutomationSpecType_TYPE_NONE,
	} {
		deploy(t, conn, taskID("fn", "v1"), plainSpec(), trigger)
		got, err := c.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: taskID("fn", "v1")})
		wantCode(t, err, codes.OK)
		if have := got.GetDetails().GetMetadata().GetTriggersSummary().GetDetails().GetAutomationSpec().GetType(); have != want {
			t.Errorf("type %v, want %v", have, want)
		}
	}
	zoned := cronTrigger("t", "0 3 * * *")
	for zone, want := range map[string]codes.Code{"": codes.OK, "Europe/Berlin": codes.OK, "Mars/Olympus": codes.InvalidArgument} {
		zoned.GetAutomationSpec().GetSchedule().GetCron().Timezone = zone
		_, err := c.DeployTask(t.Context(), &taskpb.DeployTaskRequest{
			TaskId: taskID("fn", "v2"), Spec: plainSpec(), Triggers: []*taskpb.TaskTrigger{zoned},
		})
		wantCode(t, err, want)
	}
}

func TestC10ListingsOfTasksShowNoLatestRun(t *testing.T) {
	t.Parallel()
	inWorld(t, Config{}, func(t *testing.T, w *world) {
		w.start(t, "r1")
		time.Sleep(time.Second)
		c := taskpb.NewTaskServiceClient(w.conn)
		tasks := must(c.ListTasks(t.Context(), &taskpb.ListTasksRequest{}))(t).GetTasks()
		if len(tasks) != 1 || tasks[0].GetTaskSummary() == nil || tasks[0].GetTaskSummary().GetLatestRun() != nil {
			t.Errorf("tasks are %v, want one with an empty summary", tasks)
		}
		name := &taskpb.TaskName{Project: "p1", Domain: "development", Name: "env.train"}
		versions := must(c.ListVersions(t.Context(), &taskpb.ListVersionsRequest{TaskName: name}))(t).GetVersions()
		if len(versions) != 1 || versions[0].GetLatestRun() != nil {
			t.Errorf("versions are %v, want one without a run", versions)
		}
	})
}

func TestC13UploadsAsLaxAsMeasuredUnlessStrict(t *testing.T) {
	t.Parallel()
	sum := digest("hello")
	for name, req := range map[string]*dataproxypb.CreateUploadLocationRequest{
		"content_length -1":  {Project: "demo", Domain: "development", Filename: "f", ContentMd5: sum, ContentLength: -1},
		"dots in the name":   {Project: "demo", Domain: "development", FilenameRoot: "r/..", Filename: "f", ContentMd5: sum},
		"a negative expiry":  {Project: "demo", Domain: "development", Filename: "f", ContentMd5: sum, ExpiresIn: durationpb.New(-1)},
		"an expiry of zero":  {Project: "demo", Domain: "development", Filename: "f", ContentMd5: sum, ExpiresIn: durationpb.New(0)},
		"nothing unusual":    {Project: "demo", Domain: "development", Filename: "f", ContentMd5: sum},
		"just over 100 MiB":  {Project: "demo", Domain: "development", Filename: "f", ContentMd5: sum, ContentLength: 100<<20 + 1},
		"a root, one dot in": {Project: "demo", Domain: "development", FilenameRoot: "r.d", Filename: "f..g", ContentMd5: sum},
	} {
		for _, strict := range []bool{false, true} {
			_, _, conn := withObjects(t, Config{Strict: strict})
			_, err := dataproxypb.NewDataProxyServiceClient(conn).CreateUploadLocation(t.Context(), req)
			want := codes.OK
			lax := strings.Contains(name, "-1") || strings.Contains(name, "dots")
			if lax && strict || strings.Contains(name, "expiry") || strings.Contains(name, "over") {
				want = codes.InvalidArgument
			}
			t.Log(name, strict)
			wantCode(t, err, want)
		}
	}
}

func TestC13UploadsWithoutADigestNameEmptyHeaders(t *testing.T) {
	t.Parallel()
	_, hc, conn := withObjects(t, Config{})
	got, err := dataproxypb.NewDataProxyServiceClient(conn).CreateUploadLocation(t.Context(), &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", FilenameRoot: "r", Filename: "f",
	})
	wantCode(t, err, codes.OK)
	if diff := cmp.Diff(map[string]string{"Content-Length": "0", "Content-MD5": ""}, got.GetHeaders()); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if code := put(t, hc, got.GetSignedUrl(), "hello", nil); code != http.StatusOK { // a client leaves the empty ones out
		t.Errorf("upload: %d", code)
	}
}

func TestC14ListingsOfProjectsAsLaxAsMeasuredUnlessStrict(t *testing.T) {
	t.Parallel()
	const lax, strictOnly, both = 1, 2, 3 // where it is not refused
	for name, tc := range map[string]struct {
		req  *projectpb.ListProjectsRequest
		ok   int
		want int // how many projects are listed then
	}{
		"token with a fraction": {&projectpb.ListProjectsRequest{Token: "1.5"}, lax, 2},
		"token after a blank":   {&projectpb.ListProjectsRequest{Token: " 1"}, lax, 2},
		"token with a sign":     {&projectpb.ListProjectsRequest{Token: "+1"}, lax, 2},
		"token":                 {&projectpb.ListProjectsRequest{Token: "1"}, both, 2},
		"negative token":        {&projectpb.ListProjectsRequest{Token: "-1"}, 0, 0},
		"token without digits":  {&projectpb.ListProjectsRequest{Token: "+"}, 0, 0},
		"function in any case":  {&projectpb.ListProjectsRequest{Filters: "EQ(identifier,a_c)"}, both, 1},
		"labels":                {&projectpb.ListProjectsRequest{Filters: "contains(labels,team)"}, both, 1},
		"a date alone":          {&projectpb.ListProjectsRequest{Filters: "ne(created_at,1999-12-31)"}, both, 3},
		"state by name":         {&projectpb.ListProjectsRequest{Filters: "eq(state,abc)"}, 0, 0},
		"no time":               {&projectpb.ListProjectsRequest{Filters: "eq(created_at,x)"}, 0, 0},
		"VALUE_IN with one":     {&projectpb.ListProjectsRequest{Filters: "value_in(identifier,demo)"}, both, 1},
	} {
		for _, strict := range []bool{false, true} {
			b, conn := dial(t, Config{Strict: strict})
			b.AddProject(Project{ID: "a_c", Labels: map[string]string{"team": "x"}})
			b.AddProject(Project{ID: "abc"})
			got, err := projectpb.NewProjectServiceClient(conn).ListProjects(t.Context(), tc.req)
			mode, want := lax, codes.InvalidArgument
			if strict {
				mode = strictOnly
			}
			if tc.ok&mode != 0 {
				want = codes.OK
			}
			t.Log(name, strict)
			wantCode(t, err, want)
			if n := len(got.GetProjects().GetProjects()); err == nil && n != tc.want {
				t.Errorf("%s, strict %t: %d projects, want %d", name, strict, n, tc.want)
			}
		}
	}
}

func TestC14ContainsTakesWildcardsUnlessStrict(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		b, conn := dial(t, Config{Strict: strict})
		b.AddProject(Project{ID: "a_c"})
		b.AddProject(Project{ID: "abc"})
		for pattern, want := range map[string][2]int{"a_c": {2, 1}, "a%c": {2, 0}, `a\_c`: {1, 0}, "bc": {1, 1}, "%": {3, 0}} {
			got, err := projectpb.NewProjectServiceClient(conn).ListProjects(t.Context(), &projectpb.ListProjectsRequest{
				Filters: "contains(identifier," + pattern + ")",
			})
			wantCode(t, err, codes.OK)
			n := want[0]
			if strict {
				n = want[1]
			}
			if have := len(got.GetProjects().GetProjects()); have != n {
				t.Errorf("%s, strict %t: %d projects, want %d", pattern, strict, have, n)
			}
		}
	}
}

func TestC14ListTasksTakesAsManyValuesAsItsFunctions(t *testing.T) {
	t.Parallel()
	for _, strict := range []bool{false, true} {
		_, conn := dial(t, Config{Strict: strict})
		deploy(t, conn, taskID("fn", "v1"), plainSpec())
		one := codes.InvalidArgument
		if strict {
			one = codes.OK
		}
		for f, want := range map[*commonpb.Filter]codes.Code{
			filter(commonpb.Filter_VALUE_IN, "name", "fn"):      one,
			filter(commonpb.Filter_VALUE_IN, "name", "fn", "x"): codes.OK,
			filter(commonpb.Filter_EQUAL, "name", "fn", "x"):    codes.InvalidArgument,
		} {
			_, err := taskpb.NewTaskServiceClient(conn).ListTasks(t.Context(), &taskpb.ListTasksRequest{
				ScopeBy: &taskpb.ListTasksRequest_Org{Org: "o"}, Request: &commonpb.ListRequest{Filters: []*commonpb.Filter{f}},
			})
			t.Log(strict, f)
			wantCode(t, err, want)
		}
	}
}

func TestC15DescriptionsAreCutBetweenCharacters(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	spec := plainSpec()
	spec.Documentation = &taskpb.DocumentationEntity{ShortDescription: "a" + strings.Repeat("€", 100)}
	deploy(t, conn, taskID("fn", "v1"), spec)
	got, err := taskpb.NewTaskServiceClient(conn).GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: taskID("fn", "v1")})
	wantCode(t, err, codes.OK)
	if short := got.GetDetails().GetSpec().GetDocumentation().GetShortDescription(); len(short) != 253 || !utf8.ValidString(short) {
		t.Errorf("%d bytes, want 253, the last whole character before 255", len(short))
	}
	_, err = authpb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
	wantCode(t, err, codes.Unimplemented) // no identity provider
}

func TestC16SecretsWithoutAnIDAndBadTokensAreRefused(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := secretpb.NewSecretServiceClient(conn)
	_, err := c.CreateSecret(t.Context(), &secretpb.CreateSecretRequest{SecretSpec: textSecret("v")})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.GetSecret(t.Context(), &secretpb.GetSecretRequest{})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.DeleteSecret(t.Context(), &secretpb.DeleteSecretRequest{})
	wantCode(t, err, codes.InvalidArgument)
	_, err = c.ListSecrets(t.Context(), &secretpb.ListSecretsRequest{Token: "x"})
	wantCode(t, err, codes.Internal)
}
