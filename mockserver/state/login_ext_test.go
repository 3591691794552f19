package state_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
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

// What version 1 has kept opens for good; testdata/write has made the file.
func TestAFileOfVersion1Opens(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	for from, to := range map[string]string{"version1.state": path, "version1.json": path + ".json"} {
		if err := os.WriteFile(to, must(os.ReadFile(filepath.Join("testdata", from)))(t), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var login oauth.IssuedToken
	if err := json.Unmarshal(must(os.ReadFile(path+".json"))(t), &login); err != nil {
		t.Fatal(err)
	}

	s, _ := start(t, path)

	if code := called(t, s, login.AccessToken); code != codes.OK {
		t.Errorf("the access token: %v", code)
	}
	if access, _ := refresh(t, s, login.RefreshToken); access == "" {
		t.Error("the refresh token is refused")
	}
	if value, _ := s.Backend().SecretValue("development", "shop", "key"); string(value) != "value" {
		t.Errorf("the secret is %q", value)
	}
	if data, _ := s.Objects().Get("some/object"); string(data) != "content" {
		t.Errorf("the object is %q", data)
	}
	if !s.Backend().HasProject("shop") || !s.Backend().HasProject("attic") {
		t.Error("a project is missing")
	}
	runs := newClients(t, s).runs
	ctx := bearer(t.Context(), login.AccessToken)
	phase := func(name string) commonpb.ActionPhase {
		d := must(runs.GetRunDetails(ctx, &workflowpb.GetRunDetailsRequest{RunId: runID(name)}))(t)
		return d.GetDetails().GetAction().GetStatus().GetPhase()
	}
	if phase("ended") != succeeded || phase("under-way") != running {
		t.Errorf("the runs are %v and %v", phase("ended"), phase("under-way"))
	}
	s.Backend().Advance("under-way")
	for phase("under-way") == running {
		time.Sleep(5 * time.Millisecond)
	}
	if phase("under-way") != succeeded {
		t.Errorf("the run that was under way is %v", phase("under-way"))
	}
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
