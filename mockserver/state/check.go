package state

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// check returns why the file is refused. The store takes a file's content on trust, and
// would crash with a truncated one, so every page that is in use is looked at first, under
// the store's lock and without a change. The store's own check does not survive every file.
func check(path string, newest int) error {
	readOnly := options()
	readOnly.ReadOnly = true
	db, err := bbolt.Open(path, fileMode, readOnly) // looks at the first two pages only
	if err != nil {
		return refused(path, err)
	}
	err = checkFile(path, newest)
	return errors.Join(err, db.Close())
}

func checkFile(path string, newest int) error {
	file, err := os.Open(path)
	if err != nil {
		return refused(path, err)
	}
	defer func() { _ = file.Close() }() // it was only read
	found := &content{}
	if err := found.read(file); err != nil {
		return &Error{Path: path, Op: "open", Err: ErrBroken, Do: doBroken}
	}
	if found.empty {
		return nil // a process was killed before it had said what the file is
	}
	_, err = versionOf(found.magic, found.version, newest)
	if err == nil && found.damaged {
		err = ErrBroken
	}
	if err != nil {
		return &Error{Path: path, Op: "open", Err: err, Do: doRefused(err)}
	}
	return nil
}

// content is what a file says of itself.
type content struct {
	magic, version string
	empty          bool // no bucket at all
	damaged        bool // a value and its checksum do not fit
}

func (c *content) read(file *os.File) error {
	p, root, err := openPages(file)
	if err != nil {
		return err
	}
	c.empty = true
	return p.walk(root, func(bucket, value []byte, isBucket bool) error {
		c.empty = false
		if !isBucket {
			return errPages
		}
		return p.walkBucket(value, func(key, value []byte, isBucket bool) error {
			c.look(string(bucket), string(key), value, isBucket)
			return nil
		})
	})
}

// look takes one value of a bucket. Other programs' files may have buckets there.
func (c *content) look(bucket, key string, value []byte, isBucket bool) {
	switch {
	case isBucket:
		c.damaged = true
	case bucket != metaBucket:
		_, ok := unseal(bucket, key, value)
		c.damaged = c.damaged || !ok
	case key == magicKey:
		c.magic = string(value)
	case key == versionKey:
		c.version = string(value)
	}
}

// refused turns an error of the store's opening into ours.
func refused(path string, err error) error {
	out := &Error{Path: path, Op: "open", Err: err}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		out.Err, out.Do = ErrLocked, "stop that process, or name another file"
	case errors.Is(err, fs.ErrPermission):
		out.Err, out.Do = ErrReadOnly, "make it writable for you, or name another file"
	default:
		if _, pathError := errors.AsType[*fs.PathError](err); pathError {
			break
		}
		out.Err = ErrNotOurs
		if startsLikeAStore(path) {
			out.Err = ErrBroken
		}
		out.Do = doRefused(out.Err)
	}
	return out
}

// startsLikeAStore reports whether a file that the store does not take begins as its files
// do.
func startsLikeAStore(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = file.Close() }() // it was only read
	var mark [4]byte
	_, err = file.ReadAt(mark[:], pageHeader)
	return err == nil && binary.NativeEndian.Uint32(mark[:]) == storeMagic
}
