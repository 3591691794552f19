package login_test

import (
	"bufio"
	"bytes"
	"context"

	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// command is the program jetway, with a home of its own.
type command struct {
	path, home, address string
}

// buildCommand builds jetway as it is installed. Its $BROWSER writes the address that it is to
// open into a pipe.
func buildCommand(t *testing.T) *command {
	t.Helper()
	home := t.TempDir()
	c := &command{path: filepath.Join(home, "bin", "jetway"), home: home, address: filepath.Join(home, "address")}
	build := exec.CommandContext(t.Context(), "go", "build", "-o", c.path, "./cmd/jetway")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build jetway: %v\n%s", err, out)
	}
	script := "#!/bin/sh\nprintf '%s\\n' \"$1\" >" + c.address + "\n"
	if err := os.WriteFile(filepath.Join(home, "bin", "browser"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mkfifo", c.address).CombinedOutput(); err != nil {
		t.Fatalf("mkfifo: %v\n%s", err, out)
	}
	return c
}

// run returns the process, not started yet.
func (c *command) run(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.home, "BROWSER=" + filepath.Join(c.home, "bin", "browser")}
	return cmd
}

// must runs a process that has to succeed without asking anything, and returns its output.
func (c *command) must(t *testing.T, args ...string) string {
	t.Helper()
	cmd := c.run(t.Context(), append(args, "--no-input")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("jetway %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}

// A person logs in with the command and Chromium, in both ways. After each, another process
// calls without a login of its own, and so does a third one after the token's end.
func TestChromiumCompletesTheCommand(t *testing.T) {
	t.Parallel()
	server, err := mockserver.New(mockserver.WithProject("demo"), mockserver.WithOAuth(oauth.Config{
		Accounts: []oauth.Account{{Login: user, Password: password}}, DeviceInterval: time.Second,
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	c := buildCommand(t)
	tab := newChromium(t)

	login := c.run(t.Context(), "login", "--endpoint", server.URL(), "--browser", "--redirect-uri", "http://127.0.0.1/callback")
	said := startTalking(t, login)
	address, err := os.ReadFile(c.address) // waits for the browser to be opened
	if err != nil {
		t.Fatal(err)
	}
	page, err := tab.browse(strings.TrimSpace(string(address)))
	if err != nil || !strings.Contains(page.Text, "Logged in") {
		t.Errorf("chromium ended at %q, %v", page.Text, err)
	}
	if text := said.all(t, login); !strings.Contains(text, "Logged in to") || !strings.Contains(text, "as "+user) {
		t.Errorf("jetway login says %s", text)
	}
	callsAsUser(t, c, server)
	c.must(t, "logout", "--revoke")

	login = c.run(t.Context(), "login", "--device")
	said = startTalking(t, login)
	tab.code = said.until(t, regexp.MustCompile(`^ +([A-Z0-9]{4}-[A-Z0-9]{4})$`))
	page, err = tab.browse(said.until(t, regexp.MustCompile(`^ +(http\S+user_code=\S+)$`)))
	if err != nil {
		t.Errorf("chromium ended at %q, %v", page.Text, err)
	}
	if text := said.all(t, login); !strings.Contains(text, "as "+user) {
		t.Errorf("jetway login --device says %s", text)
	}
	callsAsUser(t, c, server)
}

// callsAsUser makes calls by other processes; no flow runs for them, and one renewal at most.
func callsAsUser(t *testing.T, c *command, server *mockserver.Server) {
	t.Helper()
	server.ResetRequests()
	if who := c.must(t, "whoami", "-o", "name"); who != user {
		t.Errorf("a second process calls as %q", who)
	}
	if list := c.must(t, "project", "list", "-o", "name"); list != "demo" {
		t.Errorf("it sees the projects %q", list)
	}
	if n := server.TokenRequests(); n != 0 {
		t.Errorf("it sent %d token requests, want none", n)
	}
	server.Script().ExpireTokens()
	if who := c.must(t, "whoami", "-o", "name"); who != user {
		t.Errorf("after the token's end a process calls as %q", who)
	}
	if n := server.TokenRequests(); n != 1 {
		t.Errorf("it sent %d token requests, want 1", n)
	}
}

// talk is what a process writes to standard error, line by line.
type talk struct {
	lines *bufio.Scanner
	text  strings.Builder
}

func startTalking(t *testing.T, cmd *exec.Cmd) *talk {
	t.Helper()
	pipe, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &talk{lines: bufio.NewScanner(pipe)}
}

// until reads to the line that matches, and returns its part in parentheses.
func (s *talk) until(t *testing.T, form *regexp.Regexp) string {
	t.Helper()
	for s.lines.Scan() {
		s.text.WriteString(s.lines.Text() + "\n")
		if found := form.FindStringSubmatch(s.lines.Text()); found != nil {
			return found[1]
		}
	}
	t.Fatalf("no line is like %v:\n%s", form, s.text.String())
	return ""
}

// all reads to the end of the process, which has to succeed.
func (s *talk) all(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	for s.lines.Scan() {
		s.text.WriteString(s.lines.Text() + "\n")
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("jetway login: %v\n%s", err, s.text.String())
	}
	return s.text.String()
}
