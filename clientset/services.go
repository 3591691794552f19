package clientset

import (
	"google.golang.org/grpc"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
)

// services are the stubs of every service. They hold only the connection.
type services struct {
	admin        servicepb.AdminServiceClient
	project      projectpb.ProjectServiceClient
	task         taskpb.TaskServiceClient
	run          workflowpb.RunServiceClient
	logs         workflowpb.RunLogsServiceClient
	dataProxy    dataproxypb.DataProxyServiceClient
	secret       secretpb.SecretServiceClient
	identity     authpb.IdentityServiceClient
	authMetadata authpb.AuthMetadataServiceClient
	cluster      clusterpb.ClusterServiceClient
}

func newServices(cc grpc.ClientConnInterface) services {
	return services{
		admin:        servicepb.NewAdminServiceClient(cc),
		project:      projectpb.NewProjectServiceClient(cc),
		task:         taskpb.NewTaskServiceClient(cc),
		run:          workflowpb.NewRunServiceClient(cc),
		logs:         workflowpb.NewRunLogsServiceClient(cc),
		dataProxy:    dataproxypb.NewDataProxyServiceClient(cc),
		secret:       secretpb.NewSecretServiceClient(cc),
		identity:     authpb.NewIdentityServiceClient(cc),
		authMetadata: authpb.NewAuthMetadataServiceClient(cc),
		cluster:      clusterpb.NewClusterServiceClient(cc),
	}
}

// Admin returns the stub of Flyte's first-generation service for versions, projects
// and domains. A Flyte 2 backend answers it with Unimplemented; [ClientSet.Project] is
// its counterpart there.
func (s *services) Admin() servicepb.AdminServiceClient { return s.admin }

// Project returns the stub that creates, reads and lists projects.
func (s *services) Project() projectpb.ProjectServiceClient { return s.project }

// Task returns the stub that deploys and reads tasks.
func (s *services) Task() taskpb.TaskServiceClient { return s.task }

// Run returns the stub that creates, watches and aborts runs and their actions.
func (s *services) Run() workflowpb.RunServiceClient { return s.run }

// Logs returns the stub of the deprecated RunLogsService, which tails the logs of an action.
// Current backends serve only TailLogs of [ClientSet.DataProxy] and answer this service with
// Unimplemented.
func (s *services) Logs() workflowpb.RunLogsServiceClient { return s.logs }

// DataProxy returns the stub that signs URLs for uploads and downloads, and reads
// inputs and outputs. Its TailLogs tails the logs of an action.
func (s *services) DataProxy() dataproxypb.DataProxyServiceClient { return s.dataProxy }

// Secret returns the stub that stores secrets for tasks.
func (s *services) Secret() secretpb.SecretServiceClient { return s.secret }

// Identity returns the stub that reports who is calling.
func (s *services) Identity() authpb.IdentityServiceClient { return s.identity }

// AuthMetadata returns the stub that reports how to log in. Its calls carry no token.
func (s *services) AuthMetadata() authpb.AuthMetadataServiceClient { return s.authMetadata }

// Cluster returns the stub that reports which cluster serves a resource.
func (s *services) Cluster() clusterpb.ClusterServiceClient { return s.cluster }
