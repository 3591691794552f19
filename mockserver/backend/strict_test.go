package backend

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/durationpb"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// fieldsOf returns the fields that an error's BadRequest detail names.
func fieldsOf(err error) []string {
	var out []string
	for _, d := range status.Convert(err).Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				out = append(out, v.GetField())
			}
		}
	}
	return out
}

func TestStrictBackendReportsEveryViolation(t *testing.T) {
	t.Parallel()
	b := New(Config{Strict: true})
	t.Cleanup(b.Close)
	long := strings.Repeat("é", 64) // characters count, not bytes
	run := &commonpb.RunIdentifier{Org: "o", Project: "p", Domain: "d", Name: "r"}
	action := &commonpb.ActionIdentifier{Run: run, Name: "a0"}
	task := &taskpb.TaskIdentifier{Org: "o", Project: "p", Domain: "d", Name: "n", Version: "v"}
	inSpec := func(meta *corepb.TaskMetadata, reuse *corepb.ReusePolicy) proto.Message {
		return &taskpb.DeployTaskRequest{TaskId: task, Spec: &taskpb.TaskSpec{
			TaskTemplate: &corepb.TaskTemplate{Metadata: meta, ReusePolicy: reuse},
		}}
	}
	backoff := func(b *corepb.Backoff) proto.Message {
		return inSpec(&corepb.TaskMetadata{Retries: &corepb.RetryStrategy{Backoff: b}}, nil)
	}
	trigger := func(trigger *taskpb.TaskTrigger) proto.Message {
		return &taskpb.DeployTaskRequest{TaskId: task, Spec: plainSpec(), Triggers: []*taskpb.TaskTrigger{trigger}}
	}
	automation := func(s *taskpb.Schedule) proto.Message {
		return trigger(&taskpb.TaskTrigger{Name: "t", Spec: &taskpb.TaskTriggerSpec{}, AutomationSpec: &taskpb.TriggerAutomationSpec{
			Type:       taskpb.TriggerAutomationSpecType_TYPE_SCHEDULE,
			Automation: &taskpb.TriggerAutomationSpec_Schedule{Schedule: s},
		}})
	}

	for name, tc := range map[string]struct {
		req  proto.Message
		want []string
	}{
		"good run":      {&workflowpb.GetRunDetailsRequest{RunId: run}, nil},
		"missing run":   {&workflowpb.GetRunDetailsRequest{}, []string{"run_id"}},
		"empty run":     {&workflowpb.AbortRunRequest{RunId: &commonpb.RunIdentifier{}}, []string{"run_id.project", "run_id.domain", "run_id.name"}},
		"long run name": {&workflowpb.ListActionsRequest{RunId: &commonpb.RunIdentifier{Org: long[:126], Project: "p", Domain: long, Name: strings.Repeat("r", 31)}}, []string{"run_id.domain", "run_id.name"}},
		"action":        {&workflowpb.GetActionDetailsRequest{ActionId: &commonpb.ActionIdentifier{}}, []string{"action_id.run", "action_id.name"}},
		"no action":     {&workflowpb.WatchActionDetailsRequest{}, []string{"action_id"}},
		"attempt":       {&dataproxypb.TailLogsRequest{ActionId: action}, []string{"attempt"}},
		"good attempt":  {&dataproxypb.TailLogsRequest{ActionId: action, Attempt: 1}, nil},
		"events":        {&workflowpb.WatchClusterEventsRequest{}, []string{"id", "attempt"}},
		"log context":   {&workflowpb.GetActionLogContextRequest{}, []string{"action_id", "attempt"}},
		"project id":    {&workflowpb.WatchRunsRequest{Target: &workflowpb.WatchRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{}}}, []string{"project_id.name", "project_id.domain"}},
		"no target":     {&workflowpb.WatchRunsRequest{}, []string{"target"}},
		"empty org":     {&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_Org{}}, []string{"org"}},
		"unused org":    {&workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_ProjectId{ProjectId: &commonpb.ProjectIdentifier{Organization: "o", Name: "p", Domain: "d"}}}, nil},
		"groups":        {&workflowpb.WatchGroupsRequest{}, []string{"scope_by", "start_date"}},
		"signal":        {&workflowpb.SignalEventRequest{Payload: &workflowpb.EventPayload{}}, []string{"action_id", "payload.value"}},
		"create run":    {&workflowpb.CreateRunRequest{}, []string{"id", "task"}},
		"offloaded": {&workflowpb.CreateRunRequest{
			Id: &workflowpb.CreateRunRequest_RunId{RunId: run}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: task},
			InputWrapper: &workflowpb.CreateRunRequest_OffloadedInputData{OffloadedInputData: &commonpb.OffloadedInputData{}},
		}, []string{"offloaded_input_data.uri", "offloaded_input_data.inputs_hash"}},
		"trigger name": {&workflowpb.CreateRunRequest{
			Id: &workflowpb.CreateRunRequest_RunId{RunId: run},
			Task: &workflowpb.CreateRunRequest_TriggerName{TriggerName: &commonpb.TriggerName{
				Org: "o", Project: "p", Domain: "d", Name: strings.Repeat("t", 256),
			}},
		}, []string{"trigger_name.name", "trigger_name.task_name"}},

		"deploy":         {&taskpb.DeployTaskRequest{}, []string{"task_id", "spec"}},
		"deploy, all at": {&taskpb.DeployTaskRequest{TaskId: &taskpb.TaskIdentifier{Project: "p", Domain: "d", Name: "n"}, Spec: &taskpb.TaskSpec{ShortName: long, Environment: &taskpb.Environment{}}}, []string{"task_id.version", "spec.task_template", "spec.short_name", "spec.environment.name"}},
		"documentation": {&taskpb.DeployTaskRequest{TaskId: task, Spec: &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{}, Documentation: &taskpb.DocumentationEntity{
			ShortDescription: strings.Repeat("s", 256), LongDescription: strings.Repeat("l", 2049),
		}}}, []string{"spec.documentation.short_description", "spec.documentation.long_description"}},
		"list tasks":    {&taskpb.ListTasksRequest{}, []string{"scope_by"}},
		"list versions": {&taskpb.ListVersionsRequest{TaskName: &taskpb.TaskName{}}, []string{"task_name.project", "task_name.domain", "task_name.name"}},
		"trigger":       {trigger(&taskpb.TaskTrigger{AutomationSpec: &taskpb.TriggerAutomationSpec{}}), []string{"triggers[0].name", "triggers[0].spec", "triggers[0].automation_spec.type"}},
		"schedule":      {automation(&taskpb.Schedule{}), []string{"triggers[0].automation_spec.schedule.expression"}},
		"cron":          {automation(&taskpb.Schedule{Expression: &taskpb.Schedule_Cron{Cron: &taskpb.Cron{}}}), []string{"triggers[0].automation_spec.schedule.cron.expression"}},
		"rate":          {automation(&taskpb.Schedule{Expression: &taskpb.Schedule_Rate{Rate: &taskpb.FixedRate{}}}), []string{"triggers[0].automation_spec.schedule.rate.value", "triggers[0].automation_spec.schedule.rate.unit"}},
		"backoff":       {backoff(&corepb.Backoff{Base: durationpb.New(-1), Factor: proto.Float64(2)}), []string{"spec.task_template.metadata.retries.backoff.base", "spec.task_template.metadata.retries.backoff.cap"}},
		"small factor":  {backoff(&corepb.Backoff{Factor: proto.Float64(0.5)}), []string{"spec.task_template.metadata.retries.backoff.factor"}},
		"good backoff":  {backoff(&corepb.Backoff{Factor: proto.Float64(2), Cap: durationpb.New(1)}), nil},
		"no factor":     {backoff(&corepb.Backoff{}), nil},
		"timeouts":      {inSpec(&corepb.TaskMetadata{Timeouts: &corepb.TimeoutStrategy{Deadline: durationpb.New(-1)}}, nil), []string{"spec.task_template.metadata.timeouts.deadline"}},
		"reuse":         {inSpec(nil, &corepb.ReusePolicy{MinReplicas: -1}), []string{"spec.task_template.reuse_policy.min_replicas", "spec.task_template.reuse_policy.max_replicas"}},
		"reuse, order":  {inSpec(nil, &corepb.ReusePolicy{MinReplicas: 3, MaxReplicas: 2}), []string{"spec.task_template.reuse_policy.max_replicas"}},

		"upload":        {&dataproxypb.CreateUploadLocationRequest{ContentMd5: make([]byte, 15)}, []string{"project", "domain", "content_md5"}},
		"good upload":   {&dataproxypb.CreateUploadLocationRequest{Project: "p", Domain: "d", ContentMd5: make([]byte, 16)}, nil},
		"upload inputs": {&dataproxypb.UploadInputsRequest{}, []string{"id", "task"}},
		"download":      {&dataproxypb.CreateDownloadLinkRequest{}, []string{"artifact_type", "source"}},
		"download of":   {&dataproxypb.CreateDownloadLinkRequest{ArtifactType: dataproxypb.ArtifactType_ARTIFACT_TYPE_REPORT, Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{ActionAttemptId: &commonpb.ActionAttemptIdentifier{}}}, []string{"action_attempt_id.action_id", "action_attempt_id.attempt"}},
		"action data":   {&dataproxypb.GetActionDataRequest{}, []string{"action_id"}},

		"secret":        {&secretpb.CreateSecretRequest{Id: &secretpb.SecretIdentifier{Name: "with space"}, SecretSpec: &secretpb.SecretSpec{}}, []string{"id.name", "secret_spec.value"}},
		"nameless":      {&secretpb.GetSecretRequest{Id: &secretpb.SecretIdentifier{}}, []string{"id.name", "id.name"}},
		"no secret":     {&secretpb.DeleteSecretRequest{}, []string{"id"}},
		"good secret":   {&secretpb.UpdateSecretRequest{Id: &secretpb.SecretIdentifier{Name: "A-b_1"}, SecretSpec: textSecret("v")}, nil},
		"cluster":       {&clusterpb.SelectClusterRequest{}, []string{"resource", "operation"}},
		"org of it":     {&clusterpb.SelectClusterRequest{Operation: 1, Resource: &clusterpb.SelectClusterRequest_OrgId{OrgId: &commonpb.OrgIdentifier{Name: "Bad_"}}}, []string{"org_id.name"}},
		"cluster of it": {&clusterpb.SelectClusterRequest{Operation: 1, Resource: &clusterpb.SelectClusterRequest_ClusterId{ClusterId: &commonpb.ClusterIdentifier{}}}, []string{"cluster_id.name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := b.checkRequest(tc.req)
			want := codes.InvalidArgument
			if tc.want == nil {
				want = codes.OK
			}
			wantCode(t, err, want)
			if diff := cmp.Diff(sorted(tc.want), sorted(fieldsOf(err))); diff != "" {
				t.Errorf("violations (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// A rule for a message or a field that is misspelt would never fire.
func TestStrictRulesNameRealFields(t *testing.T) {
	t.Parallel()
	for name, rules := range contractRules() {
		mt, err := protoregistry.GlobalTypes.FindMessageByName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var found violations
		for _, r := range rules {
			r(&found, "", mt.New())
		}
		for _, v := range found {
			if v.GetDescription() == noSuchField {
				t.Errorf("%s has no field %s", name, v.GetField())
			}
		}
	}
}

func TestStrictServerChecksEveryKindOfMethod(t *testing.T) {
	t.Parallel()
	t.Run("without interceptors", func(t *testing.T) {
		t.Parallel()
		_, conn := dial(t, Config{Strict: true})
		_, err := taskpb.NewTaskServiceClient(conn).ListTasks(t.Context(), &taskpb.ListTasksRequest{})
		wantCode(t, err, codes.InvalidArgument)
	})
	for name, strict := range map[string]bool{"strict": true, "lax": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Given a server with interceptors of its own, which the checks must not bypass…
			calls := new(atomic.Int32)
			_, conn := dial(t, Config{Strict: strict},
				grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
					calls.Add(1)
					return h(ctx, req)
				}))
			check := func(err error, lax codes.Code, want ...string) {
				t.Helper()
				if !strict {
					wantCode(t, err, lax)
					return
				}
				wantCode(t, err, codes.InvalidArgument)
				if diff := cmp.Diff(want, fieldsOf(err)); diff != "" {
					t.Errorf("violations (-want +got):\n%s", diff)
				}
			}
			_, err := taskpb.NewTaskServiceClient(conn).ListTasks(t.Context(), &taskpb.ListTasksRequest{})
			check(err, codes.OK, "scope_by")
			stream, err := workflowpb.NewRunServiceClient(conn).WatchActionDetails(t.Context(), &workflowpb.WatchActionDetailsRequest{})
			wantCode(t, err, codes.OK)
			_, err = stream.Recv()
			check(err, codes.NotFound, "action_id")
			logs, err := dataproxypb.NewDataProxyServiceClient(conn).TailLogs(t.Context(), &dataproxypb.TailLogsRequest{})
			wantCode(t, err, codes.OK)
			_, err = logs.Recv()
			check(err, codes.NotFound, "action_id", "attempt")
			if calls.Load() != 1 {
				t.Errorf("the interceptor saw %d calls, want the unary one", calls.Load())
			}
		})
	}
}

// A client may send back every identifier that an answer has.
func TestStrictBackendAcceptsTheIdentifiersThatItGaveOut(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{Strict: true})
	b.SetTimeline("", Timeline{})
	tasks, runs := taskpb.NewTaskServiceClient(conn), workflowpb.NewRunServiceClient(conn)
	deploy(t, conn, taskID("fn", "v1"), plainSpec(), cronTrigger("nightly", "@daily"))
	project := &commonpb.ProjectIdentifier{Name: "demo", Domain: "development"}
	listed, err := tasks.ListTasks(t.Context(), &taskpb.ListTasksRequest{ScopeBy: &taskpb.ListTasksRequest_ProjectId{ProjectId: project}})
	wantCode(t, err, codes.OK)
	task := listed.GetTasks()[0].GetTaskId()
	_, err = tasks.GetTaskDetails(t.Context(), &taskpb.GetTaskDetailsRequest{TaskId: task})
	wantCode(t, err, codes.OK)
	_, err = tasks.ListVersions(t.Context(), &taskpb.ListVersionsRequest{
		TaskName: &taskpb.TaskName{Project: task.GetProject(), Domain: task.GetDomain(), Name: task.GetName()},
	})
	wantCode(t, err, codes.OK)

	created, err := runs.CreateRun(t.Context(), &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: project}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: task},
	})
	wantCode(t, err, codes.OK)
	action := created.GetRun().GetAction().GetId()
	_, err = runs.GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{RunId: action.GetRun()})
	wantCode(t, err, codes.OK)
	_, err = runs.GetActionDetails(t.Context(), &workflowpb.GetActionDetailsRequest{ActionId: action})
	wantCode(t, err, codes.OK)

	triggered, err := runs.CreateRun(t.Context(), &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_ProjectId{ProjectId: project},
		Task: &workflowpb.CreateRunRequest_TriggerName{TriggerName: &commonpb.TriggerName{
			Project: "demo", Domain: "development", TaskName: "fn", Name: "nightly",
		}},
	})
	wantCode(t, err, codes.OK)
	name := triggered.GetRun().GetAction().GetMetadata().GetTriggerId().GetName()
	found, err := runs.ListRuns(t.Context(), &workflowpb.ListRunsRequest{ScopeBy: &workflowpb.ListRunsRequest_TriggerName{TriggerName: name}})
	wantCode(t, err, codes.OK)
	if len(found.GetRuns()) != 1 {
		t.Errorf("%d runs of %v, want one", len(found.GetRuns()), name)
	}
}
