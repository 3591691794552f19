package keyring_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// programName is the variable with the path of jetway: the tests' own processes have no
// place of Go's to build in.
const programName = "JETWAY_KEYRING_PROGRAM"

// The command stores a login in the keyring and nothing in files, and shows and ends it there,
// although a keyring cannot be listed; also one that a program has made for a backend of a
// profile.
func TestCommandWithAKeyring(t *testing.T) { //nolint:paralleltest // sets a variable for its own process
	if os.Getenv(insideName) == "" {
		path := filepath.Join(t.TempDir(), "jetway")
		build := exec.CommandContext(t.Context(), "go", "build", "-o", path, "./cmd/jetway")
		build.Dir = filepath.Join("..", "..")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build jetway: %v\n%s", err, out)
		}
		t.Setenv(programName, path)
	}
	if !inside(t, busUsual) {
		return
	}
	unlockedKeyring(t)
	server, err := mockserver.New(mockserver.WithOAuth(oauth.Config{AutoApprove: "ada", DeviceInterval: time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), os.Getenv(programName), args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Errorf("jetway %s: %v\n%s", strings.Join(args, " "), err, out.String())
		}
		return out.String()
	}
	want := func(text string, parts ...string) {
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("there is no %q in: %s", part, text)
			}
		}
	}

	want(run("login", "--endpoint", server.URL(), "--device"), "stored in keyring (jetway:127.0.0.1:")
	want(run("login", "--profile", "own", "--endpoint", server.URL(), "--device"), "stored in keyring (jetway:127.0.0.1:")
	want(run("whoami"), "ada")
	mustStore(t, &tokenstore.KeyringStore{}, person, login("program")) // by another program
	run("profile", "add", "other", "--endpoint", endpoint)
	status := run("auth-status")
	want(status, "127.0.0.1:", endpoint, "keyring (jetway:", "then renewed")
	if n := strings.Count(status, "keyring ("); n != 2 {
		t.Errorf("%d logins are shown, want 2: %s", n, status)
	}
	files, err := filepath.Glob(filepath.Join(os.Getenv("HOME"), ".config", "jetway", "credentials", "*"))
	if err != nil || len(files) > 0 {
		t.Errorf("there are files %v, %v", files, err)
	}
	want(run("logout", "--all", "--timeout", "20s"), "Logged out of 127.0.0.1:", "Logged out of "+endpoint)
	want(run("auth-status"), "there is no login")
	mustLack(t, &tokenstore.KeyringStore{}, person)
	if c, err := (&tokenstore.KeyringStore{}).Retrieve(t.Context(), auth.Key{Endpoint: strings.TrimPrefix(server.URL(), "http://"), Flow: auth.StoredFlow}); err == nil {
		t.Errorf("the keyring still has %v", c)
	}
}
