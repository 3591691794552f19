package languages_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
	"github.com/jetway-go/jetway/mockserver/requests"
)

func TestTypeScript(t *testing.T) {
	t.Parallel()
	generate(t, "buf.gen.typescript.yaml")
	run(t, "typescript", "node_modules/.bin/tsc") // strict; see tsconfig.json
	suite(t, language{name: "typescript", dir: "typescript", command: []string{"node", "build/main.js"}})
	t.Run("with the mock under its control", func(t *testing.T) {
		t.Parallel()
		ownTests(t, "typescript", []string{"node", "--test", "--test-reporter=spec", "build/control.test.js"})
	})
	t.Run("by the settings that the command prints", func(t *testing.T) {
		t.Parallel()
		typescriptSettings(t)
	})
	everyProtocol(t, language{name: "typescript", dir: "typescript", command: []string{"node", "build/every.js"}}, ways())
}

func TestPython(t *testing.T) {
	t.Parallel()
	generate(t, "buf.gen.python.yaml")
	suite(t, language{
		name: "python", dir: "python",
		command: []string{python, "main.py"},
		env:     pythonPath(),
	})
	t.Run("with the mock under its control", func(t *testing.T) {
		t.Parallel()
		ownTests(t, "python", []string{python, "-m", "unittest", "--verbose", "test_control.py"}, pythonPath()...)
	})
	t.Run("by the settings that the command prints", func(t *testing.T) {
		t.Parallel()
		pythonSettings(t)
	})
	everyProtocol(t, language{name: "python", dir: "python", command: []string{python, "every.py"}, env: pythonPath()},
		[]way{{Protocol: "grpc", HTTP: "2", Binary: true}, {Protocol: "grpc", HTTP: "2", Binary: true, Gzip: true}})
}

// authenticated are the calls that a client makes with its token, in order; it watches and
// looks again as often as it takes until the run has ended.
var authenticated = []string{
	"/flyteidl2.task.TaskService/DeployTask",
	"/flyteidl2.task.TaskService/GetTaskDetails",
	"/flyteidl2.workflow.RunService/CreateRun",
	"/flyteidl2.workflow.RunService/WatchActionDetails",
	"/flyteidl2.workflow.RunService/GetActionDetails",
	"/flyteidl2.secret.SecretService/CreateSecret",
	"/flyteidl2.secret.SecretService/GetSecret",
}

// refused are the calls that it makes without one.
var refused = []string{
	"/flyteidl2.secret.SecretService/ListSecrets",
	"/flyteidl2.task.TaskService/GetTaskDetails",
	"/flyteidl2.workflow.RunService/CreateRun",
	"/flyteidl2.workflow.RunService/WatchActionDetails",
}

func suite(t *testing.T, l language) {
	t.Helper()
	for _, tt := range []struct {
		name    string
		options []mockserver.Option
	}{
		{"a backend as it comes", nil},
		{"a client whose name and secret need encoding", []mockserver.Option{
			mockserver.WithOAuth(oauth.Config{Clients: []oauth.Client{{ID: "team a:ci", Secret: "50% + é/&=?"}}}),
		}},
		{"another metadata key, an audience, opaque tokens", []mockserver.Option{
			mockserver.WithHeaderKey("flyte-authorization"), mockserver.WithAudience("api://flyte"),
			mockserver.WithOAuth(oauth.Config{Opaque: true}),
		}},
		{"a backend with TLS", []mockserver.Option{mockserver.WithTLS()}},
		{"a backend behind net/http", []mockserver.Option{mockserver.WithHTTPFront()}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := mocktest.New(t, append(tt.options, mockserver.WithProject("demo"))...)
			stdout, stderr, err := l.start(t, settingsFor(server), trust(t, server)...)
			var got story
			if err != nil || json.Unmarshal([]byte(stdout), &got) != nil {
				t.Fatalf("%v\n%s%s", err, stdout, stderr)
			}
			checkStory(t, l, got)
			checkRequests(t, server)
		})
	}
	t.Run("a server that nobody vouches for", func(t *testing.T) {
		t.Parallel()
		server := mocktest.New(t, mockserver.WithTLS())
		if stdout, _, err := l.start(t, settingsFor(server)); err == nil || len(server.Requests()) != 0 {
			t.Errorf("it was trusted: %s", stdout)
		}
	})
	t.Run("a wrong secret", func(t *testing.T) {
		t.Parallel()
		server := mocktest.New(t, mockserver.WithProject("demo"))
		s := settingsFor(server)
		s.Client.Secret = "wrong-canary"
		stdout, stderr, err := l.start(t, s)
		if err == nil || stdout != "" {
			t.Errorf("the client did its work: %s", stdout)
		}
		if !strings.Contains(stderr, "invalid_client") || strings.Contains(stderr, "canary") {
			t.Errorf("it said %s", stderr)
		}
	})
}

// checkStory compares what the client says with what should have happened.
func checkStory(t *testing.T, l language, got story) {
	t.Helper()
	for _, call := range []string{"task", "run", "secret", "stream"} {
		if code := got.Refusals[call]; !strings.EqualFold(code, codes.Unauthenticated.String()) {
			t.Errorf("without a token, %s: %s", call, code)
		}
	}
	if got.Task != l.name || got.Run == "" || got.Secret != l.name || !watched(got.Phases) {
		t.Errorf("it says %+v", got)
	}
}

// watched tells whether phases are those of a run that succeeded, in order. A
// watcher that comes late sees the later ones only.
func watched(phases []string) bool {
	rest := []string{"QUEUED", "WAITING_FOR_RESOURCES", "INITIALIZING", "RUNNING", "SUCCEEDED"}
	for _, p := range phases {
		i := slices.Index(rest, p)
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
	}
	return len(phases) > 0 && len(rest) == 0
}

// checkRequests compares what the server saw with what should have happened.
func checkRequests(t *testing.T, server *mockserver.Server) {
	t.Helper()
	var bare, with []string
	tokens := map[string]bool{}
	for _, r := range settled(t, server) {
		switch {
		case r.Kind != requests.KindGRPC || strings.HasPrefix(r.Method, "/flyteidl2.auth."):
		case r.TokenID == "":
			bare = append(bare, r.Method)
			if r.Code != codes.Unauthenticated {
				t.Errorf("%s without a token: %v", r.Method, r.Code)
			}
		default:
			with = append(with, r.Method)
			tokens[r.TokenID] = true
			if r.Code != codes.OK || r.Authorizations != 1 {
				t.Errorf("%s: %v with %d tokens", r.Method, r.Code, r.Authorizations)
			}
		}
	}
	slices.Sort(bare)
	with = untilEnded(with)
	if !slices.Equal(bare, refused) || !slices.Equal(with, authenticated) {
		t.Errorf("without a token %q, with one %q", bare, with)
	}
	if len(tokens) != 1 || server.TokenRequests() != 1 {
		t.Errorf("%d tokens in %d requests, want one", len(tokens), server.TokenRequests())
	}
}

// untilEnded leaves out repetitions of a watch and a look after it.
func untilEnded(methods []string) (out []string) {
	for _, m := range methods {
		if strings.HasSuffix(m, "ActionDetails") && slices.Contains(out, m) {
			continue
		}
		out = append(out, m)
	}
	return out
}
