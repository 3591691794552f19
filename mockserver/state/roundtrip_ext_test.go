package state_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
)

// clients are the stubs of one server.
type clients struct {
	projects projectpb.ProjectServiceClient
	tasks    taskpb.TaskServiceClient
	secrets  secretpb.SecretServiceClient
	runs     workflowpb.RunServiceClient
	data     dataproxypb.DataProxyServiceClient
	triggers triggerpb.TriggerServiceClient
	settings settingspb.SettingsServiceClient
}

func newClients(t *testing.T, s *mockserver.Server) clients {
	t.Helper()
	return clientsOn(dial(t, s))
}

func clientsOn(conn grpc.ClientConnInterface) clients {
	return clients{
		projects: projectpb.NewProjectServiceClient(conn), tasks: taskpb.NewTaskServiceClient(conn),
		secrets: secretpb.NewSecretServiceClient(conn), runs: workflowpb.NewRunServiceClient(conn),
		data: dataproxypb.NewDataProxyServiceClient(conn), triggers: triggerpb.NewTriggerServiceClient(conn),
		settings: settingspb.NewSettingsServiceClient(conn),
	}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func runID(name string) *commonpb.RunIdentifier {
	return &commonpb.RunIdentifier{Project: "shop", Domain: "development", Name: name}
}

func taskID(name, version string) *taskpb.TaskIdentifier {
	return &taskpb.TaskIdentifier{Project: "shop", Domain: "development", Name: name, Version: version}
}

func triggerName(name string) *commonpb.TriggerName {
	return &commonpb.TriggerName{Project: "shop", Domain: "development", TaskName: "sum", Name: name}
}

func settingsKey() *settingspb.SettingsKey {
	return &settingspb.SettingsKey{Domain: "development", Project: "shop"}
}

func text(s string) *corepb.Literal {
	return &corepb.Literal{Value: &corepb.Literal_Scalar{Scalar: &corepb.Scalar{Value: &corepb.Scalar_Primitive{
		Primitive: &corepb.Primitive{Value: &corepb.Primitive_StringValue{StringValue: s}},
	}}}}
}

const (
	running   = commonpb.ActionPhase_ACTION_PHASE_RUNNING
	succeeded = commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED
	failed    = commonpb.ActionPhase_ACTION_PHASE_FAILED
)

// everyStep has every field of a step, and waits twice.
func everyStep() backend.Timeline {
	why := &workflowpb.ErrorInfo{Kind: workflowpb.ErrorInfo_KIND_USER, Message: "no such word"}
	return backend.Timeline{Steps: []backend.Step{
		{Phase: running, Logs: []string{"one", "two"}, ClusterEvents: []*workflowpb.ClusterEvent{{Reason: "Pulled"}}},
		{Action: "child", New: &backend.NewAction{Parent: "a0", Group: "g", Task: taskID("sum", "v1")}},
		{Action: "child", Phase: running, Logs: []string{"in the child"}},
		{Action: "asks", New: &backend.NewAction{Condition: &workflowpb.ConditionAction{Name: "ok?"}}},
		{Manual: true, NewAttempt: true, Error: why, Logs: []string{"once more"}, Phase: running},
		{Manual: true, Action: "child", Phase: failed, Error: why},
		{
			Await: "child", Phase: succeeded, Logs: []string{"done"}, Report: []byte("<p>done"),
			Outputs: &taskpb.Outputs{Literals: []*taskpb.NamedLiteral{{Name: "o", Value: text("out")}}},
		},
	}}
}

// seen is everything that a client sees of a server, as text and messages.
func seen(t *testing.T, s *mockserver.Server) map[string]any {
	t.Helper()
	c, ctx, out := newClients(t, s), t.Context(), map[string]any{}
	add := func(name string, m proto.Message, err error) {
		if err != nil {
			out[name] = err.Error()
			return
		}
		out[name] = m
	}
	list := &commonpb.ListRequest{Limit: 100}
	project := &commonpb.ProjectIdentifier{Name: "shop", Domain: "development"}
	projects, err := c.projects.ListProjects(ctx, &projectpb.ListProjectsRequest{Limit: 100})
	add("projects", projects, err)
	tasks, err := c.tasks.ListTasks(ctx, &taskpb.ListTasksRequest{Request: list})
	add("tasks", tasks, err)
	versions, err := c.tasks.ListVersions(ctx, &taskpb.ListVersionsRequest{
		Request: list, TaskName: &taskpb.TaskName{Project: "shop", Domain: "development", Name: "sum"},
	})
	add("versions", versions, err)
	triggers, err := c.triggers.ListTriggers(ctx, &triggerpb.ListTriggersRequest{Request: list})
	add("triggers", triggers, err)
	for _, name := range []string{"nightly", "gone"} {
		history, err := c.triggers.GetTriggerRevisionHistory(ctx, &triggerpb.GetTriggerRevisionHistoryRequest{Name: triggerName(name)})
		add("history of "+name, history, err)
	}
	details, err := c.triggers.GetTriggerDetails(ctx, &triggerpb.GetTriggerDetailsRequest{Name: triggerName("nightly")})
	add("trigger", details, err)
	settings, err := c.settings.GetSettingsForEdit(ctx, &settingspb.GetSettingsForEditRequest{Key: settingsKey()})
	add("settings", settings, err)
	secrets, err := c.secrets.ListSecrets(ctx, &secretpb.ListSecretsRequest{Limit: 100})
	add("secrets", secrets, err)
	for _, secret := range secrets.GetSecrets() {
		id := secret.GetId()
		value, _ := s.Backend().SecretValue(id.GetDomain(), id.GetProject(), id.GetName())
		out["value of "+id.GetName()] = string(value)
	}
	runs, err := c.runs.ListRuns(ctx, &workflowpb.ListRunsRequest{
		Request: list, ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: project},
	})
	add("runs", runs, err)
	for _, r := range runs.GetRuns() {
		id := r.GetAction().GetId().GetRun()
		details, err := c.runs.GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{RunId: id})
		add("run "+id.GetName(), details, err)
		actions, err := c.runs.ListActions(ctx, &workflowpb.ListActionsRequest{RunId: id, Request: list})
		add("actions of "+id.GetName(), actions, err)
		for _, a := range actions.GetActions() {
			name := id.GetName() + "/" + a.GetId().GetName()
			details, err := c.runs.GetActionDetails(ctx, &workflowpb.GetActionDetailsRequest{ActionId: a.GetId()})
			add(name, details, err)
			data, err := c.data.GetActionData(ctx, &dataproxypb.GetActionDataRequest{ActionId: a.GetId()})
			add("data of "+name, data, err)
			for n := range details.GetDetails().GetAttempts() {
				out["logs of "+name+string(rune('1'+n))] = logs(t, c, a.GetId(), uint32(n+1))
			}
		}
	}
	for _, o := range s.Objects().List("") {
		data, _ := s.Objects().Get(o.Key)
		out["object "+o.Key] = o.ContentType + string(data)
	}
	return out
}

// logs returns the lines that an attempt has now, of which there is at least one.
func logs(t *testing.T, c clients, id *commonpb.ActionIdentifier, attempt uint32) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	stream := must(c.data.TailLogs(ctx, &dataproxypb.TailLogsRequest{ActionId: id, Attempt: attempt}))(t)
	m, err := stream.Recv() // they come in one message
	if err != nil {
		return err.Error()
	}
	var lines []string
	for _, l := range m.GetLogs() {
		for _, line := range l.GetLines() {
			lines = append(lines, line.GetTimestamp().AsTime().String()+line.GetMessage())
		}
	}
	return strings.Join(lines, "\n")
}

// fill makes one of everything.
func fill(t *testing.T, s *mockserver.Server) (uploadURL string) {
	t.Helper()
	c, ctx := newClients(t, s), t.Context()
	s.Backend().SetTimeline("every", everyStep())
	must(c.projects.CreateProject(ctx, &projectpb.CreateProjectRequest{Project: &projectpb.Project{
		Id: "shop", Name: "Shop", Description: "d", Labels: &taskpb.Labels{Values: map[string]string{"a": "b"}},
	}}))(t)
	must(c.projects.CreateProject(ctx, &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: "ünï/code"}}))(t)
	must(c.projects.UpdateProject(ctx, &projectpb.UpdateProjectRequest{Project: &projectpb.Project{Id: "ünï/code", Name: "new"}}))(t)
	for _, id := range []*taskpb.TaskIdentifier{taskID("sum", "v1"), taskID("every", "v1"), taskID("sum", "v2"), taskID("sum", "v1")} {
		must(c.tasks.DeployTask(ctx, &taskpb.DeployTaskRequest{
			TaskId: id, Spec: &taskpb.TaskSpec{ShortName: id.GetName(), TaskTemplate: &corepb.TaskTemplate{Type: "python"}},
			Triggers: []*taskpb.TaskTrigger{{Name: "nightly", Spec: &taskpb.TaskTriggerSpec{Active: true}}},
		}))(t)
	}
	must(c.triggers.DeployTrigger(ctx, &triggerpb.DeployTriggerRequest{
		Name: triggerName("gone"), Spec: &triggerpb.TriggerSpec{TaskVersion: "v1", Description: "for a while"},
	}))(t)
	must(c.triggers.DeleteTriggers(ctx, &triggerpb.DeleteTriggersRequest{Names: []*commonpb.TriggerName{triggerName("gone")}}))(t)
	must(c.triggers.UpdateTriggers(ctx, &triggerpb.UpdateTriggersRequest{Names: []*commonpb.TriggerName{triggerName("nightly")}}))(t)
	queue := &settingspb.Settings{Run: &settingspb.RunSettings{DefaultQueue: &settingspb.StringSetting{
		State: settingspb.SettingState_SETTING_STATE_VALUE, StringValue: "fast",
	}}}
	must(c.settings.CreateSettings(ctx, &settingspb.CreateSettingsRequest{Key: settingsKey(), Settings: queue}))(t)
	must(c.settings.UpdateSettings(ctx, &settingspb.UpdateSettingsRequest{Key: settingsKey(), Settings: queue, Version: 1}))(t)
	for _, name := range []string{"key", "gone", "two"} {
		must(c.secrets.CreateSecret(ctx, &secretpb.CreateSecretRequest{
			Id:         &secretpb.SecretIdentifier{Name: name, Domain: "development", Project: "shop"},
			SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "value of " + name}},
		}))(t)
	}
	must(c.secrets.DeleteSecret(ctx, &secretpb.DeleteSecretRequest{
		Id: &secretpb.SecretIdentifier{Name: "gone", Domain: "development", Project: "shop"},
	}))(t)
	for _, name := range []string{"first", "second"} {
		must(c.runs.CreateRun(ctx, &workflowpb.CreateRunRequest{
			Id: &workflowpb.CreateRunRequest_RunId{RunId: runID(name)}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: taskID("every", "v1")},
			InputWrapper: &workflowpb.CreateRunRequest_Inputs{Inputs: &taskpb.Inputs{
				Literals: []*taskpb.NamedLiteral{{Name: "i", Value: text("in")}},
			}},
		}))(t)
	}
	up := must(c.data.CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: "shop", Domain: "development", Filename: "f.txt", FilenameRoot: "inputs",
	}))(t)
	upload(t, s, up.GetSignedUrl(), "content")
	return up.GetSignedUrl()
}

func upload(t *testing.T, s *mockserver.Server, url, content string) {
	t.Helper()
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPut, url, strings.NewReader(content)))(t)
	req.Header.Set("Content-Type", "text/plain")
	resp, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("upload: %s", resp.Status)
	}
}

// waitForPhase waits until an action is in a phase.
func waitForPhase(t *testing.T, s *mockserver.Server, run, action string, phase commonpb.ActionPhase, attempts uint32) {
	t.Helper()
	c := newClients(t, s)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		d, err := c.runs.GetActionDetails(t.Context(), &workflowpb.GetActionDetailsRequest{
			ActionId: &commonpb.ActionIdentifier{Run: runID(run), Name: action},
		})
		st := d.GetDetails().GetStatus()
		if err == nil && st.GetPhase() == phase && st.GetAttempts() == attempts {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s/%s is %v with %d attempts (%v), want %v", run, action, st.GetPhase(), st.GetAttempts(), err, phase)
		}
	}
}

func TestEverythingThatAClientSeesOutlivesTheServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	open := mockserver.WithOpenAccess()
	first, stop := start(t, path, open)
	uploadURL := fill(t, first)
	first.Backend().Advance("first", "first")
	waitForPhase(t, first, "first", "a0", running, 2)
	for _, run := range []string{"first", "second"} {
		waitForPhase(t, first, run, "asks", commonpb.ActionPhase_ACTION_PHASE_PAUSED, 1)
	}
	before := seen(t, first)
	stop()

	second, stop := start(t, path, open)

	if diff := cmp.Diff(before, seen(t, second), protocmp.Transform()); diff != "" {
		t.Errorf("after the restart (-before +after):\n%s", diff)
	}
	upload(t, second, uploadURL, "changed") // signed by the first server

	// The run goes on where it was, by steps of its own timeline.
	second.Backend().Advance("first")
	waitForPhase(t, second, "first", "a0", succeeded, 2)
	waitForPhase(t, second, "second", "a0", running, 1)
	before = seen(t, second)
	stop()

	third, _ := start(t, path, open)

	if diff := cmp.Diff(before, seen(t, third), protocmp.Transform()); diff != "" {
		t.Errorf("after the second restart (-before +after):\n%s", diff)
	}
	if data, _ := third.Objects().Get("uploads/shop/development/inputs/f.txt"); string(data) != "changed" {
		t.Errorf("the object is %q", data)
	}
}
