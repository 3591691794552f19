//go:build unix

package tokenstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

func TestCheckNamesAFileThatOthersCanRead(t *testing.T) {
	t.Parallel()
	home, key := t.TempDir(), auth.Key{Endpoint: "h", Flow: auth.StoredFlow}
	s := &tokenstore.FileStore{Dir: filepath.Join(home, "logins"), LockDir: filepath.Join(home, "locks")}
	if err := s.Store(t.Context(), key, &auth.Credentials{AccessToken: "t"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), key); err != nil {
		t.Errorf("of a good file: %v", err)
	}
	if err := os.Chmod(s.Location(key), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), key); !errors.Is(err, tokenstore.ErrReadable) {
		t.Errorf("%v, want ErrReadable", err)
	}
	info, err := os.Stat(s.Location(key))
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file has the mode %v now (%v): Check changes nothing", info.Mode(), err)
	}
}
