package languages_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// python is Debian's own interpreter, which its packages belong to, whatever stands first in
// the path.
const python = "/usr/bin/python3"

func pythonPath() []string { return []string{"PYTHONPATH=gen", "PYTHONDONTWRITEBYTECODE=1"} }

// buildCommand builds jetway, once for all tests, and returns its path.
func buildCommand(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var built = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs(filepath.Join(root, ".tmp", "languages", "jetway"))
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-o", path, "./cmd/jetway")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build jetway: %w\n%s", err, out)
	}
	return path, nil
})

// output runs a process that has to succeed and returns what it wrote.
func output(t *testing.T, dir string, command []string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // for a hang
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), env)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return string(out)
}

// ownTests runs tests in another language, which start a mock by themselves.
func ownTests(t *testing.T, dir string, command []string, env ...string) {
	t.Helper()
	out := output(t, dir, command, append(env, "JETWAY="+buildCommand(t))...)
	// Both report what they ran: none would be a success too.
	if !strings.Contains(out, "7 tests in") && !strings.Contains(out, "pass 7") {
		t.Errorf("it ran something else:\n%s", out)
	}
}

// startCommand runs jetway mock until the test ends, and returns what it prints.
func startCommand(t *testing.T, flags ...string) map[string]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), buildCommand(t), append([]string{"mock", "--control", "-o", "json"}, flags...)...)
	// Not the interrupt, which it ignores where the tests do, in the background of a shell.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context ends before cleanup
	facts := map[string]string{}
	if err := json.NewDecoder(stdout).Decode(&facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

// pythonSettings pastes what the command prints in front of a program.
func pythonSettings(t *testing.T) {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for _, flags := range [][]string{{"--project", "pasted"}, {"--project", "pasted", "--tls", "--ca-file", ca}} {
		facts := startCommand(t, flags...)
		program := facts["python"] + `
import login, jetway_mock
from flyteidl2.project import project_service_pb2, project_service_pb2_grpc
from jetway.mock.v1 import requests_pb2
token = login.log_in(channel, client_id, client_secret)
service = project_service_pb2_grpc.ProjectServiceStub(channel)
print(service.ListProjects(project_service_pb2.ListProjectsRequest(), timeout=30, metadata=(token,)))
control = jetway_mock.Control(channel, control_secret)
print(control.ListRequests(requests_pb2.ListRequestsRequest()).token_requests, "token")
`
		out := output(t, "python", []string{python, "-c", program}, append(pythonPath(), "SSL_CERT_FILE="+ca)...)
		if !strings.Contains(out, `"pasted"`) || !strings.Contains(out, "1 token") {
			t.Errorf("it wrote %s", out)
		}
	}
}

// typescriptSettings does the same; TypeScript without types is JavaScript.
func typescriptSettings(t *testing.T) {
	t.Helper()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for i, flags := range [][]string{{"--project", "pasted"}, {"--project", "pasted", "--tls", "--ca-file", ca}} {
		facts := startCommand(t, flags...)
		program := facts["typescript"] + `
import { createClient } from "@connectrpc/connect";
import { ProjectService } from "#gen/flyteidl2/project/project_service_pb.js";
import { logIn, authenticated } from "./login.js";
const login = await logIn(transport, client);
const service = createClient(ProjectService, transport);
const { projects } = await service.listProjects({}, { headers: { [login.key]: "Bearer " + login.token } });
console.log(projects.projects.map((p) => p.id), controlSecret.length);
`
		file := filepath.Join("typescript", "build", "pasted"+string(rune('0'+i))+".mjs")
		if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
			t.Fatal(err)
		}
		var env []string
		if facts["ca_file"] != "" {
			env = []string{"NODE_EXTRA_CA_CERTS=" + ca}
		}
		if out := output(t, ".", []string{"node", file}, env...); !strings.Contains(out, "[ 'pasted' ] 26") {
			t.Errorf("it wrote %s", out)
		}
	}
}

// curl is the language of a shell.
func TestCurl(t *testing.T) {
	t.Parallel()
	facts := startCommand(t, "--project", "pasted")
	out := output(t, ".", []string{"bash", "-euo", "pipefail", "-c", facts["curl"] + "\nprintf '\\ntoken %s\\n' \"$token\""})
	if _, token, _ := strings.Cut(out, "\ntoken "); strings.Count(token, ".") != 2 {
		t.Errorf("it wrote %s", out)
	}
	// Calls by JSON are there if the mock takes them.
	calls := strings.Contains(facts["curl"], "/ListProjects")
	if calls != strings.Contains(out, `"id":"pasted"`) || calls != strings.Contains(out, `"tokenRequests":"1"`) {
		t.Errorf("it wrote %s", out)
	}
}

// The documentation has the helpers as they are.
func TestHelpersAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs", "languages.md"))
	if err != nil {
		t.Fatal(err)
	}
	for file, from := range map[string]string{"python/jetway_mock.py": "class Control", "typescript/mock.ts": "// control calls"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, helper, found := strings.Cut(string(text), from)
		if helper, _, _ = strings.Cut(helper, "\n}\n"); strings.HasSuffix(file, ".py") {
			helper, _, _ = strings.Cut(helper, "\n\n\n")
		}
		if !found || !strings.Contains(string(page), from+helper) {
			t.Errorf("docs/languages.md lacks this of %s:\n%s%s", file, from, helper)
		}
	}
}
