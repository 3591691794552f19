package tokenstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// errNoDirectory means that no directory was named and that the user has none, as in a
// process without HOME: nothing can be stored, and nothing is.
var errNoDirectory = errors.New("no directory")

// openDir opens a directory that no other user can write to, and creates it if asked.
func openDir(path string, create bool) (*os.Root, error) {
	info, err := os.Lstat(path)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(path, 0o700); err == nil {
			info, err = os.Lstat(path)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link; name the directory itself", path)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no directory", path)
	case foreign(info):
		return nil, fmt.Errorf("%s belongs to another user; name a directory of your own", path)
	case othersMay(info)&0o022 != 0:
		return nil, fmt.Errorf("%s is writable by others (mode %#o); run chmod 700 on it or name another directory", path, info.Mode().Perm())
	}
	d, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if opened, err := d.Stat("."); err != nil || !os.SameFile(info, opened) {
		_ = d.Close()
		return nil, fmt.Errorf("%s was replaced while it was opened", path)
	}
	return d, nil
}
