package mockserver_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Each network, with and without the HTTP front and TLS, serves a login, a call, a stream
// and an upload.
func TestEveryTransportServesTheSame(t *testing.T) {
	t.Parallel()
	sockets := t.TempDir()
	for _, network := range []struct {
		name    string
		options func(name string) []mockserver.Option
		prefix  string
	}{
		{"tcp", func(string) []mockserver.Option { return nil }, "127.0.0.1:"},
		{"unix", func(name string) []mockserver.Option {
			return []mockserver.Option{mockserver.WithUnixSocket(filepath.Join(sockets, name))}
		}, "unix:///"},
		{"memory", func(string) []mockserver.Option { return []mockserver.Option{mockserver.WithInMemory()} }, "passthrough:///"},
	} {
		for _, front := range []bool{false, true} {
			for _, secure := range []bool{false, true} {
				name := network.name
				options := []mockserver.Option{mockserver.WithProject("demo")}
				if front {
					name += "+front"
					options = append(options, mockserver.WithHTTPFront())
				}
				if secure {
					name += "+tls"
					options = append(options, mockserver.WithTLS())
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					s := mocktest.New(t, append(options, network.options(name)...)...)
					if !strings.HasPrefix(s.Endpoint(), network.prefix) {
						t.Errorf("endpoint %q", s.Endpoint())
					}
					if strings.HasPrefix(s.HTTPURL(), "https:") != secure || (s.CACertPEM() != nil) != secure {
						t.Errorf("HTTP side at %s, certificate: %t", s.HTTPURL(), s.CACertPEM() != nil)
					}
					exercise(short(t), t, s)
				})
			}
		}
	}
}

// exercise logs in, calls, streams and uploads.
func exercise(ctx context.Context, t *testing.T, s *mockserver.Server) {
	t.Helper()
	conn := connect(t, s)
	wantCode(t, list(ctx, conn), codes.Unauthenticated)
	ctx = with(ctx, fetchToken(t, s))
	wantCode(t, list(ctx, conn), codes.OK)

	streaming, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := groups(streaming, conn, s)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || !first.GetSentinel() {
		t.Errorf("server stream: %v, %v", first, err)
	}
	cancel()
	_, err = stream.Recv()
	wantCode(t, err, codes.Canceled)

	both, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		ask := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
		if err := both.Send(ask); err != nil {
			t.Fatal(err)
		}
		if answer, err := both.Recv(); err != nil || answer.GetListServicesResponse() == nil {
			t.Fatalf("bidirectional stream: %v, %v", answer, err)
		}
	}
	if err := both.CloseSend(); err != nil {
		t.Error(err)
	}
	if _, err := both.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("end of the bidirectional stream: %v", err)
	}

	location, err := dataproxypb.NewDataProxyServiceClient(conn).CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: "demo", Domain: "development", Filename: "a.txt", FilenameRoot: "root",
	})
	if err != nil {
		t.Fatal(err)
	}
	put, err := http.NewRequestWithContext(ctx, http.MethodPut, location.GetSignedUrl(), strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range location.GetHeaders() {
		if !strings.EqualFold(key, "content-length") {
			put.Header.Set(key, value)
		}
	}
	if code, body := roundTrip(t, s, put); code != http.StatusOK {
		t.Fatalf("upload: %d %s", code, body)
	}
	key, ok := s.Objects().Key(location.GetNativeUrl())
	if data, found := s.Objects().Get(key); !ok || !found || string(data) != "hello" {
		t.Errorf("object %q: %q", location.GetNativeUrl(), data)
	}
}

// An hour passes at once in a bubble, and a goroutine left behind would fail it.
func TestInMemoryServerRunsOnABubblesTime(t *testing.T) {
	t.Parallel()
	for name, options := range map[string][]mockserver.Option{
		"plain": nil, "tls": {mockserver.WithTLS()}, "front": {mockserver.WithHTTPFront()},
		"front and tls": {mockserver.WithHTTPFront(), mockserver.WithTLS()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := mocktest.New(t, append(options, mockserver.WithInMemory(), mockserver.WithProject("demo"))...)
				exercise(t.Context(), t, s)

				conn, token := connect(t, s), fetchToken(t, s)
				wantCode(t, list(with(t.Context(), token), conn), codes.OK)
				time.Sleep(time.Hour)
				wantCode(t, list(with(t.Context(), token), conn), codes.Unauthenticated)
				wantCode(t, list(with(t.Context(), fetchToken(t, s)), conn), codes.OK)
			})
		})
	}
}

func TestTLSNeedsTheAuthority(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithTLS())
	dial := func(trusted *x509.CertPool) *grpc.ClientConn {
		conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
			RootCAs: trusted, MinVersion: tls.VersionTLS12,
		})))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(s.CACertPEM()) {
		t.Fatal("CACertPEM is no certificate")
	}
	ctx := with(short(t), fetchToken(t, s))
	wantCode(t, list(ctx, dial(pool)), codes.OK)
	wantCode(t, list(ctx, dial(x509.NewCertPool())), codes.Unavailable)
}

func TestAPIKeyHoldsURLAndClient(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithOAuth(oauth.Config{Clients: []oauth.Client{
		{ID: "first", Secret: "secret-of-the-first"}, {ID: "second", Secret: "secret-of-the-second"},
	}}))

	first, err := base64.StdEncoding.DecodeString(s.APIKey())
	if err != nil || string(first) != s.URL()+":first:secret-of-the-first:" {
		t.Errorf("got %q, %v", first, err)
	}
	key, err := s.APIKeyFor("second")
	if err != nil {
		t.Fatal(err)
	}
	if second, err := base64.StdEncoding.DecodeString(key); err != nil || !bytes.HasSuffix(second, []byte(":second:secret-of-the-second:")) {
		t.Errorf("got %q, %v", second, err)
	}
	if _, err := s.APIKeyFor("third"); !errors.Is(err, mockserver.ErrUnknownClient) {
		t.Errorf("unknown client: %v", err)
	}
	if s.ClientID() != "first" || s.ClientSecret() != "secret-of-the-first" {
		t.Errorf("client %q", s.ClientID())
	}
}

func TestHTTPClientStaysOnLoopback(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://192.0.2.1/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.HTTPClient().Do(r)
	if err == nil {
		_ = resp.Body.Close()
		t.Fatal("reached another machine")
	}
	if !strings.Contains(err.Error(), "loopback") {
		t.Errorf("got %v", err)
	}
}

func TestIssuerPathMovesTheDiscoveryDocuments(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithIssuerPath("/realms/demo"), mockserver.WithOAuth(oauth.Config{CamelCase: true}))
	for path, want := range map[string]string{
		"/.well-known/oauth-authorization-server/realms/demo": `"tokenEndpoint":"` + s.Issuer() + `/oauth2/token"`,
		"/realms/demo/.well-known/openid-configuration":       `"token_endpoint":"` + s.Issuer() + `/oauth2/token"`,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.HTTPURL()+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		if code, body := roundTrip(t, s, r); code != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	wantCode(t, list(with(short(t), fetchToken(t, s)), connect(t, s)), codes.OK)
}

func TestUnixSocketIsRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	s, err := mockserver.New(mockserver.WithUnixSocket(path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	if _, err := mockserver.New(mockserver.WithUnixSocket(path)); err == nil {
		t.Error("a second server took the same socket")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}
