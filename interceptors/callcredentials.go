package interceptors

import (
	"context"

	"google.golang.org/grpc/metadata"
)

type callCredentialsKey struct{}

// WithCallCredentials returns a context whose calls carry md in place of the
// main [Source]'s credentials, for a program that passes on the credentials of its
// own callers. They are used for the calls made with that context only, and are not
// stored or refreshed: a rejection is returned as it is. With an empty md the calls
// carry no credentials.
//
// Credentials among a call's options (grpc.PerRPCCredentials) that carry the header of the
// main Source count in the same way; others are sent together with those of the Source.
func WithCallCredentials(ctx context.Context, md metadata.MD) context.Context {
	return context.WithValue(ctx, callCredentialsKey{}, lowerKeys(md))
}

// HasCallCredentials reports whether ctx is one of [WithCallCredentials]: for carriers other
// than this package's interceptors, which then have to attach none of their own.
func HasCallCredentials(ctx context.Context) bool { return callCredentials(ctx) != nil }

// callCredentials returns nil if the call has no credentials of its own.
func callCredentials(ctx context.Context) metadata.MD {
	md, _ := ctx.Value(callCredentialsKey{}).(metadata.MD)
	return md
}
