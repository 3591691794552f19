package tokenstore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"github.com/jetway-go/jetway/auth"
)

// Attempts to lock a file are 20 to 50 ms apart, so that many processes do not try
// in step.
const (
	lockPause  = 20 * time.Millisecond
	lockJitter = 30 * time.Millisecond
)

// fileLock locks a file for each login, in this directory; empty means jetway/locks
// in os.UserCacheDir. The operating system releases the lock when a process dies. The
// file is not the one with the login and is never deleted: a lock on a deleted file
// excludes no other process.
type fileLock string

// lock waits until the file of k is locked, or until ctx ends.
func (dir fileLock) lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	path, err := dir.path(k)
	if err != nil {
		return nil, lockError(k, err)
	}
	file := flock.New(path, flock.SetPermissions(0o600))
	for {
		ok, err := file.TryLock()
		switch {
		case err != nil:
			return nil, lockError(k, err)
		case ok:
			return fileLease{file}, nil
		}
		pause := lockPause + time.Duration(rand.Int64N(int64(lockJitter)+1)) //nolint:gosec // spreads load, keeps no secret
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, lockError(k, ctx.Err())
		}
	}
}

// path returns the lock file of k, in a directory that no other user can write to.
func (dir fileLock) path(k auth.Key) (string, error) {
	name := string(dir)
	if name == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("%w for lock files, name one in LockDir: %w", errNoDirectory, err)
		}
		name = filepath.Join(base, "jetway", "locks")
	}
	d, err := openDir(filepath.Clean(name), true)
	if err != nil {
		return "", err
	}
	return filepath.Join(name, keyHash(k)+".lock"), d.Close()
}

func lockError(k auth.Key, err error) error {
	return &auth.Error{Op: "lock", Endpoint: k.Endpoint, Err: err}
}

// fileLease is a locked file. It is not lost while the process runs.
type fileLease struct{ file *flock.Flock }

func (fileLease) Lost() <-chan struct{} { return nil }

func (l fileLease) Unlock() { _ = l.file.Unlock() }

// noLease is the lease of a store without locks.
type noLease struct{}

func (noLease) Lost() <-chan struct{} { return nil }

func (noLease) Unlock() {}
