// Package authmetadata lets a gRPC service tell its clients how to log in, as a Flyte
// backend does: it serves GetOAuth2Metadata and GetPublicClientConfig of
// flyteidl2.auth.AuthMetadataService, and of its predecessor
// flyteidl.service.AuthMetadataService for older clients.
//
// Call [Register] with a [Config], and give [OpenMethods] to
// serverauth.WithOpenMethods: clients call these methods before they have a token. A
// client set of this module then needs the service's address and a flow, and reads
// everything else from here.
package authmetadata

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/configstore"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// Config is what a service tells its clients. Client.TokenEndpoint is required; an
// empty field is sent empty, unless its comment says otherwise.
type Config struct {
	// Client is what a client of this module reads: the authorization server, the
	// public client to log in as, its scopes and the audience. An answer of
	// configstore.Discovery fits, with ClientID, Scopes and Audience added.
	//
	// An empty HeaderKey is sent as "authorization"; any other must be among
	// those of serverauth.WithHeaderKeys. RevocationEndpoint and IssRequired are
	// not part of the protocol and not sent.
	Client configstore.ClientConfig

	// JWKSURI is where the authorization server publishes its keys (RFC 8414 §2,
	// as are the lists below).
	JWKSURI string
	// ScopesSupported are the scopes that the authorization server knows.
	ScopesSupported []string
	// ResponseTypes are its response_types_supported, such as "code".
	ResponseTypes []string
	// GrantTypes are its grant_types_supported.
	GrantTypes []string
	// CodeChallengeMethods are its code_challenge_methods_supported, such as "S256".
	CodeChallengeMethods []string

	// ServiceHTTPEndpoint is the URL of this service over HTTP, where it has one.
	ServiceHTTPEndpoint string
	// DataplaneDomain is the domain that Flyte's tools ask for data.
	DataplaneDomain string
}

// OpenMethods returns the names of the methods that [Register] serves, for
// serverauth.WithOpenMethods.
func OpenMethods() []string {
	return []string{
		"/" + authpb.AuthMetadataService_ServiceDesc.ServiceName + "/*",
		"/" + servicepb.AuthMetadataService_ServiceDesc.ServiceName + "/*",
	}
}

// Register adds both generations of AuthMetadataService to s; call it before Serve.
// The answers are fixed from then on. A configuration that clients of this module
// would refuse, or would not use a field of, such as a token endpoint over plain http, is
// an error that names the field as the protocol does; then s is left as it was.
func Register(s grpc.ServiceRegistrar, c Config) error {
	c = c.clone()
	if c.Client.TokenEndpoint == "" {
		return errors.New("authmetadata: Client.TokenEndpoint: not set; configstore.Discovery finds it for an issuer")
	}
	current := server{c: c}
	if err := c.Client.Check(); err != nil {
		return fmt.Errorf("authmetadata: clients would refuse this configuration: %w", err)
	}
	ctx := context.Background() //nolint:forbidigo // for calls of functions here, without a network
	if _, err := configstore.Remote(local{current}).ClientConfig(ctx); err != nil {
		return fmt.Errorf("authmetadata: clients would refuse this configuration: %w", err)
	}
	authpb.RegisterAuthMetadataServiceServer(s, current)
	servicepb.RegisterAuthMetadataServiceServer(s, firstServer{c: c})
	return nil
}

// clone keeps later changes of the caller's slices away from the answers.
func (c Config) clone() Config {
	for _, list := range []*[]string{
		&c.Client.Scopes, &c.Client.AuthMethods,
		&c.ScopesSupported, &c.ResponseTypes, &c.GrantTypes, &c.CodeChallengeMethods,
	} {
		*list = slices.Clone(*list)
	}
	c.Client.HeaderKey = cmp.Or(c.Client.HeaderKey, "authorization")
	return c
}
