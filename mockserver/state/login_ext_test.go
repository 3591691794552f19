package state_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/state"
)

// start starts a server over the file at path; stop ends both.
func start(t *testing.T, path string, opts ...mockserver.Option) (s *mockserver.Server, stop func()) {
	t.Helper()
	file, err := state.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err = mockserver.New(append([]mockserver.Option{mockserver.WithState(file)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return s, stop
}

func dial(t *testing.T, s *mockserver.Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.Endpoint(), grpc.WithTransportCredentials(s.TransportCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func bearer(ctx context.Context, token string) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func called(t *testing.T, s *mockserver.Server, token string) codes.Code {
	t.Helper()
	_, err := projectpb.NewProjectServiceClient(dial(t, s)).ListProjects(bearer(t.Context(), token), &projectpb.ListProjectsRequest{})
	return status.Code(err)
}

// refresh uses a refresh token of the public client.
func refresh(t *testing.T, s *mockserver.Server, token string) (access, next string) {
	t.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {mockserver.PublicClientID}}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.TokenURL(), strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Access, answer.Refresh
}

func TestALoginOutlivesTheServer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	first, stop := start(t, path)
	login, err := first.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{mockserver.DefaultScope}, Refresh: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, rotated := refresh(t, first, login.RefreshToken)
	if rotated == "" {
		t.Fatal("no refresh before the restart")
	}
	url, secret := first.URL(), first.ClientSecret()
	stop()

	second, _ := start(t, path)

	if second.URL() != url || second.ClientSecret() != secret {
		t.Errorf("the server is at %s with another secret = %t, want %s", second.URL(), second.ClientSecret() != secret, url)
	}
	if code := called(t, second, login.AccessToken); code != codes.OK {
		t.Errorf("the cached access token: %v", code)
	}
	access, next := refresh(t, second, rotated)
	if code := called(t, second, access); code != codes.OK || next == "" {
		t.Errorf("the refreshed token: %v", code)
	}
	if replayed, _ := refresh(t, second, login.RefreshToken); replayed != "" {
		t.Error("a refresh token of before the restart was accepted twice")
	}
	if code := called(t, second, access); code != codes.Unauthenticated {
		t.Errorf("after the reuse: %v, want the login to be revoked", code)
	}
}
