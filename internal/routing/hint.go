package routing

import (
	"context"

	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
)

type (
	operationKey struct{}
	poolKey      struct{}
)

// WithOperation returns a context for calls of CreateUploadLocation and UploadInputs that
// are for another operation than their request shows.
func WithOperation(ctx context.Context, op clusterpb.SelectClusterRequest_Operation) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

func operationIn(ctx context.Context, usual clusterpb.SelectClusterRequest_Operation) clusterpb.SelectClusterRequest_Operation {
	if op, ok := ctx.Value(operationKey{}).(clusterpb.SelectClusterRequest_Operation); ok {
		return op
	}
	return usual
}

// WithPool returns a context for calls on secrets of a pool of clusters, which their
// request cannot name.
func WithPool(ctx context.Context, pool *commonpb.ClusterPoolIdentifier) context.Context {
	return context.WithValue(ctx, poolKey{}, pool)
}

func poolIn(ctx context.Context) *commonpb.ClusterPoolIdentifier {
	pool, _ := ctx.Value(poolKey{}).(*commonpb.ClusterPoolIdentifier)
	return pool
}
