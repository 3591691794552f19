package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/clock"
)

// A process that waits for a lock looks every 5 to 10 ms whether the lock was released. It
// tries again when it was, or when the holder has been silent for a while: it may have died,
// and programs of older versions do not say that they release it.
const (
	lockPause   = 5 * time.Millisecond
	lockJitter  = 5 * time.Millisecond
	lockSilence = 500 * time.Millisecond
)

// fileLock locks a file for each login, in this directory; empty means jetway/locks
// in os.UserCacheDir. The operating system releases the lock when a process dies. The
// file is not the one with the login and is never deleted: a lock on a deleted file
// excludes no other process. Its time of change is when the lock was released last.
type fileLock string

// errLeft says that a lock was not needed any more.
var errLeft = errors.New("the lock is not needed any more")

// lock waits until the file of k is locked, until ctx ends, or until done, which may be nil,
// reports true. It calls done before every try but the first.
func (dir fileLock) lock(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	path, err := dir.path(k)
	if err != nil {
		return nil, lockError(k, err)
	}
	file := flock.New(path, flock.SetPermissions(0o600))
	for {
		released := lastRelease(path) // before the try, so that none is missed
		ok, err := file.TryLock()
		switch {
		case err != nil:
			return nil, lockError(k, err)
		case ok:
			return fileLease{file}, nil
		}
		if err := awaitRelease(ctx, path, released); err != nil {
			return nil, lockError(k, err)
		}
		if done != nil && done() {
			return nil, errLeft
		}
	}
}

// awaitRelease waits until the lock is released after last, or for lockSilence at most.
func awaitRelease(ctx context.Context, path string, last time.Time) error {
	limit := jittered(lockSilence, lockSilence)
	for start := time.Now(); time.Since(start) < limit && lastRelease(path).Equal(last); {
		if err := clock.Sleep(ctx, jittered(lockPause, lockJitter)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func jittered(pause, jitter time.Duration) time.Duration {
	return pause + time.Duration(rand.Int64N(int64(jitter)+1)) //nolint:gosec // spreads load, keeps no secret
}

func lastRelease(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{} // not created yet
	}
	return info.ModTime()
}

// path returns the lock file of k, in a directory that no other user can write to.
func (dir fileLock) path(k auth.Key) (string, error) {
	name, err := dir.name()
	if err != nil {
		return "", err
	}
	d, err := openDir(name, true)
	if err != nil {
		return "", err
	}
	return filepath.Join(name, keyHash(anyPurpose(k))+".lock"), d.Close()
}

// name returns the directory, which need not exist.
func (dir fileLock) name() (string, error) {
	if dir != "" {
		return filepath.Clean(string(dir)), nil
	}
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w for lock files, name one in LockDir: %w", errNoDirectory, err)
	}
	return filepath.Join(base, "jetway", "locks"), nil
}

func lockError(k auth.Key, err error) error {
	return &auth.Error{Op: "lock", Endpoint: k.Endpoint, Err: err}
}

// fileLease is a locked file. It is not lost while the process runs.
type fileLease struct{ file *flock.Flock }

func (fileLease) Lost() <-chan struct{} { return nil }

// Unlock also tells those who wait, by the file's time of change. Where that fails they find
// out later.
func (l fileLease) Unlock() {
	path := l.file.Path()
	last := lastRelease(path)
	_ = l.file.Unlock()
	now := time.Now()
	if !now.After(last) { // a clock that was set back, or a coarse one
		now = last.Add(time.Millisecond)
	}
	_ = os.Chtimes(path, now, now)
}

// noLease is the lease of a store without locks.
type noLease struct{}

func (noLease) Lost() <-chan struct{} { return nil }

func (noLease) Unlock() {}
