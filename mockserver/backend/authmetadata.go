package backend

import (
	"cmp"
	"context"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// errNoLogin is the answer of a backend without an authorization server; clients then
// call without credentials.
var errNoLogin = status.Error(codes.Unimplemented, "no authorization server is configured")

// login returns what the backend advertises; zero if it advertises no login.
func (b *Backend) login() LoginMetadata {
	if b.cfg.Login == nil {
		return LoginMetadata{}
	}
	return b.cfg.Login()
}

// authMetadataServer is Flyte 2's AuthMetadataService. It must be callable without
// credentials even if the other services are not.
type authMetadataServer struct {
	authpb.UnimplementedAuthMetadataServiceServer

	b *Backend
}

func (s authMetadataServer) GetOAuth2Metadata(
	context.Context, *authpb.GetOAuth2MetadataRequest,
) (*authpb.GetOAuth2MetadataResponse, error) {
	if s.b.cfg.Login == nil {
		return nil, errNoLogin
	}
	m := s.b.login()
	return &authpb.GetOAuth2MetadataResponse{
		Issuer: m.Issuer, AuthorizationEndpoint: m.AuthorizationEndpoint, TokenEndpoint: m.TokenEndpoint,
		DeviceAuthorizationEndpoint: m.DeviceAuthorizationEndpoint, JwksUri: m.JWKSURI,
		ResponseTypesSupported: m.ResponseTypes, ScopesSupported: m.Scopes,
		TokenEndpointAuthMethodsSupported: m.AuthMethods,
		CodeChallengeMethodsSupported:     m.CodeChallengeMethods, GrantTypesSupported: m.GrantTypes,
	}, nil
}

// GetPublicClientConfig always answers; fields that are not configured are empty.
func (s authMetadataServer) GetPublicClientConfig(
	ctx context.Context, _ *authpb.GetPublicClientConfigRequest,
) (*authpb.GetPublicClientConfigResponse, error) {
	m := s.b.login()
	return &authpb.GetPublicClientConfigResponse{
		ClientId: m.ClientID, RedirectUri: m.RedirectURI, Scopes: m.ClientScopes,
		AuthorizationMetadataKey: cmp.Or(m.HeaderKey, "authorization"),
		ServiceHttpEndpoint:      m.ServiceHTTPEndpoint, Audience: m.Audience,
		DataplaneDomain: cmp.Or(m.DataplaneDomain, baseURL(ctx)),
	}, nil
}

// adminAuthServer is Flyte 1's AuthMetadataService.
type adminAuthServer struct {
	servicepb.UnimplementedAuthMetadataServiceServer

	b *Backend
}

func (s adminAuthServer) GetOAuth2Metadata(
	context.Context, *servicepb.OAuth2MetadataRequest,
) (*servicepb.OAuth2MetadataResponse, error) {
	if s.b.cfg.Login == nil {
		return nil, errNoLogin
	}
	m := s.b.login()
	return &servicepb.OAuth2MetadataResponse{
		Issuer: m.Issuer, AuthorizationEndpoint: m.AuthorizationEndpoint, TokenEndpoint: m.TokenEndpoint,
		DeviceAuthorizationEndpoint: m.DeviceAuthorizationEndpoint, JwksUri: m.JWKSURI,
		ResponseTypesSupported: m.ResponseTypes, ScopesSupported: m.Scopes,
		TokenEndpointAuthMethodsSupported: m.AuthMethods,
		CodeChallengeMethodsSupported:     m.CodeChallengeMethods, GrantTypesSupported: m.GrantTypes,
	}, nil
}

// GetPublicClientConfig names flyteadmin's own header by default.
func (s adminAuthServer) GetPublicClientConfig(
	context.Context, *servicepb.PublicClientAuthConfigRequest,
) (*servicepb.PublicClientAuthConfigResponse, error) {
	m := s.b.login()
	return &servicepb.PublicClientAuthConfigResponse{
		ClientId: m.ClientID, RedirectUri: m.RedirectURI, Scopes: m.ClientScopes,
		AuthorizationMetadataKey: cmp.Or(m.HeaderKey, "flyte-authorization"),
		ServiceHttpEndpoint:      m.ServiceHTTPEndpoint, Audience: m.Audience,
	}, nil
}
