package layers_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/internal/layers"
)

// The clock of package time is half the truth: its monotonic reading stands still while
// the machine sleeps, and its wall time can be set back. onOneClock has the files that use
// it for an end or an age, and why that is right there.
var onOneClock = map[string]string{
	"auth/deadline.go":                      "the deadline of a context",
	"auth/flow/tokensend.go":                "the deadline of a context",
	"auth/flow/static.go":                   "the Authenticator judges what it returns",
	"auth/tokenstore/file_dir.go":           "the age of a file, which has a wall time only",
	"auth/tokenstore/lock.go":               "how long a process waits between two tries",
	"auth/tokenstore/redisstore/keyring.go": "how often the keys are read again",
	"auth/tokenstore/redisstore/replica.go": "the deadline of a context",
	"clientset/advice.go":                   "for an error's text",
	"clientset/loginwatch.go":               "for an error's text",
	"clientset/handshake.go":                "the deadline of a connection",
	"doctor/login.go":                       "for a report's text",
	"doctor/protocol.go":                    "the clock of this machine is what is examined",
	"doctor/run.go":                         "how long a step took",
	"doctor/tls.go":                         "the deadline of a connection",
	"interceptors/httprule/header.go":       "the deadline of a context",
	"oteljetway/observer.go":                "for metrics",
	"platform/kubeflow/walk.go":             "the expiry of a session, which the Authenticator judges",
	"transfer/progress.go":                  "how fast a transfer is",
	"transfer/retry.go":                     "the deadline of a context",
}

func TestWhatExpiresIsJudgedByBothClocks(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	skipped := []string{"gen", "mockserver", "cmd", "examples", "bench", "integration", "tools", "internal/clock"}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (slices.Contains(skipped, name) || layers.ForTests(name) || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || onOneClock[name] != "":
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for pos, use := range endsOnOneClock(file) {
			t.Errorf("%s:%d: %s: read the time from an internal/clock, or say in onOneClock why one clock is right here",
				name, files.Position(pos).Line, use)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// endsOnOneClock returns where file computes or compares an end or an age by the clock of
// package time.
func endsOnOneClock(file *ast.File) map[token.Pos]string {
	found := map[token.Pos]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		f, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		method := f.Sel.Name
		switch {
		case ofTime(call, "Since", "Until"):
			found[call.Pos()] = "time." + method
		case ofTime(f.X, "Now") && slices.Contains([]string{"Add", "Sub", "Before", "After", "Compare"}, method):
			found[call.Pos()] = "time.Now()." + method
		case slices.Contains([]string{"Sub", "Before", "After", "Compare"}, method) && len(call.Args) == 1 && ofTime(call.Args[0], "Now"):
			found[call.Pos()] = method + "(time.Now())"
		}
		return true
	})
	return found
}

// ofTime reports whether n calls one of these functions of package time.
func ofTime(n ast.Node, names ...string) bool {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	pkg, ok := f.X.(*ast.Ident)
	return ok && pkg.Name == "time" && slices.Contains(names, f.Sel.Name)
}

func TestAnEndOnOneClockIsFound(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string][]string{
		`end = time.Now().Add(life)`:      {"time.Now().Add"},
		`_ = !time.Now().Before(end)`:     {"time.Now().Before"},
		`_ = end.After(time.Now())`:       {"After(time.Now())"},
		`_ = end.Sub(time.Now())`:         {"Sub(time.Now())"},
		`_ = time.Since(start) < life`:    {"time.Since"},
		`_ = time.Until(end)`:             {"time.Until"},
		`now := time.Now()`:               nil,
		`end = c.Read().Add(life)`:        nil,
		`c := Credentials{I: time.Now()}`: nil,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "x.go", "package x\nfunc f() {\n"+statement+"\n}", 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, slices.Collect(maps.Values(endsOnOneClock(file)))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", statement, diff)
		}
	}
}
