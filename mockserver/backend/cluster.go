package backend

import (
	"context"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
)

// ClusterSelector answers SelectCluster. A nil answer without an error means the backend
// itself, at the address at which the caller has reached it.
type ClusterSelector func(
	ctx context.Context, req *clusterpb.SelectClusterRequest,
) (*clusterpb.SelectClusterResponse, error)

// SetClusters lets f answer SelectCluster from now on, by operation and resource: such as
// with the address of another backend, which is then the data plane of this one. f is
// called from many goroutines. Nil, the default, has the backend name itself for all.
func (b *Backend) SetClusters(f ClusterSelector) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clusters = f
}

// clusterServer is ClusterService.
type clusterServer struct {
	clusterpb.UnimplementedClusterServiceServer

	b *Backend
}

// SelectCluster refuses nothing by itself, as the open-source backend does.
func (s clusterServer) SelectCluster(
	ctx context.Context, req *clusterpb.SelectClusterRequest,
) (*clusterpb.SelectClusterResponse, error) {
	s.b.mu.Lock()
	selected := s.b.clusters
	s.b.mu.Unlock()
	if selected != nil {
		if answer, err := selected(ctx, req); answer != nil || err != nil {
			return answer, err
		}
	}
	return &clusterpb.SelectClusterResponse{ClusterEndpoint: baseURL(ctx)}, nil
}
