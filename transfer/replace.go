package transfer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

var errDangling = fmt.Errorf("symbolic link to nothing: remove it, or create what it points to: %w", fs.ErrNotExist)

// replacement is a file that is to take the place of another one, and until then is beside
// it.
type replacement struct {
	*os.File

	path string // where it is to be; empty once it is there
}

// replace creates a file that is to be at path.
func replace(path string) (*replacement, error) {
	mode, keep := fs.FileMode(0o666), false // less the umask, as any program creates files
	switch info, err := os.Stat(path); {
	case err == nil && !info.Mode().IsRegular(), path == "", os.IsPathSeparator(path[len(path)-1]):
		return nil, ErrNotFile
	case err == nil:
		mode, keep = info.Mode().Perm(), true
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	default:
		if _, there := os.Lstat(path); there == nil {
			return nil, errDangling // the link would be replaced, and what it points to would not be there
		}
	}
	next := filepath.Join(filepath.Dir(path), ".jetway-"+rand.Text()[:12]+".part")
	file, err := os.OpenFile(next, os.O_CREATE|os.O_EXCL|os.O_RDWR, mode|0o200)
	if err != nil {
		return nil, err
	}
	r := &replacement{file, path}
	if keep {
		if err := file.Chmod(mode); err != nil {
			r.discard()
			return nil, err
		}
	}
	return r, nil
}

// commit puts the file in its place. Sync says that it has to be on the disk before.
func (r *replacement) commit(sync bool) error {
	if sync {
		if err := r.Sync(); err != nil {
			return err
		}
	}
	if err := r.Close(); err != nil {
		return err
	}
	if err := os.Rename(r.Name(), r.path); err != nil {
		return err
	}
	r.path = ""
	return nil
}

// discard removes the file unless it is in its place.
func (r *replacement) discard() {
	if r.path != "" {
		_ = r.Close() // again, as a rule
		_ = os.Remove(r.Name())
	}
}
