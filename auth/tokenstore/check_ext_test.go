package tokenstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// everything lists what is below dir.
func everything(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, _ fs.DirEntry, err error) error {
		names = append(names, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCheckMakesNoDirectoryAndLeavesNoFile(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	s := &tokenstore.FileStore{Dir: filepath.Join(home, "a", "b"), LockDir: filepath.Join(home, "c")}
	if err := s.Check(t.Context(), auth.Key{Endpoint: "h"}); err != nil {
		t.Error(err)
	}
	if got := everything(t, home); len(got) != 1 {
		t.Errorf("left %v", got[1:])
	}
}

func TestCheckFindsWhatStoreWouldFailWith(t *testing.T) {
	t.Parallel()
	key := auth.Key{Endpoint: "h", Flow: auth.StoredFlow}
	for name, spoil := range map[string]func(t *testing.T, s *tokenstore.FileStore){
		"a file in place of the directory": func(t *testing.T, s *tokenstore.FileStore) {
			t.Helper()
			s.Dir = filepath.Join(write(t, s.Dir), "below")
		},
		"a file in place of the lock directory": func(t *testing.T, s *tokenstore.FileStore) {
			t.Helper()
			s.LockDir = write(t, s.LockDir)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			s := &tokenstore.FileStore{Dir: filepath.Join(home, "logins"), LockDir: filepath.Join(home, "locks")}
			spoil(t, s)
			var failed *auth.Error
			if err := s.Check(t.Context(), key); !errors.As(err, &failed) {
				t.Errorf("Check: %v", err)
			}
		})
	}
}

func write(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
