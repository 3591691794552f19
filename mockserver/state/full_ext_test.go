package state_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/testing/protocmp"

	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	secretpb "github.com/jetway-go/jetway/gen/flyteidl2/secret"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/state"
)

// limited is a file on a disk that can be full.
type limited struct {
	*state.File

	broken atomic.Pointer[error]
}

func (l *limited) Commit(changes map[string]map[string][]byte) error {
	if err := l.broken.Load(); err != nil {
		return &state.Error{Path: l.Path(), Op: "write", Err: *err}
	}
	return l.File.Commit(changes)
}

func (l *limited) fail(err error) { l.broken.Store(&err) }
func (l *limited) work()          { l.broken.Store(nil) }

func createSecret(name string) *secretpb.CreateSecretRequest {
	return &secretpb.CreateSecretRequest{
		Id:         &secretpb.SecretIdentifier{Name: name, Domain: "development", Project: "shop"},
		SecretSpec: &secretpb.SecretSpec{Value: &secretpb.SecretSpec_StringValue{StringValue: "v"}},
	}
}

func createRun(name string) *workflowpb.CreateRunRequest {
	return &workflowpb.CreateRunRequest{
		Id: &workflowpb.CreateRunRequest_RunId{RunId: runID(name)}, Task: &workflowpb.CreateRunRequest_TaskId{TaskId: taskID("every", "v1")},
	}
}

func TestWhatCannotBeWrittenIsRefusedAndUndone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	file := must(state.Open(path))(t)
	disk := &limited{File: file}
	s := must(mockserver.New(mockserver.WithState(disk), mockserver.WithOpenAccess()))(t)
	fill(t, s)
	c, ctx := newClients(t, s), t.Context()
	login := must(s.Script().IssueToken(oauth.TokenSpec{
		Subject: "ada", ClientID: mockserver.PublicClientID, Scopes: []string{mockserver.DefaultScope}, Refresh: true,
	}))(t)
	for _, run := range []string{"first", "second"} {
		waitForPhase(t, s, run, "child", running, 1)
	}
	up := must(c.data.CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: "shop", Domain: "development", Filename: "new.txt", FilenameRoot: "root",
	}))(t)
	watch := must(c.runs.WatchRunDetails(ctx, &workflowpb.WatchRunDetailsRequest{RunId: runID("second")}))(t)
	must(watch.Recv())(t)
	before := seen(t, s)

	disk.fail(syscall.ENOSPC)

	for name, call := range map[string]func() error{
		"a secret": func() error { _, err := c.secrets.CreateSecret(ctx, createSecret("more")); return err },
		"a project": func() error {
			_, err := c.projects.CreateProject(ctx, &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: "more"}})
			return err
		},
		"a changed project": func() error {
			_, err := c.projects.UpdateProject(ctx, &projectpb.UpdateProjectRequest{Project: &projectpb.Project{Id: "shop"}})
			return err
		},
		"a version": func() error {
			_, err := c.tasks.DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: taskID("sum", "v3"), Spec: &taskpb.TaskSpec{}})
			return err
		},
		"a changed version": func() error {
			_, err := c.tasks.DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: taskID("sum", "v1"), Spec: &taskpb.TaskSpec{}})
			return err
		},
		"a run": func() error { _, err := c.runs.CreateRun(ctx, createRun("third")); return err },
		"an abort": func() error {
			_, err := c.runs.AbortRun(ctx, &workflowpb.AbortRunRequest{RunId: runID("second")})
			return err
		},
	} {
		err := call()
		if status.Code(err) != codes.ResourceExhausted || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s: %v, want ResourceExhausted with the file and the reason", name, err)
		}
	}
	// A watch of the run that was to be aborted does not go on with what is undone.
	if _, err := watch.Recv(); status.Code(err) != codes.Unavailable && status.Code(err) != codes.ResourceExhausted {
		t.Errorf("the watch: %v, want its end", err)
	}
	for name, at := range map[string]struct {
		method, url, body, contentType string
	}{
		"a refresh": {
			http.MethodPost, s.TokenURL(),
			url.Values{"grant_type": {"refresh_token"}, "refresh_token": {login.RefreshToken}, "client_id": {mockserver.PublicClientID}}.Encode(),
			"application/x-www-form-urlencoded",
		},
		"an object": {http.MethodPut, up.GetSignedUrl(), "content", "text/plain"},
	} {
		req := must(http.NewRequestWithContext(ctx, at.method, at.url, strings.NewReader(at.body)))(t)
		req.Header.Set("Content-Type", at.contentType)
		resp, err := s.HTTPClient().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Error string }
		if name == "a refresh" {
			if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Error != "server_error" {
				t.Errorf("%s: %v %v", name, answer, err)
			}
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusInsufficientStorage {
			t.Errorf("%s: %s, want 507", name, resp.Status)
		}
	}
	if s.Backend().Advance("first") != 1 {
		t.Fatal("no run to advance")
	}
	for { // until that is undone
		if _, err := c.secrets.ListSecrets(ctx, &secretpb.ListSecretsRequest{}); err == nil {
			break
		}
	}
	if diff := cmp.Diff(before, seen(t, s), protocmp.Transform()); diff != "" {
		t.Errorf("the memory has changed (-before +now):\n%s", diff)
	}

	disk.fail(syscall.EIO)
	if _, err := c.secrets.CreateSecret(ctx, createSecret("more")); status.Code(err) != codes.Internal {
		t.Errorf("on a broken disk: %v, want Internal", err)
	}

	disk.work()

	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := c.secrets.CreateSecret(ctx, createSecret("more")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("once there is space: %v", err)
		}
	}
	if access, _ := refresh(t, s, login.RefreshToken); access == "" {
		t.Error("the login has not survived the full disk")
	}
	upload(t, s, up.GetSignedUrl(), "content")
	s.Backend().Advance("first")
	s.Backend().Advance("first")
	waitForPhase(t, s, "first", "a0", succeeded, 2)
	now := seen(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}

	again, _ := start(t, path, mockserver.WithOpenAccess())

	if diff := cmp.Diff(now, seen(t, again), protocmp.Transform()); diff != "" {
		t.Errorf("the file is not what the memory was (-memory +file):\n%s", diff)
	}
}

// A server that cannot keep what it begins with does not start.
func TestAServerDoesNotStartOnAFullDisk(t *testing.T) {
	t.Parallel()
	file := must(state.Open(filepath.Join(t.TempDir(), "state")))(t)
	disk := &limited{File: file}
	disk.fail(syscall.ENOSPC)

	_, err := mockserver.New(mockserver.WithState(disk))

	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("%v, want the reason", err)
	}
	if err := file.Close(); err != nil {
		t.Error(err)
	}
}
