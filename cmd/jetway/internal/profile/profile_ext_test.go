package profile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
)

// A program that saves without the lock, such as an editor, does not lose its change.
func TestAChangeSeesWhatWasSavedMeanwhile(t *testing.T) {
	t.Parallel()
	f := profile.At(t.TempDir())
	calls := 0
	err := f.Change(func(all *profile.Profiles) bool {
		if calls++; calls == 1 {
			if err := f.Save(profile.Profiles{Named: map[string]profile.Settings{"other": {Endpoint: "o"}}}); err != nil {
				t.Error(err)
			}
		}
		all.Named["own"] = profile.Settings{Endpoint: "e"}
		return true
	})
	all, loadErr := f.Load()
	if err != nil || loadErr != nil || calls != 2 || len(all.Named) != 2 {
		t.Errorf("%v, %v: %d calls, profiles %v", err, loadErr, calls, all.Named)
	}
	if err := f.Change(func(all *profile.Profiles) bool { clear(all.Named); return false }); err != nil {
		t.Error(err)
	}
	if all, _ := f.Load(); len(all.Named) != 2 {
		t.Error("what was not to be saved was")
	}
}

func TestTheFileIsWholeAtAnyTime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := profile.At(dir)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 10 {
				if err := f.Change(func(all *profile.Profiles) bool { all.Named[fmt.Sprint("p", i)] = profile.Settings{}; return true }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
}

func TestNoPlaceMeansNoProfiles(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("AppData", "")
	f := profile.At("")
	if all, err := f.Load(); err != nil || len(all.Named) > 0 || f.Path() != "" {
		t.Errorf("%v, %v, %q", all, err, f.Path())
	}
	if err := f.Save(profile.Profiles{}); err == nil || !strings.Contains(err.Error(), "JETWAY_CONFIG_DIR") {
		t.Errorf("got %v", err)
	}
}

func TestTheListOfLoginsIsBoundedAndHasEachOnce(t *testing.T) {
	t.Parallel()
	var p profile.Profiles
	for i := range 300 {
		p.Remember(auth.Key{Endpoint: fmt.Sprint(i)})
	}
	p.Remember(auth.Key{Endpoint: "299"})
	keys := p.Keys()
	if len(keys) != 200 || keys[199].Endpoint != "299" || keys[0].Endpoint != "100" {
		t.Errorf("%d keys, the first %v", len(keys), keys[0])
	}
	if !p.Forget(keys[0]) || p.Forget(keys[0]) || slices.Contains(p.Keys(), keys[0]) {
		t.Error("a key is not forgotten")
	}
}

func TestABrokenFileStaysAsItIs(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]string{
		"cut off":              `{"profiles": [`,
		"of another kind":      "profiles:\n  one: {}\n",
		"of a later version":   `{"profiles": {"one": {"colour": "red"}}}`,
		"with more after it":   `{"profiles": {}} {"profiles": {}}`,
		"with a field of text": `{"profiles": {"one": {"insecure": "yes"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "profiles.json")
			if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
				t.Fatal(err)
			}
			err := profile.At(dir).Change(func(*profile.Profiles) bool { t.Error("it is changed"); return true })
			if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "mend the file") {
				t.Error(err)
			}
			if text, _ := os.ReadFile(path); string(text) != broken {
				t.Errorf("it is %q now", text)
			}
		})
	}
}

func TestANameIsOneThatShellsAndFilesTake(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"a": true, "9": true, "a.b-c_D": true, strings.Repeat("x", 63): true,
		"": false, ".a": false, "-a": false, "_a": false, "a b": false, "a/b": false, "../x": false, "é": false, "a\n": false,
		strings.Repeat("x", 64): false,
	} {
		if err := profile.CheckName(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
