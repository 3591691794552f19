package authmetadata

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// server is flyteidl2.auth.AuthMetadataService. Every answer is a message of its own,
// because interceptors may change what they pass on.
type server struct {
	authpb.UnimplementedAuthMetadataServiceServer

	c Config
}

// GetOAuth2Metadata describes the authorization server.
func (s server) GetOAuth2Metadata(context.Context, *authpb.GetOAuth2MetadataRequest) (*authpb.GetOAuth2MetadataResponse, error) {
	c := s.c.clone()
	return &authpb.GetOAuth2MetadataResponse{
		Issuer: c.Client.Issuer, AuthorizationEndpoint: c.Client.AuthorizationEndpoint, TokenEndpoint: c.Client.TokenEndpoint,
		DeviceAuthorizationEndpoint: c.Client.DeviceAuthorizationEndpoint, JwksUri: c.JWKSURI,
		ResponseTypesSupported: c.ResponseTypes, ScopesSupported: c.ScopesSupported, GrantTypesSupported: c.GrantTypes,
		CodeChallengeMethodsSupported: c.CodeChallengeMethods, TokenEndpointAuthMethodsSupported: c.Client.AuthMethods,
	}, nil
}

// GetPublicClientConfig describes the client to log in as.
func (s server) GetPublicClientConfig(
	context.Context, *authpb.GetPublicClientConfigRequest,
) (*authpb.GetPublicClientConfigResponse, error) {
	c := s.c.clone()
	return &authpb.GetPublicClientConfigResponse{
		ClientId: c.Client.ClientID, RedirectUri: c.Client.RedirectURI, Scopes: c.Client.Scopes, Audience: c.Client.Audience,
		AuthorizationMetadataKey: c.Client.HeaderKey,
		ServiceHttpEndpoint:      c.ServiceHTTPEndpoint, DataplaneDomain: c.DataplaneDomain,
	}, nil
}

// firstServer is flyteidl.service.AuthMetadataService: the same answers in the
// messages of the first generation, which have no dataplane domain.
type firstServer struct {
	servicepb.UnimplementedAuthMetadataServiceServer

	c Config
}

// GetOAuth2Metadata describes the authorization server.
func (s firstServer) GetOAuth2Metadata(context.Context, *servicepb.OAuth2MetadataRequest) (*servicepb.OAuth2MetadataResponse, error) {
	c := s.c.clone()
	return &servicepb.OAuth2MetadataResponse{
		Issuer: c.Client.Issuer, AuthorizationEndpoint: c.Client.AuthorizationEndpoint, TokenEndpoint: c.Client.TokenEndpoint,
		DeviceAuthorizationEndpoint: c.Client.DeviceAuthorizationEndpoint, JwksUri: c.JWKSURI,
		ResponseTypesSupported: c.ResponseTypes, ScopesSupported: c.ScopesSupported, GrantTypesSupported: c.GrantTypes,
		CodeChallengeMethodsSupported: c.CodeChallengeMethods, TokenEndpointAuthMethodsSupported: c.Client.AuthMethods,
	}, nil
}

// GetPublicClientConfig describes the client to log in as.
func (s firstServer) GetPublicClientConfig(
	context.Context, *servicepb.PublicClientAuthConfigRequest,
) (*servicepb.PublicClientAuthConfigResponse, error) {
	c := s.c.clone()
	return &servicepb.PublicClientAuthConfigResponse{
		ClientId: c.Client.ClientID, RedirectUri: c.Client.RedirectURI, Scopes: c.Client.Scopes, Audience: c.Client.Audience,
		AuthorizationMetadataKey: c.Client.HeaderKey, ServiceHttpEndpoint: c.ServiceHTTPEndpoint,
	}, nil
}

// local is a connection to a server that nothing serves yet, for [Register] to see
// its answers as a client does.
type local struct{ s server }

// Invoke calls the method that takes req.
func (l local) Invoke(ctx context.Context, method string, req, reply any, _ ...grpc.CallOption) error {
	var answer proto.Message
	var err error
	switch r := req.(type) {
	case *authpb.GetOAuth2MetadataRequest:
		answer, err = l.s.GetOAuth2Metadata(ctx, r)
	case *authpb.GetPublicClientConfigRequest:
		answer, err = l.s.GetPublicClientConfig(ctx, r)
	default:
		err = status.Error(codes.Unimplemented, method)
	}
	if err != nil {
		return err
	}
	into, ok := reply.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a protobuf message", reply)
	}
	proto.Merge(into, answer)
	return nil
}

// NewStream fails: the service has no streams.
func (local) NewStream(_ context.Context, _ *grpc.StreamDesc, method string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, method)
}
