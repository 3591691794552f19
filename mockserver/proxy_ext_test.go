package mockserver_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	authpb "github.com/jetway-go/jetway/gen/flyteidl2/auth"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func throughProxy(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "proxy-authorization", "Bearer "+token)
}

// Calls need the proxy's token. A gRPC client sees the same errors of a real proxy and of
// a plain gRPC server that acts as one.
func TestCallsNeedTheProxysToken(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{"plain gRPC": nil, "HTTP front": {mockserver.WithHTTPFront()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := mocktest.New(t, append(options, mockserver.WithProxyAuth("pass-1"))...)
			conn := connect(t, s)
			issued, err := s.Script().IssueToken(oauth.TokenSpec{Scopes: []string{mockserver.DefaultScope}})
			if err != nil {
				t.Fatal(err)
			}
			logged := with(short(t), issued.AccessToken)
			refused := func(when string, err error) {
				t.Helper()
				want := "unexpected HTTP status code received from server: 407 (Proxy Authentication Required); " +
					`transport: received unexpected content-type "text/html; charset=utf-8"` + "\n" + `data: "<html><body>Proxy Authentication Required</body></html>"`
				if status.Code(err) != codes.Unknown || status.Convert(err).Message() != want {
					t.Errorf("%s: %v", when, err)
				}
			}
			refused("no token", list(logged, conn))
			refused("another token", list(throughProxy(logged, "pass-2"), conn))
			refused("two tokens", list(throughProxy(throughProxy(logged, "pass-1"), "pass-1"), conn))
			refused("Basic", list(metadata.AppendToOutgoingContext(logged, "proxy-authorization", "Basic pass-1"), conn))
			_, err = watch(logged, t, conn).Recv()
			refused("a stream", err)
			_, err = authpb.NewAuthMetadataServiceClient(conn).GetPublicClientConfig(short(t), &authpb.GetPublicClientConfigRequest{})
			refused("discovery", err)

			wantCode(t, list(throughProxy(logged, "pass-1"), conn), codes.OK)
			wantCode(t, list(throughProxy(short(t), "pass-1"), conn), codes.Unauthenticated)
			s.Script().SetProxyToken("pass-2")
			refused("after the change", list(throughProxy(logged, "pass-1"), conn))
			wantCode(t, list(throughProxy(logged, "pass-2"), conn), codes.OK)
			s.Script().SetProxyToken("")
			wantCode(t, list(logged, conn), codes.OK)

			got := s.Requests()
			if r := got[1]; r.ProxyAuthorizations != 1 || r.ProxyTokenID != oauth.TokenID("pass-2") || r.TokenID != oauth.TokenID(issued.AccessToken) {
				t.Errorf("remembered %+v", r)
			}
			if r := got[2]; r.ProxyAuthorizations != 2 {
				t.Errorf("remembered %+v", r)
			}
		})
	}
}

// On the HTTP side the proxy's token is needed for endpoints only: signed URLs are
// credentials themselves, and browsers have the proxy's cookie.
func TestEndpointsNeedTheProxysToken(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithProxyAuth("pass"), mockserver.WithProject("demo"))
	ask := func(method, address, pass string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(""))
		if err != nil {
			t.Fatal(err)
		}
		if pass != "" {
			r.Header.Set("Proxy-Authorization", "Bearer "+pass)
		}
		code, _ := roundTrip(t, s, r)
		return code
	}
	for _, path := range []string{
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/oauth2/token",
		"/oauth2/device_authorization", "/oauth2/revoke", "/oauth2/userinfo", "/oauth2/jwks", "/elsewhere",
	} {
		if code := ask(http.MethodGet, s.HTTPURL()+path, ""); code != http.StatusProxyAuthRequired {
			t.Errorf("%s without a token: %d", path, code)
		}
		if code := ask(http.MethodGet, s.HTTPURL()+path, "pass"); code == http.StatusProxyAuthRequired {
			t.Errorf("%s with the token: %d", path, code)
		}
	}
	if s.TokenRequests() != 1 {
		t.Errorf("%d requests reached the token endpoint", s.TokenRequests())
	}
	if code := ask(http.MethodGet, s.HTTPURL()+"/oauth2/device", ""); code != http.StatusOK {
		t.Errorf("a page: %d", code)
	}

	issued, err := s.Script().IssueToken(oauth.TokenSpec{Scopes: []string{mockserver.DefaultScope}})
	if err != nil {
		t.Fatal(err)
	}
	upload, err := dataproxypb.NewDataProxyServiceClient(connect(t, s)).CreateUploadLocation(
		throughProxy(with(short(t), issued.AccessToken), "pass"),
		&dataproxypb.CreateUploadLocationRequest{Project: "demo", Domain: "development", Filename: "x", FilenameRoot: "r"})
	if err != nil {
		t.Fatal(err)
	}
	if code := ask(http.MethodPut, upload.GetSignedUrl(), ""); code == http.StatusProxyAuthRequired {
		t.Errorf("a signed URL: %d", code)
	}
}
