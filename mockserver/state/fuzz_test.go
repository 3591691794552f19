package state

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// A file is refused or opens, and one that opens can be written; nothing else happens.
func FuzzOpen(f *testing.F) {
	raw, err := os.ReadFile(filepath.Join("testdata", "version1.state"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add(raw[:len(raw)/2])
	f.Add([]byte("notes"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(dir, "state")
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Open(path)
		if err != nil {
			ours := errors.Is(err, ErrBroken) || errors.Is(err, ErrNotOurs) || errors.Is(err, ErrNewer)
			if left, readErr := os.ReadFile(path); !ours || readErr != nil || !bytes.Equal(left, raw) {
				t.Errorf("%v; unchanged = %t", err, bytes.Equal(left, raw))
			}
			return
		}
		if err := file.Commit(map[string]map[string][]byte{"b": {"k": []byte("v")}}); err != nil {
			t.Error(err)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}
