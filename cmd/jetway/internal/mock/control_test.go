package mock

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	commonpb "github.com/jetway-go/jetway/gen/flyteidl2/common"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	workflowpb "github.com/jetway-go/jetway/gen/flyteidl2/workflow"
	mockpb "github.com/jetway-go/jetway/gen/jetway/mock/v1"
	"github.com/jetway-go/jetway/mockserver/control"
)

func dial(t *testing.T, target string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// Requests are kept for the control service, and for nothing else.
func TestTheControlServiceIsThereWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args, env []string
		secret    string
		code      codes.Code
	}{
		"off":           {nil, nil, "none-since-it-is-off", codes.Unimplemented},
		"a random one":  {[]string{"--control"}, nil, "", codes.OK},
		"a chosen one":  {[]string{"--control"}, []string{EnvControl, "chosen-for-this-test"}, "chosen-for-this-test", codes.OK},
		"the wrong one": {[]string{"--control"}, []string{EnvControl, "chosen-for-this-test"}, "another-for-this-test", codes.Unauthenticated},
	} {
		facts := startedWith(t, tt.env, tt.args...)
		secret := tt.secret
		if secret == "" {
			secret = facts["control secret"]
		}
		if printed := facts["control secret"]; (printed == "") != (tt.args == nil) || printed != "" && len(printed) < control.MinSecret {
			t.Errorf("%s: it prints a secret of %d characters", name, len(printed))
		}
		ctx := metadata.AppendToOutgoingContext(t.Context(), control.SecretKey, secret)
		healthy(t, facts["grpc target"], insecure.NewCredentials())
		list, err := mockpb.NewControlServiceClient(dial(t, facts["grpc target"])).ListRequests(ctx, &mockpb.ListRequestsRequest{})
		if status.Code(err) != tt.code || err == nil && len(list.GetRequests()) != 1 {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func TestAShortControlSecretIsRefused(t *testing.T) {
	t.Parallel()
	err := run(soon(t), []string{"--control"}, new(strings.Builder), new(strings.Builder), EnvControl, "short")
	if err == nil || !strings.Contains(err.Error(), "fewer than") || strings.Contains(err.Error(), "short;") {
		t.Errorf("got %v", err)
	}
}

// soon is the context of a command that is expected to fail: if it serves, it ends.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const seedText = `
clients:
  - {id: robot, secret: canary-of-the-robot}
users:
  - {login: grace, password: canary-of-grace}
projects:
  - {id: seeded}
tasks:
  - {project: seeded, name: hello}
runs:
  - {project: seeded, name: first, task: hello, timeline: [{phase: succeeded}]}
`

// seedFile writes a seed file.
func seedFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "seed.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestRunWithASeedFile(t *testing.T) {
	t.Parallel()
	facts := started(t, "--open", "--seed", seedFile(t, seedText))
	if facts["client id"] != "robot" || facts["client secret"] != "canary-of-the-robot" || facts["login"] != "grace" || facts["password"] != "canary-of-grace" {
		t.Errorf("it prints %v", facts)
	}
	if !strings.Contains(facts["set up"], " --project seeded --domain development ") {
		t.Errorf("set up: %q", facts["set up"])
	}
	conn := dial(t, facts["grpc target"])
	if _, err := projectpb.NewProjectServiceClient(conn).GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "seeded"}); err != nil {
		t.Error(err)
	}
	if _, err := workflowpb.NewRunServiceClient(conn).GetRunDetails(t.Context(), &workflowpb.GetRunDetailsRequest{
		RunId: &commonpb.RunIdentifier{Project: "seeded", Domain: "development", Name: "first"},
	}); err != nil {
		t.Error(err)
	}
}

// A client that cannot log in by itself has no API key; what is to be pasted lets its user
// log in instead.
func TestNoAPIKeyIsPrintedForAClientOfPeople(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"{id: app}", "{id: app, secret: canary, grants: [authorization_code]}"} {
		facts := started(t, "--control", "--seed", seedFile(t, "clients:\n- "+client+"\n- {id: robot, secret: canary}\n"))
		if facts["client id"] != "app" || facts["api key"] != "" || facts["log in"] != "jetway login --profile mock" ||
			facts["go"] != `cs, err := clientset.ForEndpoint("`+facts["endpoint"]+`")` {
			t.Errorf("%s: it prints %v", client, facts)
		}
	}
}

// What flags say about the client and the user comes first; the file's are there too.
func TestFlagsComeBeforeTheSeedFile(t *testing.T) {
	t.Parallel()
	f := &Flags{client: "ci", scopes: "all more", login: "ada", seedFile: seedFile(t, seedText)}
	if err := f.loadSeed(); err != nil {
		t.Fatal(err)
	}
	clients, accounts := f.clients(), f.accounts()
	if len(clients) != 2 || clients[0].ID != "ci" || clients[1].ID != "robot" || len(clients[1].Scopes) != 2 {
		t.Errorf("clients %v", clients)
	}
	if len(accounts) != 1 || accounts[0].Login != "grace" { // ada is the default
		t.Errorf("users %v", accounts)
	}
	f.client, f.login = "robot", "grace"
	if clients, accounts = f.clients(), f.accounts(); len(clients) != 1 || clients[0].Secret != "canary-of-the-robot" ||
		len(accounts) != 1 || accounts[0].Password != "canary-of-grace" {
		t.Errorf("named by flags: %v, %v", clients, accounts)
	}
	f.secret, f.password = "of the environment", "of the environment, too"
	if clients, accounts = f.clients(), f.accounts(); clients[0].Secret != f.secret || accounts[0].Password != f.password {
		t.Errorf("with variables: %v, %v", clients, accounts)
	}
}

func TestABadSeedFileEndsTheCommandWithItsLine(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"projects:\n- idd: canary\n":                            `line 2: there is no field "idd"`,
		"projects: []\nruns:\n- {project: none, name: first}\n": `line 3: project "none" not found`,
		"clients: [{id: a, secret: canary-xx}, {id: a}]\n":      "line 1: there is a client a already",
		"clients: [{id: a, grants: [canary]}]\n":                "grant",
	} {
		file := seedFile(t, text)
		err := run(soon(t), []string{"--seed", file}, new(strings.Builder), new(strings.Builder))
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
		if strings.HasPrefix(says, "line") && !strings.Contains(err.Error(), file) {
			t.Errorf("%q: %v names no file", text, err)
		}
	}
}

// A program waits for the file, reads it, and needs nothing else.
func TestTheReadyFileIsThereWhileTheMockServes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ready.json")
	if err := os.WriteFile(file, []byte("of an earlier run"), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Run("serving", func(t *testing.T) {
		facts := started(t, "--control", "--ready-file", file)
		text := waitFor(t, file)
		var ready map[string]string
		if err := json.Unmarshal(text, &ready); err != nil {
			t.Fatal(err)
		}
		for name, value := range facts {
			if got := ready[strings.ReplaceAll(name, " ", "_")]; got != value {
				t.Errorf("%s is %q, and was printed as %q", name, got, value)
			}
		}
		if ready["grpc_target"] != "127.0.0.1:"+ready["grpc_port"] || ready["http"] != "http://127.0.0.1:"+ready["http_port"] || ready["python"] == "" {
			t.Errorf("it has %v", ready)
		}
		healthy(t, ready["grpc_target"], insecure.NewCredentials())
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the file: %v, %v", info, err)
		}
	})
	left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	dotted, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
	if err != nil || len(left)+len(dotted) > 0 {
		t.Errorf("the command leaves %v, %v", left, dotted)
	}
}
