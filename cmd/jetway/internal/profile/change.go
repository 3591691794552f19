package profile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// How long a change waits for those of other processes, which take milliseconds: a process
// that was suspended in its change does not stop the others for ever.
const (
	lockWait  = 3 * time.Second
	lockPause = 5 * time.Millisecond
)

// Change loads the profiles, changes them and saves them if change reports true. It waits
// for a change of another process. Where one saves meanwhile all the same, change is called
// again, with what is there then.
func (f File) Change(change func(*Profiles) bool) error {
	defer f.lock()()
	for {
		before, _ := f.read() // Load says what is wrong
		p, err := f.Load()
		if err != nil {
			return err
		}
		if !change(&p) {
			return nil
		}
		if after, _ := f.read(); bytes.Equal(before, after) {
			return f.Save(p)
		}
	}
}

// lock locks the file for changes and returns what unlocks it. Where that is not possible,
// as on file systems without locks, the change is made without: Save says what else is wrong.
func (f File) lock() (unlock func()) {
	if f.nowhere != nil || os.MkdirAll(filepath.Dir(f.path), 0o700) != nil {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	path := filepath.Join(filepath.Dir(f.path), ".profiles.lock")
	for {
		file := flock.New(path, flock.SetPermissions(0o600))
		if ok, err := file.TryLockContext(ctx, lockPause); !ok || err != nil {
			_ = file.Close()
			return func() {}
		}
		// The holder before deletes the file: a lock on a deleted one excludes no other process.
		held, err := file.Stat()
		if there, missing := os.Stat(path); err == nil && missing == nil && os.SameFile(held, there) {
			return func() {
				_ = os.Remove(path) // before it is unlocked; where that is not possible, it stays
				_ = file.Unlock()
			}
		}
		_ = file.Unlock()
	}
}

// Save writes the file, whole or not at all, for its owner only. A symbolic link to it stays
// one.
func (f File) Save(p Profiles) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store profiles: %w", err)
		}
	}()
	if f.nowhere != nil {
		return f.nowhere
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	path := f.path
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	next, err := os.CreateTemp(dir, ".profiles-*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // finds nothing once it is renamed
	_, err = next.Write(append(text, '\n'))
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), path)
}
