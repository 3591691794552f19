package profile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
)

func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new")
	const processes, each = 8, 5
	var wg sync.WaitGroup
	for i := range processes {
		wg.Go(func() {
			for j := range each {
				name := fmt.Sprintf("p%d-%d", i, j)
				if err := profile.At(dir).Change(func(all *profile.Profiles) bool { all.Named[name] = profile.Settings{}; return true }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if all, err := profile.At(dir).Load(); err != nil || len(all.Named) != processes*each {
		t.Errorf("%d profiles, want %d: %v", len(all.Named), processes*each, err)
	}
}

func TestASymbolicLinkToTheFileStaysOne(t *testing.T) {
	t.Parallel()
	dir, dotfiles := t.TempDir(), t.TempDir()
	target := filepath.Join(dotfiles, "jetway.json")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(dir, "profiles.json")); err != nil {
		t.Fatal(err)
	}
	if err := profile.At(dir).Save(profile.Profiles{Current: "one"}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(target); err != nil || !strings.Contains(string(text), "one") {
		t.Errorf("the target is %q: %v", text, err)
	}
}

func TestWhatIsNoSmallFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(path string) error{
		"a directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"not a regular file": func(path string) error {
			return os.Symlink(os.DevNull, path)
		},
		"a file of 2 MiB": func(path string) error {
			if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 2<<20)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "profiles.json")
			if err := place(path); err != nil {
				t.Fatal(err)
			}
			if _, err := profile.At(filepath.Dir(path)).Load(); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAMarkOfEncodingIsNoError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "profiles.json"), []byte("\ufeff{\"current\": \"one\"}\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all, err := profile.At(dir).Load(); err != nil || all.Current != "one" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestAFieldOfAnotherKindIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`[]`:                                "want a JSON object, have a JSON array",
		`{"current": 5}`:                    "current cannot be a JSON number",
		`{"profiles": {"a": {"user": []}}}`: "user cannot be a JSON array",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "profiles.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := profile.At(dir).Load(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
