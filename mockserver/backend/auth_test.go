package backend

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	clusterpb "github.com/jetway-go/jetway/gen/flyteidl2/cluster"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/interceptors/serverauth"
)

// jwt returns an unsigned token of claims; the backend does not verify it.
func jwt(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(claims)) + ".x"
}

func TestAuthenticationIsTheServersDecision(t *testing.T) {
	t.Parallel()
	t.Run("open", func(t *testing.T) {
		t.Parallel()
		_, conn := dial(t, Config{})
		_, err := projectpb.NewProjectServiceClient(conn).ListProjects(t.Context(), &projectpb.ListProjectsRequest{})
		wantCode(t, err, codes.OK)
	})
	t.Run("closed but for AuthMetadataService", func(t *testing.T) {
		t.Parallel()
		// Given a server that accepts no credentials and leaves the metadata open…
		nobody := serverauth.VerifierFunc(func(context.Context, serverauth.Presented) (serverauth.Identity, error) {
			return serverauth.Identity{}, errors.New("not accepted")
		})
		open := serverauth.WithOpenMethods("/flyteidl2.auth.AuthMetadataService/*")
		// …and that is strict: authentication comes before validation.
		_, conn := dial(t, Config{Strict: true, Login: func() LoginMetadata { return LoginMetadata{Issuer: "https://idp.test"} }},
			grpc.ChainUnaryInterceptor(serverauth.Unary(nobody, open)), grpc.ChainStreamInterceptor(serverauth.Stream(nobody, open)))
		auth := authpb.NewAuthMetadataServiceClient(conn)
		_, err := auth.GetPublicClientConfig(t.Context(), &authpb.GetPublicClientConfigRequest{})
		wantCode(t, err, codes.OK)
		_, err = auth.GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
		wantCode(t, err, codes.OK)
		_, err = clusterpb.NewClusterServiceClient(conn).SelectCluster(t.Context(), &clusterpb.SelectClusterRequest{})
		wantCode(t, err, codes.Unauthenticated)
		stream, err := workflowpb.NewRunServiceClient(conn).WatchRuns(t.Context(), &workflowpb.WatchRunsRequest{})
		wantCode(t, err, codes.OK)
		_, err = stream.Recv()
		wantCode(t, err, codes.Unauthenticated)
	})
}

func TestAuthMetadataIsThatOfTheConfig(t *testing.T) {
	t.Parallel()
	t.Run("nothing configured", func(t *testing.T) {
		t.Parallel()
		_, conn := dial(t, Config{})
		c := authpb.NewAuthMetadataServiceClient(conn)
		_, err := c.GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
		wantCode(t, err, codes.Unimplemented)
		got, err := c.GetPublicClientConfig(t.Context(), &authpb.GetPublicClientConfigRequest{})
		wantCode(t, err, codes.OK)
		if got.GetClientId() != "" || got.GetAuthorizationMetadataKey() != "authorization" ||
			got.GetDataplaneDomain() != "http://backend.test" {
			t.Errorf("got %v", got)
		}
		v1 := servicepb.NewAuthMetadataServiceClient(conn)
		_, err = v1.GetOAuth2Metadata(t.Context(), &servicepb.OAuth2MetadataRequest{})
		wantCode(t, err, codes.Unimplemented)
		old, err := v1.GetPublicClientConfig(t.Context(), &servicepb.PublicClientAuthConfigRequest{})
		wantCode(t, err, codes.OK)
		if old.GetAuthorizationMetadataKey() != "flyte-authorization" {
			t.Errorf("first generation: %v", old)
		}
	})

	t.Run("configured, in both generations", func(t *testing.T) {
		t.Parallel()
		_, conn := dial(t, Config{Login: func() LoginMetadata {
			return LoginMetadata{
				Issuer: "iss", AuthorizationEndpoint: "auth", TokenEndpoint: "token", DeviceAuthorizationEndpoint: "device", JWKSURI: "jwks",
				ResponseTypes: []string{"code"}, Scopes: []string{"all"}, AuthMethods: []string{"client_secret_basic"},
				CodeChallengeMethods: []string{"S256"}, GrantTypes: []string{"client_credentials"},
				ClientID: "id", RedirectURI: "redirect", HeaderKey: "x-token", Audience: "aud", ServiceHTTPEndpoint: "http",
				DataplaneDomain: "dp", ClientScopes: []string{"openid"},
			}
		}})
		v2, v1 := authpb.NewAuthMetadataServiceClient(conn), servicepb.NewAuthMetadataServiceClient(conn)

		meta, err := v2.GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
		wantCode(t, err, codes.OK)
		wantMeta := &authpb.GetOAuth2MetadataResponse{
			Issuer: "iss", AuthorizationEndpoint: "auth", TokenEndpoint: "token", DeviceAuthorizationEndpoint: "device", JwksUri: "jwks",
			ResponseTypesSupported: []string{"code"}, ScopesSupported: []string{"all"},
			TokenEndpointAuthMethodsSupported: []string{"client_secret_basic"}, CodeChallengeMethodsSupported: []string{"S256"},
			GrantTypesSupported: []string{"client_credentials"},
		}
		if !proto.Equal(wantMeta, meta) {
			t.Errorf("got %v, want %v", meta, wantMeta)
		}
		oldMeta, err := v1.GetOAuth2Metadata(t.Context(), &servicepb.OAuth2MetadataRequest{})
		wantCode(t, err, codes.OK)
		if got := new(authpb.GetOAuth2MetadataResponse); !proto.Equal(wantMeta, reread(t, oldMeta, got)) {
			t.Errorf("first generation: got %v, want %v", got, wantMeta)
		}

		public, err := v2.GetPublicClientConfig(t.Context(), &authpb.GetPublicClientConfigRequest{})
		wantCode(t, err, codes.OK)
		wantPublic := &authpb.GetPublicClientConfigResponse{
			ClientId: "id", RedirectUri: "redirect", Scopes: []string{"openid"}, AuthorizationMetadataKey: "x-token",
			ServiceHttpEndpoint: "http", Audience: "aud", DataplaneDomain: "dp",
		}
		if !proto.Equal(wantPublic, public) {
			t.Errorf("got %v, want %v", public, wantPublic)
		}
		oldPublic, err := v1.GetPublicClientConfig(t.Context(), &servicepb.PublicClientAuthConfigRequest{})
		wantCode(t, err, codes.OK)
		wantPublic.DataplaneDomain = "" // which the first generation does not know
		if got := new(authpb.GetPublicClientConfigResponse); !proto.Equal(wantPublic, reread(t, oldPublic, got)) {
			t.Errorf("first generation: got %v, want %v", got, wantPublic)
		}
	})
}

// reread reads a message as another type; those of the two generations have the
// same numbers.
func reread(t *testing.T, m, as proto.Message) proto.Message {
	t.Helper()
	raw, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(raw, as); err != nil {
		t.Fatal(err)
	}
	return as
}

func TestUserInfoNeedsAnIdentity(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := authpb.NewIdentityServiceClient(conn)
	for name, tc := range map[string]struct {
		md   []string
		want string // empty: Unauthenticated
	}{
		"nothing":             {nil, ""},
		"bearer JWT":          {[]string{"authorization", "Bearer " + jwt(`{"sub":"ada","exp":1}`)}, "ada"},
		"lower-case bearer":   {[]string{"authorization", "bearer " + jwt(`{"sub":"ada"}`)}, "ada"},
		"opaque bearer":       {[]string{"authorization", "Bearer abc"}, ""},
		"basic":               {[]string{"authorization", "Basic " + jwt(`{"sub":"ada"}`)}, ""},
		"no subject":          {[]string{"authorization", "Bearer " + jwt(`{"name":"Ada"}`)}, ""},
		"not JSON":            {[]string{"authorization", "Bearer " + jwt(`ada`)}, ""},
		"not base64":          {[]string{"authorization", "Bearer a.!.c"}, ""},
		"another header":      {[]string{"flyte-authorization", "Bearer " + jwt(`{"sub":"ada"}`)}, ""},
		"claims header":       {[]string{"x-amzn-oidc-data", jwt(`{"sub":"bob"}`), "authorization", "Bearer " + jwt(`{"sub":"ada"}`)}, "bob"},
		"padded claims":       {[]string{"x-amzn-oidc-data", "h." + base64.URLEncoding.EncodeToString([]byte(`{"sub":"bob!"}`)) + ".s"}, "bob!"},
		"subject header":      {[]string{"x-amzn-oidc-identity", "eve", "authorization", "Bearer " + jwt(`{"sub":"ada"}`)}, "eve"},
		"claims over subject": {[]string{"x-amzn-oidc-identity", "eve", "x-amzn-oidc-data", jwt(`{"sub":"bob"}`)}, "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.UserInfo(metadata.AppendToOutgoingContext(t.Context(), tc.md...), &authpb.UserInfoRequest{})
			if tc.want == "" {
				wantCode(t, err, codes.Unauthenticated)
				return
			}
			wantCode(t, err, codes.OK)
			if got.GetSubject() != tc.want {
				t.Errorf("subject %q, want %q", got.GetSubject(), tc.want)
			}
		})
	}

	t.Run("the verifier's identity comes first", func(t *testing.T) {
		t.Parallel()
		id := serverauth.Identity{Subject: "verified", Claims: map[string]any{
			"name": "Ada L", "preferred_username": "ada", "given_name": "Ada", "family_name": "L", "email": "a@x", "picture": "p",
			"groups": []string{"math"},
		}}
		_, conn := dial(t, Config{}, grpc.ChainUnaryInterceptor(
			func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, h grpc.UnaryHandler) (any, error) {
				return h(serverauth.ContextWithIdentity(ctx, id), req)
			}))
		ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+jwt(`{"sub":"ada"}`))
		got, err := authpb.NewIdentityServiceClient(conn).UserInfo(ctx, &authpb.UserInfoRequest{})
		wantCode(t, err, codes.OK)
		have := strings.Join([]string{
			got.GetSubject(), got.GetName(), got.GetPreferredUsername(), got.GetGivenName(), got.GetFamilyName(), got.GetEmail(), got.GetPicture(),
		}, "|")
		if want := "verified|Ada L|ada|Ada|L|a@x|p"; have != want {
			t.Errorf("got %q, want %q", have, want)
		}
		extra := got.GetAdditionalClaims().AsMap()
		groups, _ := extra["groups"].([]any)
		if len(extra) != 1 || len(groups) != 1 || groups[0] != "math" {
			t.Errorf("additional claims %v, want the groups only", extra)
		}
	})
}

func TestSelectClusterReturnsTheCallersAddress(t *testing.T) {
	t.Parallel()
	_, conn := dial(t, Config{})
	c := clusterpb.NewClusterServiceClient(conn)
	for name, tc := range map[string]struct {
		md   []string
		want string
	}{
		"the host as the caller knows it": {nil, "http://backend.test"},
		"behind a front that has TLS":     {[]string{"x-forwarded-proto", "https"}, "https://backend.test"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := metadata.AppendToOutgoingContext(t.Context(), tc.md...)
			got, err := c.SelectCluster(ctx, &clusterpb.SelectClusterRequest{}) // an empty request is as good as any
			wantCode(t, err, codes.OK)
			if got.GetClusterEndpoint() != tc.want || got.GetCluster() != "" {
				t.Errorf("got %v, want the endpoint %s and no cluster", got, tc.want)
			}
		})
	}
}
