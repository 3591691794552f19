package tokenstore

import (
	"os"
	"strings"
	"testing"
)

// A file that others may read and whose mode cannot be changed, as on a read-only
// file system, is worth one warning, and it does not claim what was not done.
func TestFileStoreThatCannotCloseAFile(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	s := &FileStore{Logger: textLogger(&log)}
	for range 2 {
		f, err := os.Open("/proc/self/status") // nobody may change its mode
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.opened(nil).decodeFile(t.Context(), f, personKey()); err == nil || !strings.Contains(err.Error(), "not a stored login") {
			t.Errorf("it was not read on: %v", err)
		}
		_ = f.Close()
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "cannot be closed") {
		t.Errorf("%d warnings: %s", n, log.String())
	}
}
