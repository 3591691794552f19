package state

import (
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
	var at int
	err := f.db.View(func(tx *bbolt.Tx) (err error) {
		at, err = versionOf(metaValue(tx, magicKey), metaValue(tx, versionKey), version(steps))
		return err
	})
	if err == nil && at < version(steps) {
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
		return &Error{Path: f.path, Op: "open", Err: err, Do: doRefused(err)}
	}
	return nil
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

func doRefused(err error) string {
	switch err {
	case ErrNotOurs:
		return "name another file, or one that does not exist yet"
	case ErrNewer:
		return "use that version, or name another file"
	default:
		return doBroken
	}
}
