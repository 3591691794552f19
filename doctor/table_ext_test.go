package doctor_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/doctor"
)

func stepOf(t *testing.T, r doctor.Report, name string) doctor.Step {
	t.Helper()
	for _, s := range r.Steps {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no step %s in\n%v", name, r)
	return doctor.Step{}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented are the rows of docs/doctor.md: step, problem, state, and words of the advice.
func documented(t *testing.T) [][]string {
	t.Helper()
	_, table, found := strings.Cut(read(t, "../docs/doctor.md"), "## Problems")
	if !found {
		t.Fatal("docs/doctor.md has no table of problems")
	}
	table, _, _ = strings.Cut(table, "\n## ")
	var rows [][]string
	for _, m := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `([\\w-]+)` \\| (\\w+) \\|[^|]*\\| `([^`]+)`").FindAllStringSubmatch(table, -1) {
		rows = append(rows, m[1:])
	}
	if lines := strings.Count(table, "\n| `"); lines != len(rows) {
		t.Fatalf("%d rows of the table were read, of %d", len(rows), lines)
	}
	return rows
}

// Every row of the table in docs/doctor.md is a report that occurs.
func TestEveryRowOfTheDoctorsPageCanBeProvoked(t *testing.T) {
	t.Parallel()
	worlds, rows := faults(), documented(t)
	if len(worlds) != len(rows)-1 { // the file's mode is tested by itself
		t.Errorf("%d rows, and %d worlds to check them", len(rows), len(worlds))
	}
	for _, r := range rows {
		name, problem, state, words := r[0], doctor.Problem(r[1]), doctor.State(r[2]), r[3]
		if problem == doctor.Readable {
			continue
		}
		t.Run(name+"/"+string(problem), func(t *testing.T) {
			t.Parallel()
			world, ok := worlds[row{name, problem}]
			if !ok {
				t.Fatal("nothing here makes this problem")
			}
			f := world(t)
			report := doctor.Run(t.Context(), f.target, f.opts...)
			got := stepOf(t, report, name)
			if got.Problem != problem || got.State != state || !strings.Contains(got.Advice, words) {
				t.Errorf("want %s with the advice %q in\n%v", state, words, report)
			}
			inOrder(t, report)
		})
	}
}

// inOrder checks that a step that depends on a failed one was not taken.
func inOrder(t *testing.T, r doctor.Report) {
	t.Helper()
	chain, failed := []string{"settings", "dns", "tcp", "proxy", "tls", "protocol", "call"}, ""
	for _, name := range chain {
		s := stepOf(t, r, name)
		if failed != "" && s.State != doctor.Skipped && s.State != doctor.OK {
			t.Errorf("%s is %s although %s failed", name, s.State, failed)
		}
		if s.State == doctor.Failed && s.Problem != doctor.NoHTTP2 { // after which it is worth seeing what answers
			failed = name
		}
	}
	if len(r.Steps) != 13 {
		t.Errorf("%d steps", len(r.Steps))
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}

func TestThePageHasEveryProblemAndStep(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "problem.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, r := range documented(t) {
		known[r[1]] = true
	}
	count := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if value, ok := n.(*ast.BasicLit); ok && value.Kind == token.STRING {
			count++
			if text := strings.Trim(value.Value, `"`); !known[text] {
				t.Errorf("docs/doctor.md does not have the problem %s", text)
			}
		}
		return true
	})
	if count < 40 {
		t.Errorf("%d problems were read", count)
	}
	page := read(t, "../docs/doctor.md")
	for _, s := range doctor.Run(t.Context(), doctor.Target{}).Steps {
		if !strings.Contains(page, "\n| `"+s.Name+"` | ") {
			t.Errorf("docs/doctor.md does not have the step %s", s.Name)
		}
	}
}
