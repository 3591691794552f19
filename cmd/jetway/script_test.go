package main

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestMain(m *testing.M) {
	testscript.Main(catching{m}, map[string]func(){"jetway": main, "browse": browse})
}

// catching are tests whose commands do not inherit that signals are ignored, as they are under
// nohup and in the background of a shell: jetway would ignore them too.
type catching struct{ *testing.M }

// Run runs the tests. What a process catches its children get with the default action.
func (c catching) Run() int {
	for _, ignored := range slices.DeleteFunc(signals(), func(s os.Signal) bool { return !signal.Ignored(s) }) {
		signal.Notify(make(chan os.Signal, 1), ignored)
	}
	return c.M.Run()
}

// Each script is a session of a person or of a program with the command.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   filepath.Join("testdata", "script"),
		Setup: ownHome,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"backend": backend,
			"mode":    mode,
			"exits":   exits,
		},
	})
}

// ownHome keeps a script away from the logins of the person who runs the test.
func ownHome(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, "home")
	e.Setenv("HOME", home)
	e.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "config"))
	e.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	e.Setenv("NO_COLOR", "1")
	e.Setenv("GORACE", "atexit_sleep_ms=0") // or each command waits for a second at its end
	return os.MkdirAll(home, 0o700)
}

// backend starts a mock and sets $ENDPOINT, $HTTP, $API_KEY, $CLIENT_ID, $CLIENT_SECRET,
// $LOGIN and $PASSWORD. Its arguments are words: open, a user for auto-approve=NAME,
// and project=ID.
func backend(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("backend cannot be negated")
	}
	opts := []mockserver.Option{}
	var account oauth.Config
	for _, arg := range args {
		key, value, _ := strings.Cut(arg, "=")
		switch key {
		case "open":
			opts = append(opts, mockserver.WithOpenAccess())
		case "auto-approve":
			account.AutoApprove = value
		case "project":
			opts = append(opts, mockserver.WithProject(value))
		default:
			ts.Fatalf("backend: unknown argument %q", arg)
		}
	}
	if account.AutoApprove != "" {
		opts = append(opts, mockserver.WithOAuth(account))
	}
	server, err := mockserver.New(opts...)
	ts.Check(err)
	ts.Defer(func() { _ = server.Close() })
	for name, value := range map[string]string{
		"ENDPOINT": server.URL(), "HTTP": server.HTTPURL(), "API_KEY": server.APIKey(), "CLIENT_ID": server.ClientID(),
		"CLIENT_SECRET": server.ClientSecret(), "LOGIN": server.Login(), "PASSWORD": server.Password(),
	} {
		ts.Setenv(name, value)
	}
}

// exits runs jetway and checks its exit code: exits CODE ARGUMENTS.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: exits CODE ARGUMENTS")
	}
	code := 0
	if err := ts.Exec("jetway", args[1:]...); err != nil {
		ended, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("jetway: %v", err)
		}
		code = ended.ExitCode()
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

// mode checks the permissions of a file: mode 0600 FILE.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode 0600 FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := "0" + strings.TrimLeft(info.Mode().Perm().String(), "-"); got != args[0] && octal(info.Mode()) != args[0] {
		ts.Fatalf("%s has mode %s", args[1], octal(info.Mode()))
	}
}

func octal(m os.FileMode) string {
	const digits = "01234567"
	p := m.Perm()
	return string([]byte{'0', digits[p>>6&7], digits[p>>3&7], digits[p&7]})
}
