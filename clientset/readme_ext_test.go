package clientset_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

// The README's example of a test.
func TestReadmeMock(t *testing.T) {
	t.Parallel()
	server := mocktest.New(t, mockserver.WithProject("demo"))
	cs, err := clientset.ForAPIKey(server.APIKey(), clientset.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()

	if err := cs.Login(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Script().RevokeTokens()
	if _, err := cs.Project().GetProject(t.Context(), &projectpb.GetProjectRequest{Id: "demo"}); err != nil {
		t.Errorf("a revoked token is none of the caller's business: %v", err)
	}
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

func TestReadmeCodeIsCompiled(t *testing.T) {
	t.Parallel()
	flat := func(text string) string { return regexp.MustCompile(`(?m)^\t+`).ReplaceAllString(text, "") }
	tests := flat(read(t, "*_test.go"))
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(read(t, "../README.md"), -1)
	if len(blocks) < 5 {
		t.Fatalf("%d blocks of Go, want 5", len(blocks))
	}
	for _, b := range blocks {
		if !strings.Contains(tests, flat(b[1])) {
			t.Errorf("no test of this package has this code of the README:\n%s", b[1])
		}
	}
}

func TestReadmeListsEveryOption(t *testing.T) {
	t.Parallel()
	names := func(pattern, text string) (out []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			out = append(out, m[1])
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	is := names(`(?m)^func (With\w+)\(`, read(t, "option*.go"))
	told := names("(?m)`(With\\w+)`", read(t, "../README.md"))
	if !slices.Equal(is, told) {
		t.Errorf("options there are: %v\noptions in the README: %v", is, told)
	}
}
