// Package platformtest has what the tests of every system need: an environment and
// files of the test's own, clients that are closed at the end, and a gRPC server that
// records what it was sent.
package platformtest

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"

	projectpb "github.com/jetway-go/jetway/gen/flyteidl2/project"
)

// Env returns a LookupEnv for an environment of these pairs of name and value. Of a
// name that is there twice it has the first value.
func Env(pairs ...string) func(string) (string, bool) {
	vars := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		if _, twice := vars[pairs[i]]; !twice {
			vars[pairs[i]] = pairs[i+1]
		}
	}
	return EnvOf(vars)
}

// EnvOf returns a LookupEnv that reads vars at each call; nil is an empty environment.
func EnvOf(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

// Environ returns a function that lists vars as os.Environ lists the environment of the
// process.
func Environ(vars map[string]string) func() []string {
	return func() []string {
		list := make([]string, 0, len(vars))
		for name, value := range vars {
			list = append(list, name+"="+value)
		}
		return list
	}
}

// File writes a file that only its owner reads, and returns its path.
func File(tb testing.TB, content string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file.json")
	Rewrite(tb, path, content)
	return path
}

// Rewrite replaces the content of a file that [File] has written.
func Rewrite(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// Opened takes the results of a constructor and returns c. It fails the test if err is
// not nil, and closes c when the test ends.
func Opened[C io.Closer](tb testing.TB, c C, err error) C {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

// List makes a call, of ProjectService.
func List(ctx context.Context, cc grpc.ClientConnInterface) error {
	_, err := projectpb.NewProjectServiceClient(cc).ListProjects(ctx, &projectpb.ListProjectsRequest{})
	return err
}

// Contains fails the test for each part that text lacks.
func Contains(tb testing.TB, text string, parts ...string) {
	tb.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			tb.Errorf("got %q, want it to contain %q", text, part)
		}
	}
}
