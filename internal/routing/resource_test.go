package routing

import (
	"context"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
)

// The table of operations and resources: what is asked for each request.
func TestEachRequestAsksForItsCluster(t *testing.T) {
	t.Parallel()
	run := &commonpb.RunIdentifier{Org: "o", Project: "p", Domain: "d", Name: "r"}
	action := &commonpb.ActionIdentifier{Run: run, Name: "a0"}
	inProject := func(op string) string {
		return `operation: ` + op + ` project_id: {organization: "o" domain: "d" name: "p"}`
	}
	ofAction := func(op string) string {
		return `operation: ` + op + ` action_id: {run: {org: "o" project: "p" domain: "d" name: "r"} name: "a0"}`
	}
	app := &apppb.Identifier{Org: "o", Project: "p", Domain: "d", Name: "a"}
	const ofApp = `operation: OPERATION_TAIL_LOGS app_id: {org: "o" project: "p" domain: "d" name: "a"}`
	projectID := &commonpb.ProjectIdentifier{Organization: "o", Domain: "d", Name: "p"}
	for _, tt := range []struct {
		name    string
		ctx     context.Context
		request proto.Message
		want    string // empty: nothing is asked
	}{
		{"action data", nil, &dataproxypb.GetActionDataRequest{ActionId: action}, ofAction("OPERATION_GET_ACTION_DATA")},
		{"action data of nothing", nil, &dataproxypb.GetActionDataRequest{}, ""},
		{"logs", nil, &dataproxypb.TailLogsRequest{ActionId: action, Attempt: 2}, ofAction("OPERATION_TAIL_LOGS")},
		{"logs of an app", nil, &apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_AppId{AppId: app}}, ofApp},
		{
			"logs of a replica", nil, &apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_ReplicaId{
				ReplicaId: &apppb.ReplicaIdentifier{AppId: app, Name: "r"},
			}}, ofApp,
		},
		{"logs of no app", nil, &apppb.TailLogsRequest{Target: &apppb.TailLogsRequest_AppId{AppId: &apppb.Identifier{Project: "p", Domain: "d"}}}, ""},
		{
			"download of an action", nil, &dataproxypb.CreateDownloadLinkRequest{Source: &dataproxypb.CreateDownloadLinkRequest_ActionAttemptId{
				ActionAttemptId: &commonpb.ActionAttemptIdentifier{ActionId: action, Attempt: 1},
			}}, ofAction("OPERATION_CREATE_DOWNLOAD_LINK"),
		},
		{
			"download of a task", nil, &dataproxypb.CreateDownloadLinkRequest{Source: &dataproxypb.CreateDownloadLinkRequest_TaskId{
				TaskId: &taskpb.TaskIdentifier{Org: "o", Project: "p", Domain: "d", Name: "t", Version: "1"},
			}}, inProject("OPERATION_CREATE_DOWNLOAD_LINK"),
		},
		{"download of an app", nil, &dataproxypb.CreateDownloadLinkRequest{Source: &dataproxypb.CreateDownloadLinkRequest_AppId{}}, ""},
		{
			"upload", nil, &dataproxypb.CreateUploadLocationRequest{Org: "o", Project: "p", Domain: "d"},
			inProject("OPERATION_CREATE_UPLOAD_LOCATION"),
		},
		{"upload to nowhere", nil, &dataproxypb.CreateUploadLocationRequest{Project: "p"}, ""},
		{
			"upload for a tracked run", WithOperation(t.Context(), clusterpb.SelectClusterRequest_OPERATION_TRACKED_RUN_DATA),
			&dataproxypb.CreateUploadLocationRequest{Org: "o", Project: "p", Domain: "d"}, inProject("OPERATION_TRACKED_RUN_DATA"),
		},
		{
			"inputs of a run", nil, &dataproxypb.UploadInputsRequest{Id: &dataproxypb.UploadInputsRequest_RunId{RunId: run}},
			inProject("OPERATION_UPLOAD_INPUTS"),
		},
		{
			"inputs of a run to come", nil, &dataproxypb.UploadInputsRequest{Id: &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: projectID}},
			inProject("OPERATION_UPLOAD_INPUTS"),
		},
		{
			"inputs of a trigger", WithOperation(t.Context(), clusterpb.SelectClusterRequest_OPERATION_UPLOAD_TRIGGER),
			&dataproxypb.UploadInputsRequest{Id: &dataproxypb.UploadInputsRequest_ProjectId{ProjectId: projectID}},
			inProject("OPERATION_UPLOAD_TRIGGER"),
		},
		{
			"secret of a project", nil, &secretpb.CreateSecretRequest{Id: &secretpb.SecretIdentifier{Organization: "o", Domain: "d", Project: "p"}},
			inProject("OPERATION_USE_SECRETS"),
		},
		{
			"secret of a domain", nil, &secretpb.UpdateSecretRequest{Id: &secretpb.SecretIdentifier{Organization: "o", Domain: "d"}},
			`operation: OPERATION_USE_SECRETS domain_id: {organization: "o" name: "d"}`,
		},
		{
			"secret of an organization", nil, &secretpb.GetSecretRequest{Id: &secretpb.SecretIdentifier{Organization: "o"}},
			`operation: OPERATION_USE_SECRETS org_id: {name: "o"}`,
		},
		{
			"secret of this client's organization", nil, &secretpb.DeleteSecretRequest{Id: &secretpb.SecretIdentifier{Name: "s"}},
			`operation: OPERATION_USE_SECRETS org_id: {name: "mine"}`,
		},
		{"secrets of a project", nil, &secretpb.ListSecretsRequest{Organization: "o", Domain: "d", Project: "p"}, inProject("OPERATION_USE_SECRETS")},
		{
			"secrets of a pool", WithPool(t.Context(), &commonpb.ClusterPoolIdentifier{Organization: "o", Name: "gpus"}),
			&secretpb.ListSecretsRequest{Organization: "other", Domain: "d", Project: "p"},
			`operation: OPERATION_USE_SECRETS cluster_pool_id: {organization: "o" name: "gpus"}`,
		},
		{"a call on records", nil, &projectpb.GetProjectRequest{Id: "p"}, ""},
	} {
		ctx := tt.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		res, ok := resourceOf(ctx, tt.request, "mine")
		if ok != (tt.want != "") {
			t.Errorf("%s: %+v, %v", tt.name, res, ok)
			continue
		}
		want := &clusterpb.SelectClusterRequest{}
		if err := prototext.Unmarshal([]byte(tt.want), want); err != nil {
			t.Fatal(err)
		}
		if got := res.question(); ok && !proto.Equal(got, want) {
			t.Errorf("%s: %v, want %v", tt.name, got, want)
		}
	}
}

func TestAWarmLookUpAllocatesNothing(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	var request any = &dataproxypb.GetActionDataRequest{ActionId: &commonpb.ActionIdentifier{
		Run: &commonpb.RunIdentifier{Org: "o", Project: "p", Domain: "d", Name: "r"}, Name: "a0",
	}}
	r := New(Config{})
	res, _ := resourceOf(t.Context(), request, "")
	now := r.clock.Read()
	r.routes.put(res, &route{asked: now, until: now.Add(keepFor)})
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		res, ok := resourceOf(ctx, request, "")
		if to, err := r.find(ctx, res, nil); !ok || to == nil || err != nil {
			t.Fatal(ok, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
