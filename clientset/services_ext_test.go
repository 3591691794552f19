package clientset_test

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

func TestEveryAccessorReachesItsService(t *testing.T) {
	t.Parallel()
	for method, call := range map[string]func(context.Context, *clientset.ClientSet) error{
		"/flyteidl.service.AdminService/GetVersion": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Admin().GetVersion(ctx, &adminpb.GetVersionRequest{})
			return err
		},
		listProjects: func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Project().ListProjects(ctx, &projectpb.ListProjectsRequest{})
			return err
		},
		"/flyteidl2.task.TaskService/ListTasks": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Task().ListTasks(ctx, &taskpb.ListTasksRequest{})
			return err
		},
		"/flyteidl2.workflow.RunService/ListRuns": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Run().ListRuns(ctx, &workflowpb.ListRunsRequest{})
			return err
		},
		"/flyteidl2.dataproxy.DataProxyService/CreateUploadLocation": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.DataProxy().CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{})
			return err
		},
		"/flyteidl2.workflow.RunLogsService/TailLogs": func(ctx context.Context, cs *clientset.ClientSet) error {
			stream, err := cs.Logs().TailLogs(ctx, &workflowpb.TailLogsRequest{}) //nolint:staticcheck // all there is in its service
			if err == nil {
				_, err = stream.Recv()
			}
			return err
		},
		"/flyteidl2.secret.SecretService/ListSecrets": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Secret().ListSecrets(ctx, &secretpb.ListSecretsRequest{})
			return err
		},
		"/flyteidl2.auth.IdentityService/UserInfo": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
			return err
		},
		"/flyteidl2.cluster.ClusterService/SelectCluster": func(ctx context.Context, cs *clientset.ClientSet) error {
			_, err := cs.Cluster().SelectCluster(ctx, &clusterpb.SelectClusterRequest{})
			return err
		},
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := quiet(t)
			err := call(soon(t), connect(t, s))
			if code := status.Code(err); code == codes.Unauthenticated || code == codes.Unimplemented || code == codes.Unavailable {
				t.Fatalf("the service was not reached: %v", err)
			}
			for _, r := range s.Requests() {
				if r.Method == method {
					if r.Authorizations != 1 || r.TokenID == "" {
						t.Errorf("it arrived with %d tokens, want 1", r.Authorizations)
					}
					return
				}
			}
			t.Error("it did not arrive")
		})
	}
}

func TestCallsOfAuthMetadataCarryNoToken(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s)
	if err := cs.Login(soon(t)); err != nil {
		t.Fatal(err)
	}
	s.ResetRequests()
	cfg, err := cs.AuthMetadata().GetPublicClientConfig(soon(t), &authpb.GetPublicClientConfigRequest{})
	if err != nil || cfg.GetClientId() == "" {
		t.Fatalf("GetPublicClientConfig = %v, %v", cfg, err)
	}
	if r := s.Requests(); len(r) != 1 || r[0].Authorizations != 0 {
		t.Errorf("arrived: %+v, want one request without a token", r)
	}
}

func TestOtherStubsUseTheSameConnection(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := connect(t, s)
	answer, err := grpc_health_v1.NewHealthClient(cs).Check(soon(t), &grpc_health_v1.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("Check = %v, %v", answer, err)
	}
}
