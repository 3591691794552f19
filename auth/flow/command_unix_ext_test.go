//go:build unix

package flow_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
)

// script runs text by sh; further arguments are its $1, $2 and so on.
func script(text string, args ...string) flow.Command {
	return flow.Command{Argv: append([]string{"sh", "-c", text, "helper"}, args...)}
}

func TestCommandPrintsAToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := script(`printf '%s\n' "$1.$FROM_ENV.$(basename "$PWD").$(cat)"`, "arg; echo no-shell")
	f.Env, f.Dir, f.HeaderKey = []string{"FROM_ENV=env"}, dir, "proxy-authorization"
	f.Argv[4] = "arg"
	f.Stdin = strings.NewReader("stdin")
	got, err := f.Obtain(t.Context(), auth.Env{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := "Bearer arg.env." + filepath.Base(dir) + ".stdin"
	if key, value := got.Header(); key != "proxy-authorization" || value != want {
		t.Errorf("got %s: %s, want %s", key, value, want)
	}
}

func TestCommandNeedsNoShell(t *testing.T) {
	t.Parallel()
	f := flow.Command{Argv: []string{"printf", "%s", "$HOME;`id`"}}
	got, err := f.Renew(t.Context(), auth.Env{}, nil)
	if err != nil || got.AccessToken != "$HOME;`id`" {
		t.Errorf("got %v and %v, want the argument as it is", got, err)
	}
}

func TestCommandRunsAgainOnRenew(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "n")
	f := script(`echo x >> "$1"; wc -l < "$1" | tr -d ' '`, file)
	for i := range 3 {
		got, err := f.Renew(t.Context(), auth.Env{}, nil)
		if err != nil || got.AccessToken != strconv.Itoa(i+1) {
			t.Fatalf("run %d brought %v and %v", i+1, got, err)
		}
	}
	f.Interactive = true
	if _, err := f.Renew(t.Context(), auth.Env{}, nil); !errors.Is(err, auth.ErrInteractionRequired) {
		t.Errorf("got %v, want that a person is needed", err)
	}
	if _, err := f.Obtain(t.Context(), auth.Env{}, nil); err != nil {
		t.Errorf("with a person: %v", err)
	}
}

func TestFailingCommands(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		flow flow.Command
		want []string
		not  []string
	}{
		"no program":      {flow.Command{}, []string{"no program", "Argv"}, nil},
		"unknown program": {flow.Command{Argv: []string{"jetway-no-such-program", "arg-canary"}}, []string{"jetway-no-such-program could not run", "not found"}, nil},
		"no such folder":  {flow.Command{Argv: []string{"sh"}, Dir: "/jetway-none"}, []string{"sh could not run", "/jetway-none"}, nil},
		"nothing printed": {script("true"), []string{"output of sh: empty"}, nil},
		"spaces printed":  {script("echo '  '"), []string{"empty"}, nil},
		"prose printed":   {script("echo log in first"), []string{"more than one word"}, []string{"first"}},
		"exit code": {
			script(`echo "token-canary-1"; echo "cannot reach idp: token-canary-1 $1 $SECRET" >&2; exit 3`, "arg-canary"),
			[]string{"sh failed: exit status 3", "cannot reach idp: [redacted] [redacted] [redacted]"}, nil,
		},
		"secret in a flag":    {script(`echo "$@" >&2; exit 1`, "--password=arg-canary"), []string{"exit status 1"}, nil},
		"secret on two lines": {script(`printf 'got arg-canary\nand more\n' >&2; exit 1`, "arg-canary and more"), []string{"got [redacted]"}, nil},
		"quoted secret":       {script(`echo '{"access_token": "token-canary-2"}'; echo got token-canary-2 >&2; exit 1`), []string{"got [redacted]"}, nil},
		"token of bits":       {script(`echo 'ab,cd{ef}gh'; echo "got ab,cd{ef}gh" >&2; exit 1`), []string{"got [redacted]"}, nil},
		"signal":              {script("kill -TERM $$"), []string{"signal: terminated"}, nil},
		"control codes":       {script(`printf 'one\033[31m\r\ntwo\000\n' >&2; exit 1`), []string{"one [31m two"}, []string{"\033", "\n", "\000"}},
		"long stderr": {
			script(`i=0; while [ $i -lt 2000 ]; do echo "line $i of noise" >&2; i=$((i+1)); done; echo the last word >&2; exit 1`),
			[]string{"said: …", "the last word"}, []string{"line 1 of"},
		},
		"many words": {
			script(`i=1000; while [ $i -lt 2100 ]; do echo "word-$i"; i=$((i+1)); done; echo token-canary-1 | tee /dev/stderr; exit 1`),
			[]string{"exit status 1", "its standard error is left out"}, nil,
		},
		"too much": {script("while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"), []string{"more than 64 KiB"}, nil},
		"old token": {
			script(`echo '{"token":"token-canary-3","expiry":"2001-01-01T00:00:00Z"}'`),
			[]string{"expired at 2001-01-01T00:00:00Z"}, nil,
		},
		"timeout": {
			flow.Command{Argv: []string{"sh", "-c", "sleep 600"}, Timeout: 300 * time.Millisecond},
			[]string{"sh did not finish within 300ms"}, nil,
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.flow.Env = []string{"SECRET=env-canary"}
			_, err := tc.flow.Obtain(t.Context(), auth.Env{}, nil)
			own := (*flow.Error)(nil)
			if !errors.As(err, &own) || own.Flow != "command" || status.Code(err) != codes.Unavailable {
				t.Fatalf("got %v with code %v, want an Unavailable *flow.Error", err, status.Code(err))
			}
			contains(t, err.Error(), tc.want...)
			for _, no := range tc.not {
				if strings.Contains(err.Error(), no) {
					t.Errorf("%q is in %q", no, err)
				}
			}
			if found := findCanary(printed(err), "token-canary-1", "token-canary-2", "token-canary-3", "arg-canary", "env-canary"); found != "" {
				t.Errorf("%q shows up in %v", found, err)
			}
			if n := len([]rune(err.Error())); n > 600 {
				t.Errorf("an error of %d characters", n)
			}
		})
	}
}

func TestCommandErrorsKeepTheirCause(t *testing.T) {
	t.Parallel()
	_, err := flow.Command{Argv: []string{"jetway-no-such-program"}}.Obtain(t.Context(), auth.Env{}, nil)
	if !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v does not wrap exec.ErrNotFound", err)
	}
}

func TestCommandPassesStderrOn(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	f := script("echo open the browser >&2; echo tok")
	f.Stderr = &b
	if _, err := f.Obtain(t.Context(), auth.Env{}, nil); err != nil || b.String() != "open the browser\n" {
		t.Errorf("passed on %q with %v", b.String(), err)
	}
}

// Neither who watches a program nor who feeds it can hold its login up.
func TestStuckCallersHoldNothingUp(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, text string, limit time.Duration) (*auth.Credentials, error) {
		t.Helper()
		stuck := make(chan struct{})
		defer close(stuck)
		f := script(text)
		f.Timeout = limit
		f.Stderr = writer(func(p []byte) (int, error) { <-stuck; return len(p), nil })
		f.Stdin = reader(func([]byte) (int, error) { <-stuck; return 0, io.EOF })
		return f.Obtain(t.Context(), auth.Env{}, nil) // while both are stuck, or never
	}
	t.Run("program done", func(t *testing.T) {
		t.Parallel()
		if c, err := run(t, "echo said >&2; echo tok", 0); err != nil || c.AccessToken != "tok" {
			t.Errorf("got %v and %v, want the token", c, err)
		}
	})
	t.Run("program failed", func(t *testing.T) {
		t.Parallel()
		_, err := run(t, "echo said >&2; exit 1", 0)
		contains(t, fmt.Sprint(err), "exit status 1", "it said: said")
	})
	t.Run("time is up", func(t *testing.T) {
		t.Parallel()
		err := errors.New("not run")
		for limit := time.Second; limit < 2*time.Minute && !strings.Contains(err.Error(), "it said"); limit *= 2 { // a busy machine starts slowly
			if _, err = run(t, "echo said >&2; sleep 600", limit); err == nil {
				t.Fatal("no error")
			}
		}
		contains(t, err.Error(), "sh did not finish within", "it said: said")
	})
}

type reader func([]byte) (int, error)

func (r reader) Read(p []byte) (int, error) { return r(p) }

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

// A grandchild that holds the output must neither keep the caller waiting nor
// live on.
func TestGrandchildrenDoNotOutliveTheCommand(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text    string
		cancel  bool
		timeout time.Duration
		ok      bool
	}{
		"program done":       {text: `sleep 600 & echo $! > "$1"; echo tok`, ok: true},
		"program failed":     {text: `sleep 600 & echo $! > "$1"; exit 1`},
		"caller gone":        {text: `sleep 600 & echo $! > "$1"; wait`, cancel: true},
		"time is up":         {text: `sleep 600 & echo $! > "$1"; wait`, timeout: time.Second},
		"deaf to terminate":  {text: `trap '' TERM INT HUP; sleep 600 & echo $! > "$1"; while :; do sleep 1; done`, cancel: true},
		"drowning in output": {text: `sleep 600 & echo $! > "$1"; while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if tc.cancel {
				go func() {
					for readPID(file) == 0 {
						time.Sleep(5 * time.Millisecond)
					}
					cancel()
				}()
			}
			f := script(tc.text, file)
			f.Timeout = tc.timeout
			got, err := f.Obtain(ctx, auth.Env{}, nil)
			for tc.timeout != 0 && readPID(file) == 0 && f.Timeout < time.Minute { // a busy machine starts slowly
				f.Timeout *= 2
				got, err = f.Obtain(ctx, auth.Env{}, nil)
			}
			switch {
			case tc.ok && (err != nil || got.AccessToken != "tok"):
				t.Errorf("got %v and %v, want the token", got, err)
			case !tc.ok && err == nil:
				t.Error("no error")
			case tc.cancel && (!errors.Is(err, context.Canceled) || status.Code(err) != codes.Canceled):
				t.Errorf("got %v with code %v, want the caller's cancellation", err, status.Code(err))
			}
			pid := readPID(file)
			if pid == 0 {
				t.Fatal("the grandchild never started")
			}
			for alive(pid) { // until the kernel has carried the signal out; go test's limit ends this
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
}

func readPID(file string) int {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// alive reports whether a process runs; zombies do not.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || !strings.HasPrefix(state, "Z") // the next check shows whether it is gone
}
