package tokenstore

import (
	"os"
	"strings"
	"testing"
)

// A file that other users may read and whose mode cannot be changed, as on a read-only
// file system, causes one warning, which says so, and is read all the same.
func TestFileStoreWarnsOfAModeThatItCannotChange(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &FileStore{Logger: textLogger(&log)}
	for range 2 {
		f, err := os.Open("/proc/self/status") // no user may change its mode
		if err != nil {
			t.Fatal(err)
		}
		s.opened(nil).restrict(t.Context(), f)
		if _, _, err := decodeFile(f); err == nil || !strings.Contains(err.Error(), "not a stored login") {
			t.Errorf("it was not read on: %v", err)
		}
		_ = f.Close()
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "cannot be changed") {
		t.Errorf("%d warnings: %s", n, log.String())
	}
}
