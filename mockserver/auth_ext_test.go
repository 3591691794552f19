package mockserver_test

import (
	"context"
	"crypto/x509"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"

	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestCallsNeedOneValidToken(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithAudience("https://api.example"), mockserver.WithProject("demo"))
	conn := connect(t, s)
	good := fetchToken(t, s, "audience", "https://api.example")
	issue := func(spec oauth.TokenSpec) string {
		tok, err := s.Script().IssueToken(spec)
		if err != nil {
			t.Fatal(err)
		}
		return tok.AccessToken
	}
	api, all := []string{"https://api.example"}, []string{"all"}
	tests := []struct {
		name   string
		values []string
		want   codes.Code
	}{
		{"good", []string{"Bearer " + good}, codes.OK},
		{"lower case scheme", []string{"bearer " + good}, codes.OK},
		{"none", nil, codes.Unauthenticated},
		{"two", []string{"Bearer " + good, "Bearer " + good}, codes.Unauthenticated},
		{"no scheme", []string{good}, codes.Unauthenticated},
		{"Basic", []string{"Basic eDp5"}, codes.Unauthenticated},
		{"nonsense", []string{"Bearer nonsense"}, codes.Unauthenticated},
		{"empty", []string{""}, codes.Unauthenticated},
		{"no audience", []string{"Bearer " + fetchToken(t, s)}, codes.Unauthenticated},
		{"another audience", []string{"Bearer " + fetchToken(t, s, "audience", "other")}, codes.Unauthenticated},
		{"expired", []string{"Bearer " + issue(oauth.TokenSpec{Scopes: all, Audience: api, TTL: -time.Second})}, codes.Unauthenticated},
		{"without scope", []string{"Bearer " + issue(oauth.TokenSpec{Audience: api, Scopes: []string{"other"}})}, codes.PermissionDenied},
		{"issued", []string{"Bearer " + issue(oauth.TokenSpec{Audience: api, Scopes: all})}, codes.OK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := short(t)
			for _, v := range tt.values {
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", v)
			}
			wantCode(t, list(ctx, conn), tt.want)
			if tt.want == codes.OK {
				return
			}
			_, err := watch(ctx, t, conn).Recv()
			wantCode(t, err, tt.want)
		})
	}
}

// The open methods are those that a client needs to discover how to log in.
func TestOnlyOpenMethodsServeCallsWithoutToken(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn, ctx := connect(t, s), short(t)

	meta, err := authpb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(ctx, &authpb.GetOAuth2MetadataRequest{})
	if err != nil || meta.GetIssuer() != s.Issuer() || meta.GetTokenEndpoint() != s.TokenURL() {
		t.Errorf("v2 metadata: %v, %v", meta, err)
	}
	client, err := authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{})
	if err != nil || client.GetClientId() != mockserver.PublicClientID || client.GetAuthorizationMetadataKey() != "authorization" {
		t.Errorf("v2 client config: %v, %v", client, err)
	}
	v1, err := servicepb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(ctx, &servicepb.OAuth2MetadataRequest{})
	if err != nil || v1.GetTokenEndpoint() != s.TokenURL() {
		t.Errorf("v1 metadata: %v, %v", v1, err)
	}
	health, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: "flyteidl2.workflow.RunService"})
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("health: %v, %v", health, err)
	}
	reflection, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := reflection.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}); err != nil {
		t.Fatal(err)
	}
	services, err := reflection.Recv()
	if err != nil || len(services.GetListServicesResponse().GetService()) < 12 {
		t.Errorf("reflection: %v, %v", services, err)
	}
	_ = reflection.CloseSend()

	_, err = authpb.NewIdentityServiceClient(conn).UserInfo(ctx, &authpb.UserInfoRequest{})
	wantCode(t, err, codes.Unauthenticated)
	_, err = servicepb.NewAdminServiceClient(conn).GetVersion(ctx, nil)
	wantCode(t, err, codes.Unauthenticated)
	wantCode(t, list(ctx, conn), codes.Unauthenticated)
}

func TestOpenAccessServesCallsWithoutToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		option   mockserver.Option
		metadata codes.Code
	}{
		{"open, but a login is advertised", mockserver.WithOpenAccess(), codes.OK},
		{"no login at all", mockserver.WithoutLogin(), codes.Unimplemented},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, tt.option)
			conn, ctx := connect(t, s), short(t)
			wantCode(t, list(ctx, conn), codes.OK)
			_, err := authpb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(ctx, &authpb.GetOAuth2MetadataRequest{})
			wantCode(t, err, tt.metadata)
			_, err = authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(ctx, &authpb.GetPublicClientConfigRequest{})
			wantCode(t, err, codes.OK)
		})
	}
}

func TestTokenIsReadFromTheHeaderKeyOnly(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHeaderKey("Flyte-Authorization"))
	conn, token := connect(t, s), fetchToken(t, s)

	config, err := authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
	if err != nil || config.GetAuthorizationMetadataKey() != "flyte-authorization" {
		t.Errorf("advertised: %v, %v", config, err)
	}
	wantCode(t, list(with(short(t), token), conn), codes.Unauthenticated)
	wantCode(t, list(metadata.AppendToOutgoingContext(short(t), "flyte-authorization", "Bearer "+token), conn), codes.OK)
}

func TestTokensExpireByTheServersClock(t *testing.T) {
	t.Parallel()
	for _, kind := range []oauth.Config{{Opaque: true}, {TokenTTL: time.Hour}} {
		s := mocktest.New(t, mockserver.WithOAuth(kind))
		conn, token := connect(t, s), fetchToken(t, s)

		wantCode(t, list(with(short(t), token), conn), codes.OK)
		s.SetClockOffset(2 * time.Hour)
		wantCode(t, list(with(short(t), token), conn), codes.Unauthenticated)
		wantCode(t, list(with(short(t), fetchToken(t, s)), conn), codes.OK)
		s.SetClockOffset(0)
		wantCode(t, list(with(short(t), token), conn), codes.OK)
	}
}

func TestHandlersGetTheTokensIdentity(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	conn := connect(t, s)
	tok, err := s.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", Scopes: []string{"all"}, Claims: map[string]any{"email": "ada@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	who, err := authpb.NewIdentityServiceClient(conn).UserInfo(with(short(t), tok.AccessToken), &authpb.UserInfoRequest{})
	if err != nil || who.GetSubject() != "ada" || who.GetEmail() != "ada@example.com" {
		t.Errorf("got %v, %v", who, err)
	}
}

func TestCallsNeedTheRequiredScopes(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{
		Clients: []oauth.Client{{ID: "worker", Secret: "a-long-enough-secret", Scopes: []string{"read", "write"}}},
	}), mockserver.WithRequiredScopes("read", "write"))
	conn := connect(t, s)
	wantCode(t, list(with(short(t), fetchToken(t, s)), conn), codes.OK)
	wantCode(t, list(with(short(t), fetchToken(t, s, "scope", "read")), conn), codes.PermissionDenied)
}

// A data plane takes the tokens of its control plane, and no others, under a name of its own.
func TestADataPlaneTakesTheTokensOfItsControlPlane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		control := mocktest.New(t, mockserver.WithInMemory())
		data := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithTLSNames("dp.example.com"), mockserver.WithControlPlane(control))
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(data.CACertPEM())
		conn, err := grpc.NewClient("passthrough:///dp.example.com", grpc.WithContextDialer(data.DialContext),
			grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(pool, "")))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		for issuer, want := range map[*mockserver.Server]codes.Code{control: codes.OK, data: codes.Unauthenticated} {
			issued, err := issuer.Script().IssueToken(oauth.TokenSpec{Scopes: []string{mockserver.DefaultScope}})
			if err != nil {
				t.Fatal(err)
			}
			ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+issued.AccessToken)
			if _, err := projectpb.NewProjectServiceClient(conn).ListProjects(ctx, &projectpb.ListProjectsRequest{}); status.Code(err) != want {
				t.Errorf("a token of the control plane: %v; %v, want %v", issuer == control, err, want)
			}
		}
		login, err := authpb.NewAuthMetadataServiceClient(conn).GetOAuth2Metadata(context.Background(), &authpb.GetOAuth2MetadataRequest{})
		if err != nil || login.GetTokenEndpoint() != control.TokenURL() {
			t.Errorf("the login is at %q, %v, want %q", login.GetTokenEndpoint(), err, control.TokenURL())
		}
	})
}
