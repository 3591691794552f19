package state_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	dataproxypb "github.com/jetway-go/jetway/gen/flyteidl2/dataproxy"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/state"
)

// victim is a server in a process of its own.
type victim struct {
	clients

	tokenURL string
	kill     func()
}

func startVictim(t *testing.T, path string) *victim {
	t.Helper()
	return startProcess(t, path, exec.CommandContext(t.Context(), os.Args[0]))
}

// startProcess starts cmd, which runs this program.
func startProcess(t *testing.T, path string, cmd *exec.Cmd) *victim {
	t.Helper()
	cmd.Env = append(os.Environ(), state.VictimFile+"="+path)
	out := must(cmd.StdoutPipe())(t)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(stop)
	facts := map[string]string{}
	if err := json.Unmarshal(must(bufio.NewReader(out).ReadBytes('\n'))(t), &facts); err != nil {
		t.Fatal(err)
	}
	conn := must(grpc.NewClient(facts["grpc"], grpc.WithTransportCredentials(insecure.NewCredentials())))(t)
	return &victim{clients: clientsOn(conn), tokenURL: facts["token"], kill: func() {
		stop()
		_ = conn.Close()
	}}
}

// ledger is what servers have acknowledged.
type ledger struct {
	mu                             sync.Mutex
	projects, secrets, tasks, runs []string
	objects                        map[string]string // content by key
	access, refresh                []string          // the latest of each login
	used                           []string          // refresh tokens that were rotated, of the same logins
	acknowledged                   int
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged
}

// worker makes changes until the server is gone, and notes those that it acknowledged.
type worker struct {
	v               *victim
	l               *ledger
	name            string
	n               int
	access, refresh string
	used            string
}

func (w *worker) work(ctx context.Context) {
	steps := []func(context.Context, string) (func(), error){w.secret, w.project, w.task, w.run, w.object, w.login, w.rotate, w.rotate}
	for ; ; w.n++ {
		note, err := steps[rand.IntN(len(steps))](ctx, fmt.Sprintf("%s-%d", w.name, w.n))
		if err != nil {
			return // what it was doing may have happened or not
		}
		w.l.mu.Lock()
		note()
		w.l.acknowledged++
		w.l.mu.Unlock()
	}
}

func (w *worker) secret(ctx context.Context, name string) (func(), error) {
	_, err := w.v.secrets.CreateSecret(ctx, createSecret(name))
	return func() { w.l.secrets = append(w.l.secrets, name) }, err
}

func (w *worker) project(ctx context.Context, name string) (func(), error) {
	_, err := w.v.projects.CreateProject(ctx, &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: name}})
	return func() { w.l.projects = append(w.l.projects, name) }, err
}

func (w *worker) task(ctx context.Context, name string) (func(), error) {
	_, err := w.v.tasks.DeployTask(ctx, &taskpb.DeployTaskRequest{TaskId: taskID(name, "v1"), Spec: &taskpb.TaskSpec{}})
	return func() { w.l.tasks = append(w.l.tasks, name) }, err
}

func (w *worker) run(ctx context.Context, name string) (func(), error) {
	_, err := w.v.runs.CreateRun(ctx, &workflowpb.CreateRunRequest{
		Id:   &workflowpb.CreateRunRequest_RunId{RunId: runID(name)},
		Task: &workflowpb.CreateRunRequest_TaskSpec{TaskSpec: &taskpb.TaskSpec{}},
	})
	return func() { w.l.runs = append(w.l.runs, name) }, err
}

func (w *worker) object(ctx context.Context, name string) (func(), error) {
	up, err := w.v.data.CreateUploadLocation(ctx, &dataproxypb.CreateUploadLocationRequest{
		Project: "shop", Domain: "development", FilenameRoot: "r", Filename: name,
	})
	if err != nil {
		return nil, err
	}
	content := strings.Repeat(name, 1+rand.IntN(2000))
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, up.GetSignedUrl(), strings.NewReader(content))
	if err != nil {
		return nil, err
	}
	if err := do(req, nil); err != nil {
		return nil, err
	}
	return func() { w.l.objects["uploads/shop/development/r/"+name] = content }, nil
}

func (w *worker) login(ctx context.Context, _ string) (func(), error) {
	if w.refresh != "" {
		return func() {}, nil
	}
	return w.token(ctx, url.Values{"grant_type": {"password"}, "username": {"ada"}, "password": {state.VictimPassword}})
}

func (w *worker) rotate(ctx context.Context, name string) (func(), error) {
	if w.refresh == "" {
		return w.login(ctx, name)
	}
	w.used = w.refresh
	return w.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.refresh}})
}

func (w *worker) token(ctx context.Context, form url.Values) (func(), error) {
	form.Set("client_id", mockserver.PublicClientID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.v.tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var answer struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	w.access, w.refresh = "", "" // until the answer: the tokens may have been rotated
	if err := do(req, &answer); err != nil {
		return nil, err
	}
	w.access, w.refresh = answer.Access, answer.Refresh
	return func() {}, nil
}

// do sends a request whose answer must be a success, in JSON if into is not nil.
func do(req *http.Request, into any) error {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// kills returns how often the server is killed.
func kills(t *testing.T) int {
	t.Helper()
	text := os.Getenv("JETWAY_TEST_KILLS")
	if text == "" {
		return 8
	}
	return must(strconv.Atoi(text))(t)
}

func TestAKilledServerComesBackWithWhatItHasAcknowledged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state")
	l := &ledger{projects: []string{"shop"}, objects: map[string]string{}}
	first := startVictim(t, path)
	must(first.projects.CreateProject(t.Context(), &projectpb.CreateProjectRequest{Project: &projectpb.Project{Id: "shop"}}))(t)
	first.kill()
	for round := range kills(t) {
		v := startVictim(t, path)
		var wg sync.WaitGroup
		for i := range 8 {
			w := &worker{v: v, l: l, name: fmt.Sprintf("k%d-%d", round, i)}
			wg.Go(func() {
				w.work(t.Context())
				if w.refresh != "" { // no refresh was under way
					l.mu.Lock()
					l.access, l.refresh = append(l.access, w.access), append(l.refresh, w.refresh)
					l.used = append(l.used, w.used)
					l.mu.Unlock()
				}
			})
		}
		time.Sleep(50*time.Millisecond + rand.N(250*time.Millisecond))
		for end := time.Now().Add(time.Minute); l.count() < 30*(round+1) && time.Now().Before(end); { // on a slow machine
			time.Sleep(10 * time.Millisecond)
		}
		v.kill()
		wg.Wait()
	}
	if l.acknowledged < 100 || len(l.runs) < 5 || len(l.objects) < 5 || len(l.refresh) < 2 {
		t.Fatalf("too little was acknowledged: %d, %d runs, %d objects, %d logins", l.acknowledged, len(l.runs), len(l.objects), len(l.refresh))
	}
	t.Logf("%d changes were acknowledged, among them %d runs, %d objects, %d logins", l.acknowledged, len(l.runs), len(l.objects), len(l.refresh))

	s, _ := start(t, path, mockserver.WithOpenAccess(), state.VictimLogin())

	l.check(t, s)
}

// check looks for everything that was acknowledged.
func (l *ledger) check(t *testing.T, s *mockserver.Server) {
	t.Helper()
	c, ctx := newClients(t, s), t.Context()
	for _, id := range l.projects {
		if !s.Backend().HasProject(id) {
			t.Errorf("project %s is lost", id)
		}
	}
	for _, name := range l.secrets {
		if value, ok := s.Backend().SecretValue("development", "shop", name); !ok || string(value) != "v" {
			t.Errorf("secret %s is lost", name)
		}
	}
	for _, name := range l.tasks {
		if _, err := c.tasks.GetTaskDetails(ctx, &taskpb.GetTaskDetailsRequest{TaskId: taskID(name, "v1")}); err != nil {
			t.Errorf("task %s: %v", name, err)
		}
	}
	for key, want := range l.objects {
		if got, _ := s.Objects().Get(key); string(got) != want {
			t.Errorf("object %s has %d bytes, want %d", key, len(got), len(want))
		}
	}
	for _, name := range l.runs {
		waitForPhase(t, s, name, "a0", succeeded, 1)
		got := logs(t, c, &commonpb.ActionIdentifier{Run: runID(name), Name: "a0"}, 1)
		for _, line := range []string{"task started", "task is working", "task finished"} {
			if strings.Count(got, line) != 1 {
				t.Errorf("run %s: %q is %d times in its log", name, line, strings.Count(got, line))
			}
		}
	}
	w := &worker{v: &victim{tokenURL: s.TokenURL()}, l: l}
	for i, refresh := range l.refresh {
		if _, err := c.projects.ListProjects(bearer(ctx, l.access[i]), &projectpb.ListProjectsRequest{Limit: 1}); status.Code(err) != codes.OK {
			t.Errorf("login %d: its access token: %v", i, err)
		}
		w.refresh = refresh
		if _, err := w.rotate(ctx, ""); err != nil {
			t.Errorf("login %d: its refresh token: %v", i, err)
		}
		next := w.refresh
		if w.refresh = l.used[i]; w.refresh == "" {
			continue
		}
		if _, err := w.rotate(ctx, ""); err == nil {
			t.Errorf("login %d: a refresh token was accepted twice", i)
		}
		w.refresh = next
		if _, err := w.rotate(ctx, ""); err == nil {
			t.Errorf("login %d outlives the reuse", i)
		}
	}
}
