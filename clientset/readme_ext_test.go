package clientset_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// The README's example of a test.
func TestReadmeMock(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey()) // the key names http://: no TLS
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()

	if err := cs.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Script().RevokeTokens()
	if _, err := cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "demo"}); err != nil {
		t.Errorf("a call after the token was revoked: %v", err)
	}
}

// The README's test in memory, where the token of the first call has expired before
// the second.
func TestReadmeInMemory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := mocktest.New(t, mockserver.WithInMemory(), mockserver.WithProject("demo"))
		cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure(),
			clientset.WithDialOptions(server.DialOption()), clientset.WithHTTPClient(server.HTTPClient()))
		if err != nil {
			t.Fatal(err)
		}
		defer cs.Close()
		for range 2 {
			if err := list(t.Context(), cs); err != nil {
				t.Error(err)
			}
			time.Sleep(2 * time.Hour)
		}
		if n := server.TokenRequests(); n != 2 {
			t.Errorf("%d token requests, want 2", n)
		}
	})
}

// The README's one-liner.
func TestReadmeAPIKey(t *testing.T) {
	t.Parallel()
	key := quiet(t).APIKey()
	cs, err := clientset.ForAPIKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := cs.Close(); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(files), err)
	}
	var all strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// What a reader can copy from these pages is word for word in a test here or, if it is a
// whole program, in one of the examples, which have tests of their own.
func TestCodeOfThePagesIsCompiled(t *testing.T) {
	t.Parallel()
	flat := func(text string) string { return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "") }
	tests, programs := flat(read(t, "*_test.go")), flat(read(t, "../examples/*/main.go"))
	for page, want := range map[string]int{"../README.md": 6, "../docs/errors.md": 4} {
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, page), -1)
		if len(blocks) != want {
			t.Errorf("%s: %d blocks of Go, want %d", page, len(blocks), want)
		}
		for _, b := range blocks {
			where := tests
			if strings.Contains(b[1], "\npackage main\n") {
				where = programs
			}
			if !strings.Contains(where, flat(b[1])) {
				t.Errorf("no test of this package and no example has this code of %s:\n%s", page, b[1])
			}
		}
	}
}

func TestReadmeStartsTheMockWithFlagsThatItHas(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile(`cmd/jetway@latest((?:[^\n]*\\\n)*[^\n]*)`).FindStringSubmatch(read(t, "../README.md"))
	if command == nil {
		t.Fatal("the README has no command that starts the mock")
	}
	source := read(t, "../cmd/jetway/internal/mock/*.go")
	flags := regexp.MustCompile(` --([a-z-]+)`).FindAllStringSubmatch(command[1], -1)
	if len(flags) < 3 {
		t.Errorf("%d flags in %q, want at least 3", len(flags), command[0])
	}
	for _, f := range flags {
		if !strings.Contains(source, `"`+f[1]+`", `) {
			t.Errorf("jetway mock has no flag --%s", f[1])
		}
	}
}

func TestReadmeListsEveryOptionInOneRow(t *testing.T) {
	t.Parallel()
	readme := read(t, "../README.md")
	names := func(pattern, text string) (out []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return out
	}
	is := names(`(?m)^func (With\w+)\(`, read(t, "option*.go"))
	rows := strings.Join(regexp.MustCompile("(?m)^\\| `With[^|]*").FindAllString(readme, -1), "\n")
	if told := names("`(With\\w+)`", rows); !slices.Equal(is, told) {
		t.Errorf("options there are: %v\nrows of the README for: %v", is, told)
	}
	for _, name := range names("`(With\\w+)`", readme) {
		if !slices.Contains(is, name) {
			t.Errorf("the README speaks of an option %s, which there is not", name)
		}
	}
}
