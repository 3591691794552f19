package tokenreviewtest

import (
	"context"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

const userHeader = "kubeflow-userid"

// ServerOptions returns options with which a gRPC server accepts the callers that
// Kubeflow's API server accepts: those with one kubeflow-userid header, or with one
// authorization header of "Bearer " in exactly this case and a valid token for
// [Audience].
func (c *Cluster) ServerOptions() []grpc.ServerOption {
	v := serverauth.VerifierFunc(c.verify)
	keys := serverauth.WithHeaderKeys("authorization", userHeader)
	return []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(serverauth.Unary(v, keys)),
		grpc.ChainStreamInterceptor(serverauth.Stream(v, keys)),
	}
}

func (c *Cluster) verify(_ context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	if user := p.Metadata[userHeader]; len(user) > 0 {
		return serverauth.Identity{Subject: user[0]}, exactlyOne(p.Metadata, userHeader)
	}
	if err := exactlyOne(p.Metadata, "authorization"); err != nil {
		return serverauth.Identity{}, err
	}
	text, ok := strings.CutPrefix(p.Metadata["authorization"][0], "Bearer ")
	if !ok {
		return serverauth.Identity{}, refused("Request header error: there is no user identity header.")
	}
	user, reason := c.review(text, []string{Audience})
	if reason != "" {
		return serverauth.Identity{}, refused(reason)
	}
	return serverauth.Identity{Subject: user}, nil
}

func exactlyOne(md metadata.MD, key string) error {
	switch n := len(md[key]); n {
	case 1:
		return nil
	case 0:
		return refused("Request header error: there is no user identity header.")
	default:
		return status.Errorf(codes.Unauthenticated, "Request header error: unexpected number of %s headers. Expect 1 got %d", key, n)
	}
}

func refused(reason string) error {
	return status.Error(codes.Unauthenticated,
		"Failed to check authorization. User identity is empty in the request header: "+reason)
}
