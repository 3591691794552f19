package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// freePort lets several logins run at a time.
const freePort = "--redirect-uri=http://127.0.0.1/callback"

// person is someone with a home of their own, who runs real processes of jetway.
type person struct {
	home string
	env  []string
}

func newPerson(t *testing.T, env ...string) *person {
	t.Helper()
	home := t.TempDir()
	p := &person{home: home, env: []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + filepath.Join(home, "config"), "XDG_CACHE_HOME=" + filepath.Join(home, "cache"),
		"BROWSER=browse", "NO_COLOR=1", "GORACE=" + raceAtExit,
	}}
	p.env = append(p.env, env...)
	return p
}

func (p *person) command(ctx context.Context, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	cmd = exec.CommandContext(ctx, "jetway", args...)
	stdout, stderr = &bytes.Buffer{}, &bytes.Buffer{}
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = p.env, p.home, stdout, stderr
	return cmd, stdout, stderr
}

// run runs jetway and returns what it has written and its exit code.
func (p *person) run(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd, out, errs := p.command(t.Context(), args...)
	code = exitCode(t, cmd.Run())
	return out.String(), errs.String(), code
}

// exitCode returns that of a process that has ended; -1 if a signal ended it.
func exitCode(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	ended, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		t.Fatal(err)
	}
	return ended.ExitCode()
}

// must is run for a command that has to succeed.
func (p *person) must(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := p.run(t, args...)
	if code != 0 {
		t.Fatalf("jetway %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// files are the paths of all files of the person but locks, below the home.
func (p *person) files(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(p.home, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(path, ".lock") {
			rel, _ := filepath.Rel(p.home, path)
			list = append(list, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// expire lets the person's stored login expire by the clock of this machine.
func (p *person) expire(t *testing.T) {
	t.Helper()
	store := &tokenstore.FileStore{Dir: filepath.Join(p.home, "config", "jetway", "credentials")}
	keys, err := store.List(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d logins, %v", len(keys), err)
	}
	c, err := store.Retrieve(t.Context(), keys[0])
	if err != nil {
		t.Fatal(err)
	}
	c.IssuedAt, c.Expiry = c.IssuedAt.Add(-2*time.Hour), c.Expiry.Add(-2*time.Hour)
	if err := store.Store(t.Context(), keys[0], c); err != nil {
		t.Fatal(err)
	}
}

func approving(t *testing.T, c oauth.Config) *mockserver.Server {
	t.Helper()
	c.AutoApprove = "ada"
	return mocktest.New(t, mockserver.WithOAuth(c), mockserver.WithProject("demo"))
}

// The server rotates refresh tokens without grace: a second request with the old one would
// end the login.
func TestFiftyProcessesRenewALoginWithOneRequest(t *testing.T) {
	t.Parallel()
	const n = 50
	server := approving(t, oauth.Config{})
	p := newPerson(t)
	p.must(t, "login", "--endpoint", server.URL(), "--browser", freePort)
	before := p.must(t, "token")
	p.expire(t)
	server.Script().ExpireTokens()
	server.ResetRequests()

	var wg sync.WaitGroup
	tokens := make([]string, n)
	for i := range n {
		wg.Go(func() { tokens[i] = p.must(t, "token", "--min-ttl", "1m", "--timeout", "5m") })
	}
	wg.Wait()
	if got := server.TokenRequests(); got != 1 {
		t.Errorf("%d processes sent %d token requests, want 1", n, got)
	}
	for i, token := range tokens {
		if token == before || token != tokens[0] || len(token) < 100 {
			t.Errorf("process %d got another token than the new one", i)
		}
	}
	if stdout := p.must(t, "whoami", "-o", "name"); stdout != "ada\n" {
		t.Errorf("with the new token: %q", stdout)
	}
}

// A signal ends a login at once. Before that it was stored, with the profile that leads there,
// or nothing was: no file of half a login, no profile without one.
func TestASignalLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	const moments = 8
	server := approving(t, oauth.Config{})
	started := time.Now()
	newPerson(t).must(t, "login", "--endpoint", server.URL(), "--browser", freePort)
	whole := time.Since(started)
	for _, s := range signals() {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			seen := map[int]int{}
			for i := range moments {
				delay := whole * time.Duration(i) / moments
				p := newPerson(t)
				cmd, _, stderr := p.command(t.Context(), "login", "--endpoint", server.URL(), "--browser", freePort)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(delay)
				_ = cmd.Process.Signal(s) // it may have ended
				started := time.Now()
				err := cmd.Wait()
				if took := time.Since(started); took > time.Minute {
					t.Errorf("after %v: it took %v to end", delay, took)
				}
				checkWhole(t, p, stderr.String(), err, seen)
			}
			t.Log("exit codes:", seen)
		})
	}
}

func checkWhole(t *testing.T, p *person, stderr string, err error, seen map[int]int) {
	t.Helper()
	code := exitCode(t, err)
	seen[code]++
	var logins, profiles int
	for _, name := range p.files(t) {
		switch {
		case name == filepath.Join("config", "jetway", "profiles.json"):
			profiles++
		case strings.HasPrefix(name, filepath.Join("config", "jetway", "credentials")) && strings.HasSuffix(name, ".json"):
			logins++
		case strings.HasPrefix(name, "cache"):
		default:
			t.Errorf("there is a file %s", name)
		}
	}
	switch {
	case code == -1: // before the program could listen to signals
		if logins+profiles > 0 {
			t.Errorf("ended by the signal with %v", p.files(t))
		}
	case code != 0 && code != 130:
		t.Errorf("exit code %d: %s", code, stderr)
	case code == 0 && (logins != 1 || profiles != 1), logins != profiles:
		t.Errorf("exit code %d with %d logins and %d profiles: %s", code, logins, profiles, stderr)
	case logins == 1:
		if stdout := p.must(t, "whoami", "-o", "name"); stdout != "ada\n" {
			t.Errorf("the login that is stored belongs to %q", stdout)
		}
	}
}

// A command that reads a pipe which stays silent ends with the first signal, too.
func TestASignalEndsACommandThatReads(t *testing.T) {
	t.Parallel()
	server := approving(t, oauth.Config{})
	commands := [][]string{
		{"login", "--api-key-stdin"},
		{"secret", "create", "key", "--endpoint", server.URL()},
		{"call", "flyteidl2.project.ProjectService/ListProjects", "--data", "-", "--endpoint", server.URL()},
	}
	for i, s := range signals() {
		args := commands[i%len(commands)]
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			// A moment is enough as a rule until it reads; a busy machine takes longer before the
			// program even listens to signals.
			for wait := 500 * time.Millisecond; ; wait *= 2 {
				code, text, early := signalled(t, s, wait, args)
				if early && wait < time.Minute {
					continue
				}
				if code != 130 || text != "" {
					t.Errorf("exit code %d: %s", code, text)
				}
				return
			}
		})
	}
}

// signalled runs a command whose standard input stays silent and sends it a signal after a
// while. It reports whether the signal came too early: before the program listened to it.
func signalled(t *testing.T, s os.Signal, wait time.Duration, args []string) (code int, stderr string, early bool) {
	t.Helper()
	cmd, _, errs := newPerson(t).command(t.Context(), args...)
	silent, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	cmd.Stdin = silent
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = silent.Close()
	var hangs atomic.Bool
	give := time.AfterFunc(wait+time.Minute, func() {
		hangs.Store(true)
		_ = cmd.Process.Kill()
	})
	defer give.Stop()
	time.Sleep(wait)
	if err := cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
	code = exitCode(t, cmd.Wait())
	return code, errs.String(), code == -1 && !hangs.Load()
}
