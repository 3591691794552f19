package mockserver_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	apppb "github.com/jetway-go/jetway/gen/flyteidl2/app"
	artifactpb "github.com/jetway-go/jetway/gen/flyteidl2/artifact"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	imagebuilderpb "github.com/jetway-go/jetway/gen/flyteidl2/imagebuilder"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// What a current server of Flyte 2 does not mount is Unimplemented; by default all is there.
func TestCurrentServicesAreThoseOfACurrentServer(t *testing.T) {
	t.Parallel()
	for services, there := range map[mockserver.Services]bool{"": true, mockserver.All: true, mockserver.Current: false} {
		t.Run("services "+string(services), func(t *testing.T) {
			t.Parallel()
			var options []mockserver.Option
			if services != "" {
				options = append(options, mockserver.WithServices(services))
			}
			s := mocktest.New(t, append(options, mockserver.WithProject("demo"))...)
			conn := connect(t, s)
			ctx := with(short(t), fetchToken(t, s))
			calls := map[string]func(context.Context) error{
				"RunLogsService": func(ctx context.Context) error {
					stream, err := workflowpb.NewRunLogsServiceClient(conn).TailLogs(ctx, &workflowpb.TailLogsRequest{}) //nolint:staticcheck // it is what we test
					if err == nil {
						_, err = stream.Recv()
					}
					return err
				},
				"Flyte 1's AdminService": func(ctx context.Context) error {
					_, err := servicepb.NewAdminServiceClient(conn).GetVersion(ctx, &adminpb.GetVersionRequest{})
					return err
				},
				"Flyte 1's AuthMetadataService": func(ctx context.Context) error {
					_, err := servicepb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(ctx, &servicepb.PublicClientAuthConfigRequest{})
					return err
				},
				"AppService": func(ctx context.Context) error {
					_, err := apppb.NewAppServiceClient(conn).List(ctx, &apppb.ListRequest{})
					return err
				},
				"AppLogsService": func(ctx context.Context) error {
					stream, err := apppb.NewAppLogsServiceClient(conn).TailLogs(ctx, &apppb.TailLogsRequest{})
					if err == nil {
						_, err = stream.Recv()
					}
					return err
				},
				"health": func(ctx context.Context) error {
					_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
					return err
				},
			}
			for name, call := range calls {
				want := codes.Unimplemented
				switch {
				case there && name == "RunLogsService":
					want = codes.NotFound // the run, not the method
				case there && name == "AppLogsService":
					want = codes.InvalidArgument // no target
				case there:
					want = codes.OK
				}
				t.Log(name)
				wantCode(t, call(ctx), want)
			}
			wantCode(t, list(ctx, conn), codes.OK)
			s.Backend().ConfigureApps(backend.AppConfig{}) // as a server that has apps enabled
			wantCode(t, calls["AppService"](ctx), codes.OK)
			for _, err := range hosted(ctx, conn) {
				wantCode(t, err, codes.Unimplemented)
			}
		})
	}
	if _, err := mockserver.New(mockserver.WithServices("currant")); err == nil || !strings.Contains(err.Error(), `"currant"`) {
		t.Errorf("a set that does not exist: %v", err)
	}
}

// hosted calls the services that only hosted servers have.
func hosted(ctx context.Context, conn *grpc.ClientConn) []error {
	_, artifact := artifactpb.NewArtifactServiceClient(conn).GetArtifact(ctx, &artifactpb.GetArtifactRequest{})
	_, image := imagebuilderpb.NewImageServiceClient(conn).GetImage(ctx, &imagebuilderpb.GetImageRequest{})
	_, run := workflowpb.NewTrackedRunServiceClient(conn).GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{})
	return []error{artifact, image, run}
}

func TestFlyte1RejectsATokenWithoutTheScopeAsUnauthenticated(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	token, err := s.Script().IssueToken(oauth.TokenSpec{Scopes: []string{"other"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := with(short(t), token.AccessToken)
	_, err = servicepb.NewAdminServiceClient(conn).GetVersion(ctx, &adminpb.GetVersionRequest{})
	wantCode(t, err, codes.Unauthenticated)
	wantCode(t, list(ctx, conn), codes.PermissionDenied) // Flyte 2
}

func TestServiceHTTPEndpointIsNotAdvertised(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	got, err := authpb.NewAuthMetadataServiceClient(connect(t, s)).GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
	wantCode(t, err, codes.OK)
	if got.GetServiceHttpEndpoint() != "" || !slices.Contains(got.GetScopes(), "all") {
		t.Errorf("client config is %v, want no endpoint, as where none is configured", got)
	}
}
