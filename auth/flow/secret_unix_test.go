//go:build unix

package flow

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Only a link that leads nowhere for a moment is worth another look.
func TestFileThatIsBeingReplaced(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	link, file := filepath.Join(dir, "link"), filepath.Join(dir, "file")
	if err := errors.Join(os.Symlink("gone", link), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		path        string
		fails, want int
		err         error
	}{
		"link, soon back": {link, 2, 3, fs.ErrNotExist},
		"link for good":   {link, 99, 5, fs.ErrNotExist},
		"link, not ours":  {link, 99, 1, fs.ErrPermission},
		"plain file":      {file, 99, 1, fs.ErrNotExist},
		"nothing":         {filepath.Join(dir, "none"), 99, 1, fs.ErrNotExist},
	} {
		reads := 0
		value, err := readReplaced(tc.path, func(string) (string, error) {
			if reads++; reads <= tc.fails {
				return "", tc.err
			}
			return "token", nil
		})
		if reads != tc.want || (err == nil) != (value == "token") || (err == nil) != (tc.fails < tc.want) {
			t.Errorf("%s: got %q and %v after %d reads, want %d", name, value, err, reads, tc.want)
		}
	}
}
