//go:build unix

package state_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/jetway-go/jetway/mockserver/state"
)

func TestOnlyTheOwnerReadsTheFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fresh, empty, loose := filepath.Join(dir, "fresh"), filepath.Join(dir, "empty"), filepath.Join(dir, "loose")
	file := must(state.Open(loose))(t)
	if err := errors.Join(file.Close(), os.Chmod(loose, 0o644), os.WriteFile(empty, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{fresh, empty, loose} {
		v := startProcess(t, path, exec.CommandContext(t.Context(), "sh", "-c", `umask 0; exec "$0"`, os.Args[0]))
		v.kill()
		if mode := must(os.Stat(path))(t).Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %v", path, mode)
		}
	}
	if left := must(os.ReadDir(dir))(t); len(left) != 3 {
		t.Errorf("files: %v", left)
	}
}
