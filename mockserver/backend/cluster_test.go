package backend

import (
	"context"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
)

func TestClustersAreSelectedByTheTestsRule(t *testing.T) {
	t.Parallel()
	b, conn := dial(t, Config{})
	c := clusterpb.NewClusterServiceClient(conn)
	ask := func(op clusterpb.SelectClusterRequest_Operation) (string, error) {
		got, err := c.SelectCluster(t.Context(), &clusterpb.SelectClusterRequest{Operation: op})
		return got.GetClusterEndpoint(), err
	}
	b.SetClusters(func(_ context.Context, req *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
		switch req.GetOperation() {
		case clusterpb.SelectClusterRequest_OPERATION_TAIL_LOGS:
			return &clusterpb.SelectClusterResponse{ClusterEndpoint: "https://dp.example.com"}, nil
		case clusterpb.SelectClusterRequest_OPERATION_UPLOAD_TRIGGER:
			return nil, status.Error(codes.Unimplemented, "not here")
		default:
			return nil, nil //nolint:nilnil // the backend itself
		}
	})
	if got, err := ask(clusterpb.SelectClusterRequest_OPERATION_TAIL_LOGS); got != "https://dp.example.com" || err != nil {
		t.Errorf("%q, %v, want the address of the rule", got, err)
	}
	_, err := ask(clusterpb.SelectClusterRequest_OPERATION_UPLOAD_TRIGGER)
	wantCode(t, err, codes.Unimplemented)
	own, err := ask(clusterpb.SelectClusterRequest_OPERATION_GET_IMAGE)
	if own == "" || err != nil {
		t.Errorf("%q, %v, want the backend's own address", own, err)
	}
	b.SetClusters(nil)
	if got, err := ask(clusterpb.SelectClusterRequest_OPERATION_TAIL_LOGS); got != own || err != nil {
		t.Errorf("%q, %v, want %q without a rule", got, err, own)
	}
}
