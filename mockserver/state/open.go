package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// fileMode is that of the file: its owner alone reads it.
const fileMode = 0o600

// Open opens the file at path, which it creates if there is none. The error is an [*Error]
// around [ErrNotOurs], [ErrNewer], [ErrBroken], [ErrLocked], [ErrReadOnly] or what the
// operating system says, and the file is then as it was.
func Open(path string) (*File, error) { return open(path, migrations()) }

func open(path string, steps []migration) (*File, error) {
	if err := prepare(path, version(steps)); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(path, fileMode, options())
	if err != nil {
		return nil, refused(path, err)
	}
	db.AllocSize = allocSize
	f := &File{path: path, db: db}
	if err := f.migrate(steps); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := os.Chmod(path, fileMode); err != nil {
		return nil, errors.Join(&Error{Path: path, Op: "open", Err: err}, f.Close())
	}
	return f, nil
}

// allocSize is by how much the file grows at least, in bytes.
const allocSize = 1 << 20

// prepare creates the file if there is none, complete in one step, or checks it.
func prepare(path string, version int) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path, version)
	case err != nil:
		return &Error{Path: path, Op: "open", Err: err}
	case !info.Mode().IsRegular():
		return &Error{Path: path, Op: "open", Err: ErrNotOurs, Do: "name a file, or one that does not exist yet"}
	case info.Mode().Perm()&0o200 == 0:
		return &Error{Path: path, Op: "open", Err: ErrReadOnly, Do: "make it writable for its owner, or name another file"}
	case info.Size() == 0: // as mktemp makes them: the store fills it
		return nil
	default:
		return check(path, version)
	}
}

// create makes the file under another name first, so that a process that is killed leaves
// no half of it, and links it to path, which replaces no file of another process.
func create(path string, version int) error {
	failed := func(err error) error {
		return &Error{Path: path, Op: "create", Err: err, Do: "name a file in a directory that exists and may be written"}
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return failed(err)
	}
	defer func() { _ = os.Remove(temp.Name()) }() // a second name by then
	if err := temp.Close(); err != nil {
		return failed(err)
	}
	db, err := bbolt.Open(temp.Name(), fileMode, options())
	if err != nil {
		return failed(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error { return begin(tx, version) })
	if err := errors.Join(err, db.Close()); err != nil {
		return failed(err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return failed(err)
	}
	return nil
}
