package configstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// Remote asks the backend behind conn: GetOAuth2Metadata and
// GetPublicClientConfig of flyteidl2.auth.AuthMetadataService, in parallel.
// Where the second is Unimplemented the backend is of the first generation and
// the same pair of flyteidl.service.AuthMetadataService is asked instead.
//
// The calls carry none of the outgoing metadata in the caller's ctx, which
// belongs to another call. The answers are checked: endpoints must be https, or
// http on a loopback address, see [AllowPlaintext]. An optional one that must not be used
// counts as not set; any other unusable value gives [ErrInvalid], as does a web page that
// answers instead of the backend.
//
// A backend that answers GetPublicClientConfig and has no GetOAuth2Metadata requires no
// login: the error is [ErrNoLogin], and ClientID, RedirectURI, Scopes, Audience and
// HeaderKey are returned with it. The same goes for a gRPC server that answers that it
// does not know the service, as a backend of the first generation does when it requires no
// login. If an HTTP server answers that it serves neither (404), the error is
// [ErrNotFound]; [Discovery] is the alternative then. status.FromError finds the
// backend's gRPC status. Scopes and Audience are those that the backend advertises; an
// empty HeaderKey means that it advertises none.
func Remote(conn grpc.ClientConnInterface) ClientConfigStore { return &remote{conn: conn} }

type remote struct{ conn grpc.ClientConnInterface }

func (r *remote) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if r.conn == nil {
		return ClientConfig{}, &Error{Op: "remote", Err: errors.New("no connection given")}
	}
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: "remote", Err: err}
	}
	ctx = metadata.NewOutgoingContext(ctx, nil)
	cfg, err := second(r.conn).ask(ctx)
	if errors.Is(err, ErrNotFound) || isMissingPage(err) { // an ingress may route the services of one generation only
		newer := err
		cfg, err = first(r.conn).ask(ctx)
		if errors.Is(err, ErrNotFound) && isUnknownService(err) && isUnknownService(newer) {
			err = &Error{Op: "remote", Source: "AuthMetadataService", Err: fmt.Errorf("%w: the backend has no such service", ErrNoLogin)}
		}
	}
	return cfg, err
}

// serverInfo and clientInfo are what the messages of both generations share.
type serverInfo interface {
	GetIssuer() string
	GetAuthorizationEndpoint() string
	GetTokenEndpoint() string
	GetDeviceAuthorizationEndpoint() string
	GetTokenEndpointAuthMethodsSupported() []string
}

type clientInfo interface {
	GetClientId() string
	GetRedirectUri() string
	GetScopes() []string
	GetAuthorizationMetadataKey() string
	GetAudience() string
}

// service is one generation of AuthMetadataService.
type service struct {
	serverMethod, clientMethod string
	server                     func(context.Context) (serverInfo, error)
	client                     func(context.Context) (clientInfo, error)
}

func second(conn grpc.ClientConnInterface) service {
	c := authpb.NewAuthMetadataServiceClient(conn)
	return service{
		serverMethod: authpb.AuthMetadataService_GetOAuth2Metadata_FullMethodName,
		clientMethod: authpb.AuthMetadataService_GetPublicClientConfig_FullMethodName,
		server: func(ctx context.Context) (serverInfo, error) {
			return c.GetOAuth2Metadata(ctx, &authpb.GetOAuth2MetadataRequest{})
		},
		client: func(ctx context.Context) (clientInfo, error) {
			return c.GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{})
		},
	}
}

func first(conn grpc.ClientConnInterface) service {
	c := servicepb.NewAuthMetadataServiceClient(conn)
	return service{
		serverMethod: servicepb.AuthMetadataService_GetOAuth2Metadata_FullMethodName,
		clientMethod: servicepb.AuthMetadataService_GetPublicClientConfig_FullMethodName,
		server: func(ctx context.Context) (serverInfo, error) {
			return c.GetOAuth2Metadata(ctx, &servicepb.OAuth2MetadataRequest{})
		},
		client: func(ctx context.Context) (clientInfo, error) {
			return c.GetPublicClientConfig(ctx, &servicepb.PublicClientAuthConfigRequest{})
		},
	}
}

// reply is the response to one of the two calls, or its error.
type reply struct {
	server serverInfo
	client clientInfo
	err    error
}

// recovered is deferred around a call, and makes err of a panic: the program's own
// interceptors run in it, and may expect values that the context of a login does not
// have.
func recovered(err *error) { //nolint:gocritic // a deferred function changes the result
	value := recover()
	if value == nil {
		return
	}
	*err = invalid("an interceptor of the program panicked in a call that the login makes, whose context has none"+
		" of the program's values (%s)", fault.Panic(value))
}

// ask makes both calls at once. It returns ErrNotFound if the backend does not serve
// this generation, and does not wait for one call if the other decides.
func (s service) ask(ctx context.Context) (ClientConfig, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	servers, clients := make(chan reply, 1), make(chan reply, 1)
	go func() {
		var r reply
		defer func() { servers <- r }()
		defer recovered(&r.err)
		r.server, r.err = s.server(ctx)
	}()
	go func() {
		var r reply
		defer func() { clients <- r }()
		defer recovered(&r.err)
		r.client, r.err = s.client(ctx)
	}()

	var (
		noLogin error // set when GetOAuth2Metadata is not served
		sv      serverInfo
		cl      clientInfo
	)
	for range 2 {
		select {
		case r := <-servers:
			switch {
			case isUnimplemented(r.err):
				noLogin = r.err
			case r.err != nil:
				return ClientConfig{}, failed(ctx, s.serverMethod, r.err)
			}
			sv = r.server
		case r := <-clients:
			switch {
			case isUnimplemented(r.err):
				return ClientConfig{}, &Error{Op: "remote", Source: s.clientMethod, Err: fmt.Errorf(
					"%w: the backend does not serve it; check that this is the address of its gRPC endpoint (%w)", ErrNotFound, r.err)}
			case r.err != nil:
				return ClientConfig{}, failed(ctx, s.clientMethod, r.err)
			}
			cl = r.client
		case <-ctx.Done():
			return ClientConfig{}, failed(ctx, s.clientMethod, ctx.Err())
		}
	}

	cfg := merge(sv, cl)
	cfg, err := cfg.sound(cfg.flaws(permissionOf(ctx).hosts(nil)...))
	if err != nil {
		return ClientConfig{}, &Error{Op: "remote", Source: s.serverMethod, Err: err}
	}
	if noLogin != nil {
		return cfg, &Error{Op: "remote", Source: s.serverMethod, Err: fmt.Errorf("%w: %w", ErrNoLogin, noLogin)}
	}
	return cfg, nil
}

func merge(sv serverInfo, cl clientInfo) ClientConfig {
	cfg := ClientConfig{
		ClientID:    cl.GetClientId(),
		RedirectURI: cl.GetRedirectUri(),
		Scopes:      slices.Clone(cl.GetScopes()),
		Audience:    cl.GetAudience(),
		HeaderKey:   strings.ToLower(cl.GetAuthorizationMetadataKey()),
	}
	if sv != nil {
		cfg.Issuer = sv.GetIssuer()
		cfg.TokenEndpoint = sv.GetTokenEndpoint()
		cfg.AuthorizationEndpoint = sv.GetAuthorizationEndpoint()
		cfg.DeviceAuthorizationEndpoint = sv.GetDeviceAuthorizationEndpoint()
		cfg.AuthMethods = slices.Clone(sv.GetTokenEndpointAuthMethodsSupported())
	}
	return cfg
}

// failed adds to the error of one call. If the caller's context caused it, errors.Is
// finds the context's error too.
func failed(ctx context.Context, method string, err error) error {
	switch {
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		err = fmt.Errorf("%w: %w", ctx.Err(), err)
	case isPage(err) && status.Code(err) == codes.Unavailable: // of a proxy that cannot reach the backend
		err = &pageError{err}
	case isPage(err):
		err = invalid("a web page answered instead of the backend, is this the address of its gRPC endpoint? (%w)", &pageError{err})
	}
	return &Error{Op: "remote", Source: cmp.Or(method, "AuthMetadataService"), Err: err}
}
