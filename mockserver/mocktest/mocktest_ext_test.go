package mocktest_test

import (
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNewServesUntilTheTestEnds(t *testing.T) {
	t.Parallel()
	var conn *grpc.ClientConn
	t.Run("during the test", func(t *testing.T) {
		s := mocktest.New(t, mockserver.WithOpenAccess())
		var err error
		if conn, err = grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials())); err != nil {
			t.Fatal(err)
		}
		if _, err := projectpb.NewProjectServiceClient(conn).ListProjects(t.Context(), &projectpb.ListProjectsRequest{}); err != nil {
			t.Error(err)
		}
		if conn.GetState() != connectivity.Ready {
			t.Errorf("connection is %v", conn.GetState())
		}
	})
	defer conn.Close()
	_, err := projectpb.NewProjectServiceClient(conn).ListProjects(t.Context(), &projectpb.ListProjectsRequest{})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("after the test: %v", err)
	}
}
