//go:build unix

// Modes, owners and symbolic links of files are Unix's.

package configstore_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/configstore"
)

const keptAddress = "https://flyte.example.com"

// advertised is what a backend says, and counts how often it is asked.
type advertised struct {
	cfg   configstore.ClientConfig
	asked int
}

func (a *advertised) ClientConfig(context.Context) (configstore.ClientConfig, error) {
	a.asked++
	return a.cfg, nil
}

func newAdvertised() *advertised {
	return &advertised{cfg: configstore.ClientConfig{
		TokenEndpoint: "https://idp.example/token", ClientID: "cli", Scopes: []string{"all"}, HeaderKey: "x-token", IssRequired: true,
	}}
}

// process is the first question of a process that keeps its answers in dir.
func process(t *testing.T, a *advertised, dir string) configstore.ClientConfig {
	t.Helper()
	cfg, err := configstore.Disk(a, keptAddress, dir).ClientConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// keptFile returns the one file below dir.
func keptFile(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v; want one file", files, err)
	}
	return files[0]
}

func TestDiskServesTheNextProcess(t *testing.T) {
	t.Parallel()
	dir, a := filepath.Join(t.TempDir(), "a", "b"), newAdvertised()
	first, second := process(t, a, dir), process(t, a, dir)
	want := a.cfg
	want.Kept = true
	if diff := cmp.Diff(want, second); diff != "" || a.asked != 1 || first.Kept {
		t.Errorf("%d questions, the first answer is kept: %v; the second: %s", a.asked, first.Kept, diff)
	}
	for path, mode := range map[string]os.FileMode{dir: 0o700 | os.ModeDir, keptFile(t, dir): 0o600} {
		if info, err := os.Lstat(path); err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v; want %v", path, info.Mode(), err, mode)
		}
	}
}

// A process asks the file once: later the backend may have changed.
func TestDiskAsksTheStoreAgain(t *testing.T) {
	t.Parallel()
	dir, a := t.TempDir(), newAdvertised()
	process(t, a, dir)
	s := configstore.Disk(a, keptAddress, dir)
	for range 2 {
		if _, err := s.ClientConfig(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if a.asked != 2 {
		t.Errorf("%d questions, want one of each process", a.asked)
	}
}

// What must not be used costs a question and no more.
func TestDiskUsesNoFileThatItCannotTrust(t *testing.T) {
	t.Parallel()
	change := func(from, to string) func(*testing.T, string) {
		return func(t *testing.T, file string) {
			t.Helper()
			body, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(body), from) {
				t.Fatalf("%s, %v", body, err)
			}
			if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(body), from, to)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	at := func(ago time.Duration) func(*testing.T, string) {
		return func(t *testing.T, file string) {
			t.Helper()
			var kept map[string]any
			body, err := os.ReadFile(file)
			if err == nil {
				err = json.Unmarshal(body, &kept)
			}
			if err != nil {
				t.Fatal(err)
			}
			kept["at"] = time.Now().Add(-ago)
			if body, err = json.Marshal(kept); err == nil {
				err = os.WriteFile(file, body, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, file string)
		asked int
	}{
		"untouched":            {func(*testing.T, string) {}, 1},
		"almost a day old":     {at(23 * time.Hour), 1},
		"a day old":            {at(24 * time.Hour), 2},
		"of tomorrow":          {at(-time.Hour), 2},
		"of another address":   {change(keptAddress, "https://other.example.com"), 2},
		"cut off":              {change("}}", ""), 2},
		"a plaintext endpoint": {change("https://idp.example/token", "http://idp.example/token"), 2},
		"a password":           {change("https://idp.example/token", "https://u:p@idp.example/token"), 2},
		"a reserved key":       {change("x-token", "grpc-timeout"), 2},
		"no endpoint":          {change("https://idp.example/token", ""), 2},
		"readable by others":   {func(t *testing.T, file string) { t.Helper(); chmod(t, file, 0o644) }, 2},
		"a directory that others write to": {func(t *testing.T, file string) {
			t.Helper()
			chmod(t, filepath.Dir(file), 0o770)
		}, 2},
		"a symbolic link": {func(t *testing.T, file string) {
			t.Helper()
			moved := filepath.Join(t.TempDir(), "file")
			if err := os.Rename(file, moved); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(moved, file); err != nil {
				t.Fatal(err)
			}
		}, 2},
		"in a directory that is a link": {func(t *testing.T, file string) {
			t.Helper()
			dir := filepath.Dir(file)
			moved := filepath.Join(t.TempDir(), "dir")
			if err := os.Rename(dir, moved); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(moved, dir); err != nil {
				t.Fatal(err)
			}
		}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, a := filepath.Join(t.TempDir(), "kept"), newAdvertised()
			process(t, a, dir)
			tc.spoil(t, keptFile(t, dir))
			got := process(t, a, dir)
			if a.asked != tc.asked || got.Kept != (tc.asked == 1) || got.TokenEndpoint != a.cfg.TokenEndpoint {
				t.Errorf("%d questions and %+v, want %d", a.asked, got, tc.asked)
			}
		})
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestDiskForgetsWhatIsInvalid(t *testing.T) {
	t.Parallel()
	dir, a := t.TempDir(), newAdvertised()
	process(t, a, dir)
	configstore.Disk(a, keptAddress, dir).(configstore.Invalidator).Invalidate()
	if files, _ := filepath.Glob(filepath.Join(dir, "*")); len(files) != 0 {
		t.Errorf("%v is still there", files)
	}
	process(t, a, dir)
	if a.asked != 2 {
		t.Errorf("%d questions, want 2", a.asked)
	}
}

// Without a directory of the program's own, nothing is kept about addresses that another
// server may have on another day.
func TestDiskKeepsOnlyWhatStaysTheSameInTheUsersDirectory(t *testing.T) {
	caches := t.TempDir()
	t.Setenv("HOME", caches)
	t.Setenv("XDG_CACHE_HOME", caches)
	for address, kept := range map[string]bool{
		"https://flyte.example.com": true, "flyte.example.com:8443": true, "dns:///flyte.example.com": true,
		"http://127.0.0.1:8090": false, "localhost:8090": false, "[::1]:8090": false, "unix:///run/flyte.sock": false,
		"passthrough:///flyte.example.com": false, "passthrough:///bufnet": false, "no address": false,
	} {
		for _, dir := range []string{"", t.TempDir()} {
			a := newAdvertised()
			for range 2 {
				if _, err := configstore.Disk(a, address, dir).ClientConfig(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if want := kept || dir != ""; (a.asked == 1) != want {
				t.Errorf("%q in %q: %d questions, kept: want %v", address, dir, a.asked, want)
			}
		}
	}
}
