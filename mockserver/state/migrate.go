package state

import (
	"errors"
	"strconv"

	"go.etcd.io/bbolt"
)

// migration brings the values of a file to the next version.
type migration func(tx *bbolt.Tx) error

// migrations are the steps from version 1 on: the first one makes version 2. A new kind of
// record is a step too, which may do nothing: a program that does not know the kind must
// not open the file.
func migrations() []migration { return nil }

// version is the one that the steps lead to.
func version(steps []migration) int { return 1 + len(steps) }

// migrate brings the file up to date, in one commit.
func (f *File) migrate(steps []migration) error {
	var empty bool
	var at int
	err := f.db.View(func(tx *bbolt.Tx) (err error) {
		if first, _ := tx.Cursor().First(); first == nil {
			empty = true
			return nil
		}
		at, err = versionOf(metaValue(tx, magicKey), metaValue(tx, versionKey), version(steps))
		return err
	})
	switch {
	case err != nil:
		return &Error{Path: f.path, Op: "open", Err: err, Do: doRefused(err)}
	case empty:
		err = f.db.Update(func(tx *bbolt.Tx) error { return begin(tx, version(steps)) })
	case at < version(steps):
		err = f.db.Update(func(tx *bbolt.Tx) error {
			for _, step := range steps[at-1:] {
				if err := step(tx); err != nil {
					return err
				}
			}
			return tx.Bucket([]byte(metaBucket)).Put([]byte(versionKey), []byte(strconv.Itoa(version(steps))))
		})
	}
	if err != nil {
		return &Error{Path: f.path, Op: "bring up to date", Err: err, Do: "see that the disk has space and works, then try again"}
	}
	return nil
}

// begin says in an empty file what it is.
func begin(tx *bbolt.Tx, version int) error {
	meta, err := tx.CreateBucket([]byte(metaBucket))
	if err != nil {
		return err
	}
	return errors.Join(meta.Put([]byte(magicKey), []byte(magic)), meta.Put([]byte(versionKey), []byte(strconv.Itoa(version))))
}

func metaValue(tx *bbolt.Tx, key string) string {
	meta := tx.Bucket([]byte(metaBucket))
	if meta == nil {
		return ""
	}
	return string(meta.Get([]byte(key)))
}

// versionOf returns the version of a file with these values in its meta bucket.
func versionOf(mark, text string, newest int) (int, error) {
	if mark != magic {
		return 0, ErrNotOurs
	}
	at, err := strconv.Atoi(text)
	switch {
	case err != nil || at < 1:
		return 0, ErrBroken
	case at > newest:
		return 0, ErrNewer
	}
	return at, nil
}

// doRefused says what to do about a file that is refused.
func doRefused(err error) string {
	switch {
	case errors.Is(err, ErrNotOurs):
		return "name another file, or one that does not exist yet"
	case errors.Is(err, ErrNewer):
		return "use that version, or name another file"
	default:
		return doBroken
	}
}
