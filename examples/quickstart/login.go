package main

import (
	"context"
	"fmt"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/clientset"
	adminpb "github.com/jetway-go/jetway/gen/flyteidl/admin"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
)

// decodeAPIKey makes a client from an API key, which holds the endpoint, a client ID and a
// client secret. It does not connect yet.
func decodeAPIKey(_ context.Context, t *tour) (string, error) {
	cs, err := clientset.ForAPIKey(t.mock.APIKey())
	if err != nil {
		return "", err
	}
	t.cs = cs
	return fmt.Sprintf("client %s of %s", cs.Authenticator().Status().Key.ClientID, cs.Endpoint()), nil
}

// logIn discovers the authorization server from the backend and requests an access token.
// Without it, the first call would do the same.
func logIn(ctx context.Context, t *tour) (string, error) {
	if err := t.cs.Login(ctx); err != nil {
		return "", err
	}
	found, err := t.cs.AuthMetadata().GetOAuth2Metadata(ctx, &authpb.GetOAuth2MetadataRequest{})
	if err != nil {
		return "", err
	}
	server, err := url.Parse(found.GetTokenEndpoint())
	if err != nil {
		return "", err
	}
	return "client credentials, at the discovered " + server.Host, nil
}

func whoAmI(ctx context.Context, t *tour) (string, error) {
	me, err := t.cs.Identity().UserInfo(ctx, &authpb.UserInfoRequest{})
	if err != nil {
		return "", err
	}
	return me.GetSubject(), nil
}

// adminVersion calls a service of Flyte 1, which no server of Flyte 2 has.
func adminVersion(ctx context.Context, t *tour) (string, error) {
	answer, err := t.cs.Admin().GetVersion(ctx, &adminpb.GetVersionRequest{})
	if status.Code(err) == codes.Unimplemented {
		return "none: the server is not of Flyte 1", nil
	}
	if err != nil {
		return "", err
	}
	return "version " + answer.GetControlPlaneVersion().GetVersion(), nil
}
