package layers_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// event is a call that logs something.
type event struct {
	pkg, level, message string   // level is empty where the code computes it, message where it is no constant
	keys                []string // of attributes, as far as the call has them
	all                 bool     // keys are all that there are
	at                  string
}

// docs/events.md has every message that a package logs, and none that none does.
func TestTheTableOfEventsIsThatOfTheCode(t *testing.T) {
	t.Parallel()
	rows := eventRows(t)
	used := map[int]bool{}
	for _, e := range eventsOfCode(t) {
		found := false
		for i, r := range rows {
			if r.pkg != e.pkg || e.level != "" && r.level != e.level || e.message != "" && r.message != e.message {
				continue
			}
			if e.message == "" && !strings.HasPrefix(r.message, "*") {
				continue // in italics what is not fixed
			}
			found, used[i] = true, true
			for _, k := range e.keys {
				if !slices.Contains(r.keys, k) {
					t.Errorf("%s logs the attribute %q with %q, which is not in the row", e.at, k, e.message)
				}
			}
			if e.all && len(e.keys) != len(r.keys) {
				t.Errorf("%s logs the attributes %q with %q, and the row has %q", e.at, e.keys, e.message, r.keys)
			}
		}
		if !found {
			t.Errorf("%s: no row | %s | %s | %s | … | `%s` |", e.at, e.level, e.message, strings.Join(e.keys, ", "), e.pkg)
		}
	}
	for i, r := range rows {
		if !used[i] {
			t.Errorf("no code logs %q of %s at level %s", r.message, r.pkg, r.level)
		}
	}
	if len(rows) < 60 {
		t.Errorf("%d rows were found, want at least 60", len(rows))
	}
}

// eventRows reads the table.
func eventRows(t *testing.T) []event {
	t.Helper()
	page, err := os.ReadFile("../../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []event
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 7 || strings.HasPrefix(cells[1], " ---") || strings.TrimSpace(cells[1]) == "level" {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		r := event{level: cells[1], message: cells[2], pkg: strings.Trim(cells[5], "`")}
		for i, part := range strings.Split(cells[3], "`") {
			if i%2 == 1 {
				r.keys = append(r.keys, part)
			}
		}
		if cells[4] == "" {
			t.Errorf("the row of %q does not say when", r.message)
		}
		rows = append(rows, r)
	}
	return rows
}

// eventsOfCode reads the sources of all packages that programs import.
func eventsOfCode(t *testing.T) []event {
	t.Helper()
	var all []event
	skipped := []string{"gen", "cmd", "examples", "bench", "integration", "mockserver", "oteljetway", "tools", ".tmp", "internal/secrettest"}
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, _ := filepath.Rel("../..", name)
		at = filepath.ToSlash(at)
		switch {
		case d.IsDir() && (slices.Contains(skipped, at) || strings.HasPrefix(d.Name(), ".") && at != "."):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(name, ".go"), strings.HasSuffix(name, "_test.go"):
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if e, ok := eventOf(call, path.Dir(at)); ok {
					e.pkg, e.at = path.Dir(at), fmt.Sprintf("%s:%d", at, files.Position(call.Pos()).Line)
					all = append(all, e)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// eventOf reads a call; it reports false for one that logs nothing, or what its caller says.
func eventOf(call *ast.CallExpr, pkg string) (event, bool) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return event{}, false
	}
	level, withContext := strings.CutSuffix(f.Sel.Name, "Context")
	helper := pkg == "auth/tokenstore" && slices.Contains([]string{"warn", "warnOnce", "once", "info"}, f.Sel.Name)
	args := call.Args
	switch {
	case helper:
		level = "Warn"
		if f.Sel.Name == "info" {
			level = "Info"
		}
		at := slices.IndexFunc(args, func(a ast.Expr) bool { text, whole := constant(a); return whole && strings.Contains(text, " ") })
		if at < 0 {
			return event{}, false
		}
		args = args[at:]
	case f.Sel.Name == "Log" && isLogger(f.X) && len(args) > 2:
		level, args = "", args[2:]
	case !slices.Contains([]string{"Debug", "Info", "Warn", "Error"}, level) || !isLogger(f.X):
		return event{}, false
	case withContext:
		args = args[1:]
	}
	if id, ok := args[0].(*ast.Ident); ok && id.Name == "text" {
		return event{}, false // of such a helper
	}
	e := event{level: level}
	if text, whole := constant(args[0]); whole {
		e.message = text
	}
	e.keys, e.all = keysOf(args[1:])
	e.all = e.all && !helper
	return e, true
}

// isLogger reports whether x is called a logger.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return strings.Contains(strings.ToLower(x.Name), "log") && x.Name != "slog"
	case *ast.SelectorExpr:
		return strings.Contains(strings.ToLower(x.Sel.Name), "log")
	case *ast.CallExpr:
		return isLogger(x.Fun) || len(x.Args) == 1 && isLogger(x.Args[0])
	default:
		return false
	}
}

// constant returns a string made of literals, and whether x is nothing else.
func constant(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil && x.Kind == token.STRING
	case *ast.BinaryExpr:
		left, one := constant(x.X)
		right, two := constant(x.Y)
		return left + right, one && two
	default:
		return "", false
	}
}

// keysOf returns the names of attributes, and whether there are no others.
func keysOf(args []ast.Expr) (keys []string, all bool) {
	all = true
	for i := 0; i < len(args); i++ {
		name, isKey := constant(args[i])
		if call, ok := args[i].(*ast.CallExpr); ok && len(call.Args) == 2 {
			name, isKey = constant(call.Args[0])
		} else {
			i++ // the value
		}
		if isKey {
			keys = append(keys, name)
		}
		all = all && isKey
	}
	return keys, all
}

func TestAnEventIsReadFromItsCall(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]event{
		`log.WarnContext(ctx, "one " + "two", slog.Any("error", err))`: {level: "Warn", message: "one two", keys: []string{"error"}, all: true},
		`c.logger.Debug("one", "key", v, "other", v)`:                  {level: "Debug", message: "one", keys: []string{"key", "other"}, all: true},
		`logger(env).InfoContext(ctx, "one")`:                          {level: "Info", message: "one", all: true},
		`r.log.Log(ctx, level, "one", args)`:                           {message: "one"},
		`r.log.WarnContext(ctx, err.Error())`:                          {level: "Warn", all: true},
		`s.warnOnce(ctx, about, "one two", slog.String("file", f))`:    {level: "Warn", message: "one two", keys: []string{"file"}},
		`s.warned.info(ctx, log, "one two")`:                           {level: "Info", message: "one two"},
	} {
		x, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := eventOf(x.(*ast.CallExpr), "auth/tokenstore")
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); !ok || diff != "" {
			t.Errorf("%s (-want +got):\n%s", source, diff)
		}
	}
	for _, source := range []string{`t.Error("no")`, `http.Error(w, "no", 500)`, `orDiscard(log).WarnContext(ctx, text, args...)`, `slog.Any("a", b)`} {
		x, _ := parser.ParseExpr(source)
		if e, ok := eventOf(x.(*ast.CallExpr), "auth/tokenstore"); ok {
			t.Errorf("%s is taken for %v", source, e)
		}
	}
}
