package configstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// A gRPC server that does not know the service requires no login, as a backend of the
// first generation without authentication. A proxy, or an HTTP server, that does not serve
// it says nothing about the backend.
func TestRemoteWithoutServiceIsErrNoLoginOnlyInGRPCsOwnWords(t *testing.T) {
	t.Parallel()
	const notThere = `unexpected HTTP status code received from server: 404 (Not Found); transport: received unexpected content-type "text/plain"`
	const unknown = "unknown service flyteidl.service.AuthMetadataService"
	answering := func(second, first string) grpc.ClientConnInterface {
		return connFunc(func(method string) error {
			if strings.HasPrefix(method, "/flyteidl2.") {
				return status.Error(codes.Unimplemented, second)
			}
			return status.Error(codes.Unimplemented, first)
		})
	}
	for name, c := range map[string]struct {
		conn grpc.ClientConnInterface
		want error
	}{
		"a gRPC server without services": {dial(t, func(*grpc.Server) {}), configstore.ErrNoLogin},
		"HTTP 404":                       {answering(notThere, notThere), configstore.ErrNotFound},
		"HTTP 404 for one generation":    {answering(notThere, unknown), configstore.ErrNotFound},
		"HTTP 404 for the other":         {answering(unknown, notThere), configstore.ErrNotFound},
		"a proxy without that route":     {answering("", ""), configstore.ErrNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := configstore.Remote(c.conn).ClientConfig(t.Context())
			var e *configstore.Error
			if !errors.Is(err, c.want) || errors.Is(err, configstore.ErrNoLogin) && errors.Is(err, configstore.ErrNotFound) ||
				status.Code(err) != codes.Unimplemented || !errors.As(err, &e) || e.Op != "remote" {
				t.Errorf("got %#v: %v; want %v", e, err, c.want)
			}
		})
	}
}

// connFunc answers every unary call with an error.
type connFunc func(method string) error

func (f connFunc) Invoke(_ context.Context, method string, _, _ any, _ ...grpc.CallOption) error {
	return f(method)
}

func (connFunc) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "no streams")
}

func TestRemoteKeepsTheUsableFields(t *testing.T) {
	t.Parallel()
	conn := dial(t, serving(&backend{client: fullClient,
		server: func(context.Context) (*authpb.GetOAuth2MetadataResponse, error) {
			return &authpb.GetOAuth2MetadataResponse{
				Issuer: "https://idp.example", TokenEndpoint: "https://idp.example/token",
				AuthorizationEndpoint: "javascript:alert(1)", DeviceAuthorizationEndpoint: "http://idp.example/device",
			}, nil
		}}))
	got, err := configstore.Remote(conn).ClientConfig(t.Context())
	if err != nil || got.TokenEndpoint != "https://idp.example/token" || got.AuthorizationEndpoint+got.DeviceAuthorizationEndpoint != "" || got.ClientID != "cli" {
		t.Errorf("got %+v, %v; want all but the endpoints that must not be used", got, err)
	}
}
