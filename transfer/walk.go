package transfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/jetway-go/jetway/internal/fault"
)

// walk calls found with the path of each file in root, with slashes.
func walk(root *os.Root, found func(name string) error) error {
	return fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		stop := func(err error) error {
			return failed(opUpload, fault.Foreign(filepath.Join(root.Name(), filepath.FromSlash(name)), fault.MaxForeign), err)
		}
		switch {
		case err != nil:
			return stop(err)
		case entry.IsDir():
			return nil
		case entry.Type()&fs.ModeSymlink != 0:
			// A FIFO must not be opened, not even through a link.
			to, err := root.Stat(filepath.FromSlash(name))
			if err != nil {
				return stop(inside(err))
			}
			if to.IsDir() {
				return stop(fmt.Errorf("symbolic link to a directory: remove it, or upload that directory by itself: %w", ErrNotFile))
			}
			if !to.Mode().IsRegular() {
				return stop(ErrNotFile)
			}
		case !entry.Type().IsRegular():
			return stop(ErrNotFile)
		}
		return found(name)
	})
}

// openInside opens a file of root for reading.
func openInside(root *os.Root, name string) (*os.File, error) {
	name = filepath.FromSlash(name)
	if info, err := root.Stat(name); err == nil && !info.Mode().IsRegular() { // see openFile
		return nil, ErrNotFile
	}
	f, err := root.Open(name)
	return f, inside(err)
}

// inside returns ErrEscapes where err says that a path leads out of its root: that is the
// one refusal of os.Root which does not come from the system.
func inside(err error) error {
	var refused *fs.PathError
	if !errors.As(err, &refused) || errors.As(refused.Err, new(syscall.Errno)) ||
		errors.Is(refused.Err, fs.ErrInvalid) || errors.Is(refused.Err, fs.ErrClosed) {
		return err
	}
	return fmt.Errorf("symbolic link: %w; remove it, or put what it points to in its place: %w", ErrEscapes, err)
}
