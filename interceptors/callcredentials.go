package interceptors

import (
	"context"

	"google.golang.org/grpc/metadata"
)

type callCredentialsKey struct{}

// WithCallCredentials returns a context whose calls carry md in place of the
// main [Source]'s credentials: passed through, for a program that acts with
// credentials of its own callers. They belong to the calls made with that
// context alone, are not kept, not shared and not renewed: a rejection is
// returned as it is. An empty md makes the calls go out bare.
func WithCallCredentials(ctx context.Context, md metadata.MD) context.Context {
	return context.WithValue(ctx, callCredentialsKey{}, lowerKeys(md))
}

// callCredentials returns nil when the call has none of its own.
func callCredentials(ctx context.Context) metadata.MD {
	md, _ := ctx.Value(callCredentialsKey{}).(metadata.MD)
	return md
}
