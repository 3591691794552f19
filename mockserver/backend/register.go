package backend

import (
	"google.golang.org/grpc"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	settingspb "github.com/jetway-go/jetway/gen/flyteidl2/settings"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	triggerpb "github.com/jetway-go/jetway/gen/flyteidl2/trigger"
)

// registerRecords registers the services that keep records; registerRuns registers those
// of runs.
func (b *Backend) registerRecords(s grpc.ServiceRegistrar) {
	projectpb.RegisterProjectServiceServer(s, projectServer{b: b})
	taskpb.RegisterTaskServiceServer(s, taskServer{b: b})
	secretpb.RegisterSecretServiceServer(s, secretServer{b: b})
	dataproxypb.RegisterDataProxyServiceServer(s, &dataProxyServer{b: b})
	triggerpb.RegisterTriggerServiceServer(s, triggerServer{b: b})
	settingspb.RegisterSettingsServiceServer(s, settingsServer{b: b})
	clusterpb.RegisterClusterServiceServer(s, clusterServer{b: b})
	authpb.RegisterAuthMetadataServiceServer(s, authMetadataServer{b: b})
	authpb.RegisterIdentityServiceServer(s, identityServer{})
	if !b.cfg.CurrentOnly {
		servicepb.RegisterAdminServiceServer(s, adminServer{b: b})
		servicepb.RegisterAuthMetadataServiceServer(s, adminAuthServer{b: b})
	}
}
