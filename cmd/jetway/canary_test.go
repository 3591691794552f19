package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Whatever is asked for, and however it fails, no secret is written anywhere but to the
// login's own file, and by jetway token to standard output.
func TestNoCommandShowsASecret(t *testing.T) {
	t.Parallel()
	server := approving(t, oauth.Config{DeviceInterval: time.Second})
	p := newPerson(t, "CANARY="+server.ClientSecret(), "FLYTE_TASK_PROJECT=demo", "FLYTE_TASK_DOMAIN=development")
	secret := filepath.Join(p.home, "secret")
	if err := os.WriteFile(secret, []byte(server.ClientSecret()), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := &secrettest.Sink{}
	run := func(stdin string, args ...string) string {
		cmd, stdout, stderr := p.command(t.Context(), append(args, "-vv")...)
		cmd.Stdin = strings.NewReader(stdin)
		_ = cmd.Run() // many have to fail
		_, _ = shown.Write(stderr.Bytes())
		if args[0] != "token" {
			_, _ = shown.Write(stdout.Bytes())
		}
		return stdout.String()
	}
	secrets := []string{server.ClientSecret(), server.APIKey(), server.Password()}
	logins := [][]string{
		{"login", "-e", server.URL(), "--browser", freePort},
		{"login", "--device"},
		{"login", "--client-id", server.ClientID(), "--client-secret-file", secret},
		{"login", "--client-id", server.ClientID(), "--client-secret-env", "CANARY"},
		{"login", "--client-id", "other", "--client-secret-env", "CANARY"},
		{"login", "--client-id", server.ClientID(), "--client-secret-file", "-"},
		{"login", "--api-key-stdin"},
	}
	inputs := map[string]string{"-": server.ClientSecret(), "--api-key-stdin": server.APIKey()}
	for _, args := range logins {
		run(inputs[args[len(args)-1]], args...)
		secrets = append(secrets, tokensOf(t, p)...)
		for _, format := range []string{"raw", "json", "header", "netrc", "exec-credential"} {
			run("", "token", "--format", format)
		}
	}
	for _, line := range []string{
		"whoami", "whoami -o json", "auth-status", "auth-status -o yaml", "doctor", "doctor -o json", "config view", "config explain -o json",
		"config path", "profile list -o json", "project list", "task list", "run list", "secret list", "http GET /", "http GET /nowhere -i",
		"call flyteidl2.project.ProjectService/ListProjects", "call no.Such/Method", "run get missing", "version", "token --format nope",
		"project list -e http://127.0.0.1:1", "logout", "whoami", "logout --all", "auth-status",
	} {
		run("", strings.Fields(line)...)
	}
	p.env = append(p.env, "FLYTE_API_KEY="+server.APIKey())
	for _, line := range []string{"login", "whoami", "config view", "config explain", "doctor", "project list -o json"} {
		run("", strings.Fields(line)...)
	}
	p.env = append(p.env, "FLYTE_API_KEY="+server.APIKey()[:len(server.APIKey())-3]+"!")
	run("", "whoami")
	shown.Hides(t, secrets...)
	shown.Heard(t, "Logged in to", "DEBUG")
}

// tokensOf returns the tokens that are stored.
func tokensOf(t *testing.T, p *person) []string {
	t.Helper()
	store := &tokenstore.FileStore{Dir: filepath.Join(p.home, "config", "jetway", "credentials")}
	keys, err := store.List(t.Context())
	if err != nil || len(keys) == 0 {
		t.Fatalf("%d logins, %v", len(keys), err)
	}
	var tokens []string
	for _, key := range keys {
		c, err := store.Retrieve(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, nonempty(c)...)
	}
	return tokens
}

func nonempty(c *auth.Credentials) []string {
	if c.RefreshToken == "" {
		return []string{c.AccessToken}
	}
	return []string{c.AccessToken, c.RefreshToken}
}
