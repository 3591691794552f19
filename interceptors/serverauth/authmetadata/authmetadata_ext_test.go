package authmetadata_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/jetway-go/jetway/configstore"
	servicepb "github.com/jetway-go/jetway/gen/flyteidl/service"
	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/interceptors/serverauth/authmetadata"
)

func full() authmetadata.Config {
	return authmetadata.Config{
		Client: configstore.ClientConfig{
			Issuer: "https://login.example.com", TokenEndpoint: "https://login.example.com/token",
			AuthorizationEndpoint: "https://login.example.com/authorize", DeviceAuthorizationEndpoint: "https://login.example.com/device",
			RedirectURI: "http://localhost:53593/callback", ClientID: "greeter-cli", Scopes: []string{"greet", "offline_access"},
			Audience: "https://greeter.example.com", HeaderKey: "x-greeter-token", AuthMethods: []string{"none", "client_secret_basic"},
		},
		JWKSURI: "https://login.example.com/keys", ScopesSupported: []string{"greet", "other"}, ResponseTypes: []string{"code"},
		GrantTypes: []string{"authorization_code"}, CodeChallengeMethods: []string{"S256"},
		ServiceHTTPEndpoint: "https://greeter.example.com", DataplaneDomain: "https://data.example.com",
	}
}

// serve registers c on a server whose other methods are closed.
func serve(t *testing.T, c authmetadata.Config) *grpc.ClientConn {
	t.Helper()
	open := serverauth.WithOpenMethods(authmetadata.OpenMethods()...)
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(nil, open)), grpc.ChainStreamInterceptor(serverauth.Stream(nil, open)))
	if err := authmetadata.Register(s, c); err != nil {
		t.Fatal(err)
	}
	authpb.RegisterIdentityServiceServer(s, authpb.UnimplementedIdentityServiceServer{})
	lis := bufconn.Listen(1 << 16)
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(lis) }()
	t.Cleanup(func() { s.Stop(); <-done })
	cc, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc
}

func TestClientsReadWhatTheServiceWasGiven(t *testing.T) {
	t.Parallel()
	c := full()
	cc := serve(t, c)
	got, err := configstore.Remote(cc).ClientConfig(t.Context())
	if diff := cmp.Diff(c.Client, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := authpb.NewIdentityServiceClient(cc).UserInfo(t.Context(), &authpb.UserInfoRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("another method is open: %v", err)
	}
}

func TestBothGenerationsAnswerInFull(t *testing.T) {
	t.Parallel()
	cc := serve(t, full())
	second, first := authpb.NewAuthMetadataServiceClient(cc), servicepb.NewAuthMetadataServiceClient(cc)
	server, err := second.GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := second.GetPublicClientConfig(t.Context(), &authpb.GetPublicClientConfigRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []proto.Message{server, client} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if !m.ProtoReflect().Has(fields.Get(i)) {
				t.Errorf("%s is not set", fields.Get(i).FullName())
			}
		}
	}
	oldServer, err := first.GetOAuth2Metadata(t.Context(), &servicepb.OAuth2MetadataRequest{})
	if err != nil {
		t.Fatal(err)
	}
	oldClient, err := first.GetPublicClientConfig(t.Context(), &servicepb.PublicClientAuthConfigRequest{})
	if err != nil {
		t.Fatal(err)
	}
	client.DataplaneDomain = "" // the first generation has none
	for _, pair := range [][2]proto.Message{{server, oldServer}, {client, oldClient}} {
		if diff := cmp.Diff(byName(t, pair[0]), byName(t, pair[1])); diff != "" {
			t.Error(diff)
		}
	}
}

// byName returns the fields of m by their names, which both generations share.
func byName(t *testing.T, m proto.Message) map[string]any {
	t.Helper()
	text, err := protojson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAnswersDoNotChangeAfterRegister(t *testing.T) {
	t.Parallel()
	c := full()
	cc := serve(t, c)
	c.Client.Scopes[0], c.GrantTypes[0] = "changed", "changed"
	client := authpb.NewAuthMetadataServiceClient(cc)
	got, err := client.GetPublicClientConfig(t.Context(), &authpb.GetPublicClientConfigRequest{})
	if err != nil || got.GetScopes()[0] != "greet" {
		t.Errorf("%v, %v", got, err)
	}
	metadata, err := client.GetOAuth2Metadata(t.Context(), &authpb.GetOAuth2MetadataRequest{})
	if err != nil || metadata.GetGrantTypesSupported()[0] != "authorization_code" {
		t.Errorf("%v, %v", metadata, err)
	}
}

func TestEmptyHeaderKeyMeansAuthorization(t *testing.T) {
	t.Parallel()
	cc := serve(t, authmetadata.Config{Client: configstore.ClientConfig{TokenEndpoint: "https://login.example.com/token"}})
	got, err := configstore.Remote(cc).ClientConfig(t.Context())
	if err != nil || got.HeaderKey != "authorization" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRegisterRefusesWhatClientsWouldRefuse(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*authmetadata.Config){
		"Client.TokenEndpoint: not set":           func(c *authmetadata.Config) { c.Client.TokenEndpoint = "" },
		"token_endpoint is plain http":            func(c *authmetadata.Config) { c.Client.TokenEndpoint = "http://login.example.com/token" },
		"authorization_endpoint contains a user":  func(c *authmetadata.Config) { c.Client.AuthorizationEndpoint = "https://a:s3cret@login.example.com" },
		`authorization_metadata_key "grpc-token"`: func(c *authmetadata.Config) { c.Client.HeaderKey = "grpc-token" },
		"client_id contains a control character":  func(c *authmetadata.Config) { c.Client.ClientID = "a\nb" },
	} {
		c := full()
		change(&c)
		s := grpc.NewServer()
		err := authmetadata.Register(s, c)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") || len(s.GetServiceInfo()) != 0 {
			t.Errorf("%v, want %s; services %v", err, want, s.GetServiceInfo())
		}
		s.Stop()
	}
}

func ExampleRegister() {
	verifier := serverauth.VerifierFunc(nil) // such as one of package introspect
	open := serverauth.WithOpenMethods(authmetadata.OpenMethods()...)
	s := grpc.NewServer(
		grpc.ChainUnaryInterceptor(serverauth.Unary(verifier, open)),
		grpc.ChainStreamInterceptor(serverauth.Stream(verifier, open)),
	)
	defer s.Stop()
	err := authmetadata.Register(s, authmetadata.Config{Client: configstore.ClientConfig{
		Issuer:        "https://login.example.com",
		TokenEndpoint: "https://login.example.com/token",
		ClientID:      "greeter-cli",
		Scopes:        []string{"greet"},
	}})
	fmt.Println(len(s.GetServiceInfo()), "services", err)
	// Output:
	// 2 services <nil>
}
