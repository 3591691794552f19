package tokenstore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// listed fails the test unless s lists exactly want.
func listed(t *testing.T, s auth.Lister, want ...auth.Key) error {
	t.Helper()
	got, err := s.List(t.Context())
	less := func(a, b auth.Key) bool { return strings.Join(parts(a), "\x00") < strings.Join(parts(b), "\x00") }
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(less), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%T lists (-want +got):\n%s", s, diff)
	}
	return err
}

func parts(k auth.Key) []string { return []string{k.Endpoint, k.ClientID, k.Flow, k.User, k.Profile} }

// newLister returns the stores that can list, empty, with the directory of files.
func newLister(t *testing.T) (all map[string]auth.Store, dir string) {
	t.Helper()
	dir = t.TempDir()
	return map[string]auth.Store{
		"memory": &tokenstore.MemoryStore{}, "file": &tokenstore.FileStore{Dir: dir},
		"fallback": &tokenstore.FallbackStore{Stores: []auth.Store{&tokenstore.FileStore{Dir: t.TempDir()}, &tokenstore.MemoryStore{}}},
	}, dir
}

func TestListReturnsTheKeyOfEveryLogin(t *testing.T) {
	t.Parallel()
	all, _ := newLister(t)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := listed(t, s.(auth.Lister)); err != nil {
				t.Errorf("an empty store: %v", err)
			}
			for _, k := range keys() {
				if err := s.Store(t.Context(), k, canaries()); err != nil {
					t.Fatal(err)
				}
			}
			if err := listed(t, s.(auth.Lister), keys()...); err != nil {
				t.Error(err)
			}
			if err := s.Delete(t.Context(), keys()[0]); err != nil {
				t.Fatal(err)
			}
			if err := listed(t, s.(auth.Lister), keys()[1:]...); err != nil {
				t.Error(err)
			}
		})
	}
}

// A file that Retrieve would not use is not listed, and listing leaves it in place.
func TestFileStoreListsUsableFilesOnly(t *testing.T) {
	t.Parallel()
	all, dir := newLister(t)
	s := all["file"]
	for _, k := range keys()[:2] {
		if err := s.Store(t.Context(), k, canaries()); err != nil {
			t.Fatal(err)
		}
	}
	path := s.(auth.Locator).Location(keys()[0])
	moved := filepath.Join(dir, "0123456789abcdef0123456789abcdef.json")
	if err := os.Rename(path, moved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := listed(t, s.(auth.Lister), keys()[1]); err != nil {
		t.Error(err)
	}
	for _, file := range []string{path, moved} {
		if _, err := os.Stat(file); err != nil {
			t.Errorf("listing has moved a file: %v", err)
		}
	}
}

// A fallback store lists what it can, each key once, and says which part is missing
// and why.
func TestFallbackStoreListsAPartWithAnError(t *testing.T) {
	t.Parallel()
	first, second := &tokenstore.MemoryStore{}, &tokenstore.FileStore{Dir: t.TempDir()}
	for _, s := range []auth.Store{first, second} {
		for _, k := range keys()[:2] {
			if err := s.Store(t.Context(), k, canaries()); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := &tokenstore.FallbackStore{Stores: []auth.Store{&tokenstore.KeyringStore{}, first, second}}
	if err := listed(t, s, keys()[:2]...); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "keyring") {
		t.Errorf("beside a keyring: %v", err)
	}
	s.Stores = []auth.Store{&tokenstore.FileStore{Dir: filepath.Join(second.Location(keys()[0]), "below a file")}, first}
	if err := listed(t, s, keys()[:2]...); err == nil || errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "file") {
		t.Errorf("beside a store that fails: %v", err)
	}
}

func TestListEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	all, _ := newLister(t)
	for name, s := range all {
		if _, err := s.(auth.Lister).List(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
