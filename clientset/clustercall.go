package clientset

import (
	"context"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	"github.com/jetway-go/jetway/internal/routing"
)

// WithClusterOperation returns a context for calls of DataProxy's CreateUploadLocation and
// UploadInputs whose cluster is chosen by another operation than the usual one of the
// method: OPERATION_UPLOAD_TRIGGER for the inputs of a trigger, and
// OPERATION_TRACKED_RUN_DATA for files of a run that the backend only tracks. A backend
// that answers the former with Unimplemented wants the inputs in the trigger itself.
func WithClusterOperation(ctx context.Context, op clusterpb.SelectClusterRequest_Operation) context.Context {
	return routing.WithOperation(ctx, op)
}

// WithClusterPool returns a context for calls of Secret that are about the secrets of a
// pool of clusters, which their requests cannot name. A nil pool means none.
func WithClusterPool(ctx context.Context, pool *commonpb.ClusterPoolIdentifier) context.Context {
	return routing.WithPool(ctx, pool)
}

// ClusterEndpoints returns the addresses (host:port) of the clusters that calls have been
// sent to, in the order of their first calls. The endpoint's own is not among them.
func (c *ClientSet) ClusterEndpoints() []string {
	var endpoints []string
	for _, set := range c.clusters.all() {
		endpoints = append(endpoints, set.Endpoint())
	}
	return endpoints
}
