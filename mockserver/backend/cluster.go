package backend

import (
	"context"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
)

// clusterServer is ClusterService of a backend with one cluster: itself.
type clusterServer struct {
	clusterpb.UnimplementedClusterServiceServer
}

// SelectCluster returns, for every operation, the address at which the caller has reached
// this server.
func (clusterServer) SelectCluster(ctx context.Context, _ *clusterpb.SelectClusterRequest) (*clusterpb.SelectClusterResponse, error) {
	return &clusterpb.SelectClusterResponse{ClusterEndpoint: baseURL(ctx)}, nil
}
