// Package state keeps the mock's state in a file, so that projects, runs, secrets, objects
// and logins outlive the server, also one that was killed.
//
// A [File] is an embedded store (bbolt). It holds secrets of tests: the values of secrets,
// the keys that sign tokens and URLs, and hashes of tokens; it has mode 0600 and belongs
// into no repository. One process at a time has it open. [Open] makes a file that does not
// exist, brings one of an older version up to date, and refuses every other file by an
// [*Error] without changing it.
//
// Call [Open], give the File to mockserver.WithState, and close it after the server.
package state

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
)

// File is an open file of state. It is safe for concurrent use.
type File struct {
	path string
	db   *bbolt.DB
}

// Path returns the file's name as [Open] was given it.
func (f *File) Path() string { return f.path }

// Close closes the file, which other processes can open then.
func (f *File) Close() error {
	if err := f.db.Close(); err != nil {
		return &Error{Path: f.path, Op: "close", Err: err}
	}
	return nil
}

// Commit makes all changes or none: changes[bucket][key] is the new value, nil deletes the
// key. When it returns nil, the changes outlive a crash of the machine. The error is an
// [*Error] with the cause, such as syscall.ENOSPC.
func (f *File) Commit(changes map[string]map[string][]byte) error {
	err := f.db.Update(func(tx *bbolt.Tx) error {
		for bucket, values := range changes {
			if bucket == metaBucket {
				return errReserved
			}
			if err := commit(tx, bucket, values); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return &Error{Path: f.path, Op: "write", Err: cause(err), Do: "see that the disk has space and works, then try again"}
	}
	return nil
}

// cause returns what the operating system said, without the file's name, which is ours to
// tell. The store has only the text of it when the file cannot grow.
func cause(err error) error {
	if named, ok := errors.AsType[*fs.PathError](err); ok {
		return named.Err
	}
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if strings.HasSuffix(err.Error(), full.Error()) {
			return full
		}
	}
	return err
}

var errReserved = errors.New("the bucket " + metaBucket + " is reserved")

func commit(tx *bbolt.Tx, bucket string, values map[string][]byte) error {
	b, err := tx.CreateBucketIfNotExists([]byte(bucket))
	if err != nil {
		return err
	}
	for key, value := range values {
		if value == nil {
			err = b.Delete([]byte(key))
		} else {
			err = b.Put([]byte(key), seal(bucket, key, value))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Each calls each for the keys of a bucket that begin with prefix, in their order, until
// each fails. The value is valid in each only.
func (f *File) Each(bucket, prefix string, each func(key string, value []byte) error) error {
	return f.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		if b == nil {
			return nil
		}
		c := b.Cursor()
		for k, v := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
			value, ok := unseal(bucket, string(k), v)
			if !ok {
				return &Error{Path: f.path, Op: "read", Err: ErrBroken, Do: doBroken}
			}
			if err := each(string(k), value); err != nil {
				return err
			}
		}
		return nil
	})
}

// lockTimeout is for a process that ends just now, or is about to run another program.
const lockTimeout = 300 * time.Millisecond

// options are those of every open file: the list of free pages is made anew at each start
// instead of being written with each commit.
func options() *bbolt.Options {
	return &bbolt.Options{Timeout: lockTimeout, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType}
}
