package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc/codes"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	corepb "github.com/jetway-go/jetway/gen/flyteidl2/core"
	taskpb "github.com/jetway-go/jetway/gen/flyteidl2/task"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	"github.com/jetway-go/jetway/mockserver"
	mock "github.com/jetway-go/jetway/mockserver/backend"
)

// Each script is a session with a backend that has something to do.
func TestWorkScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "work"),
		Setup: ownHome,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":  exits,
			"serve":  serve,
			"faulty": faulty,
			"shop":   shop,
			"web":    web,
		},
	})
}

// serve runs jetway mock with arguments until the script ends, and sets a variable for
// each fact that it prints, such as $ENDPOINT, $API_KEY and $SET_UP.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("serve cannot be negated")
	}
	program, err := exec.LookPath("jetway")
	ts.Check(err)
	c := exec.Command(program, append([]string{"mock", "-o", "json"}, args...)...)
	c.Dir = ts.MkAbs(".")
	out, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	ts.Defer(func() {
		// Not by an interrupt, which it ignores where the tests do, in the background of a shell.
		ts.Check(c.Process.Signal(syscall.SIGTERM))
		ts.Check(c.Wait()) // the mock is meant to be ended so
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	ts.Check(err)
	facts := map[string]string{}
	ts.Check(json.Unmarshal(line, &facts))
	for name, value := range facts {
		ts.Setenv(strings.ToUpper(name), value)
	}
}

// faulty starts an open backend with the project demo and the task hello, whose run has
// a child with a hostile name, and sets $ENDPOINT. Its arguments are words:
// break=METHOD:N breaks the next stream of a method after N messages, fail=METHOD:N lets
// the next N calls fail with Unavailable, and slow lets the run take an hour.
func faulty(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("faulty cannot be negated")
	}
	server, err := mockserver.New(mockserver.WithOpenAccess(), mockserver.WithProject("demo"))
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	ts.Check(server.Backend().AddTask(&taskpb.DeployTaskRequest{
		TaskId: &taskpb.TaskIdentifier{Project: "demo", Domain: "development", Name: "hello", Version: "v1"},
		Spec:   &taskpb.TaskSpec{TaskTemplate: &corepb.TaskTemplate{Type: "python"}},
	}))
	pause := 500 * time.Millisecond
	for _, arg := range args {
		what, of, _ := strings.Cut(arg, "=")
		method, count, _ := strings.Cut(of, ":")
		n, err := strconv.Atoi(count)
		switch {
		case arg == "slow":
			pause = time.Hour
		case err != nil:
			ts.Fatalf("faulty: %q: %v", arg, err)
		case what == "break":
			server.Script().BreakStream(method, n, codes.Unavailable, "cut")
		case what == "fail":
			server.Script().FailNext(method, n, codes.Unavailable, "down for now")
		default:
			ts.Fatalf("faulty: unknown argument %q", arg)
		}
	}
	server.Backend().SetTimeline("hello", mock.Timeline{Steps: []mock.Step{
		{After: 50 * time.Millisecond, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING, Logs: []string{"one", "tw\x1b[2Jo"}},
		{Action: "child\x1b[2J", New: &mock.NewAction{Parent: "a0"}, Phase: commonpb.ActionPhase_ACTION_PHASE_RUNNING},
		{After: pause, Logs: []string{"three"}},
		{Action: "child\x1b[2J", Phase: commonpb.ActionPhase_ACTION_PHASE_SUCCEEDED},
		{After: pause, Phase: commonpb.ActionPhase_ACTION_PHASE_FAILED, Error: &workflowpb.ErrorInfo{Message: "no\x1b[2J luck"}},
	}})
	ts.Setenv("ENDPOINT", server.URL())
}

// web starts an HTTP server and sets $WEB to its address.
func web(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: web")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/hub/api/ok", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"method": r.Method, "host": r.Host, "accept": r.Header["Accept"], "type": r.Header["Content-Type"], "own": r.Header["X-Own"],
			"login": strings.HasPrefix(r.Header.Get("Authorization"), "token "), "length": r.ContentLength,
		})
	})
	mux.HandleFunc("/hub/api/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.invalid/x?secret=1", http.StatusFound)
	})
	mux.HandleFunc("/hub/api/hostile", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("a\x1b[2Jb\n")) })
	mux.HandleFunc("/hub/api/status/{code}", func(w http.ResponseWriter, r *http.Request) {
		code, err := strconv.Atoi(r.PathValue("code"))
		if err != nil {
			code = http.StatusInternalServerError
		}
		http.Error(w, "the reason", code)
	})
	mux.HandleFunc("/hub/api/short", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("half"))
	})
	server := httptest.NewServer(mux)
	ts.Defer(server.Close)
	ts.Setenv("WEB", server.URL)
}
