package smallfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write := func(content string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := smallfile.Read(path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v, want ErrNotExist with the path", err)
	}
	if _, err := smallfile.Read(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("directory: %v", err)
	}
	write("text\n")
	if got, err := smallfile.Read(path); err != nil || string(got) != "text\n" {
		t.Errorf("Read = %q, %v", got, err)
	}
	write("\ufefftext\ufeff")
	if got, err := smallfile.Read(path); err != nil || string(got) != "text\ufeff" {
		t.Errorf("with a byte order mark: %q, %v", got, err)
	}
	write(strings.Repeat("x", smallfile.Limit+1))
	if _, err := smallfile.Read(path); err == nil || !strings.Contains(err.Error(), "larger than 1024 KiB") {
		t.Errorf("too large: %v", err)
	}
}
