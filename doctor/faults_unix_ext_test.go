//go:build unix

package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/doctor"
)

// A file that others can read is named before the library, which reads it, corrects its mode.
func TestAReadableLoginIsNamed(t *testing.T) {
	t.Parallel()
	s, home := mock(t), t.TempDir()
	store := &tokenstore.FileStore{Dir: filepath.Join(home, "logins"), LockDir: filepath.Join(home, "locks")}
	if err := store.Store(t.Context(), keyed(s.Endpoint()), &auth.Credentials{AccessToken: "file-token"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(store.Location(keyed(s.Endpoint())), 0o644); err != nil {
		t.Fatal(err)
	}
	f := keeping(s, store)
	got := stepOf(t, doctor.Run(t.Context(), f.target), "store")
	if got.State != doctor.Warning || got.Problem != doctor.Readable || !strings.Contains(got.Advice, "chmod 600") {
		t.Errorf("%v", got)
	}
}
