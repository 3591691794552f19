package auth

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

const (
	// lockPatience is how long a process waits for another one's renewal. Then it
	// goes on by itself: a holder that is stuck must not stop everybody.
	lockPatience = 20 * time.Second
	// Tries are between 20 and 50 ms apart, so that many processes do not try in step.
	lockPause  = 20 * time.Millisecond
	lockJitter = 30 * time.Millisecond
)

// locker lets one process, or one Authenticator of it, replace a login at a time.
type locker interface {
	// lock waits for the login of k and returns what gives it back. It never
	// fails: without a lock a renewal is less safe, but better than none.
	lock(ctx context.Context, k Key) (unlock func())
}

// processLock is a locker that locks a file. The operating system gives the lock
// back when a process dies, however it dies. The file is never the one with the
// login and is never deleted: a lock on a deleted file excludes nobody.
type processLock struct {
	dir  string // empty: jetway/locks in os.UserCacheDir
	log  *slog.Logger
	once sync.Once
}

func (l *processLock) lock(ctx context.Context, k Key) (unlock func()) {
	unlock = func() {}
	path, err := l.path(k)
	if err != nil {
		l.skip(ctx, err)
		return unlock
	}
	file := flock.New(path, flock.SetPermissions(0o600))
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	for {
		ok, err := file.TryLock()
		switch {
		case err != nil:
			l.skip(ctx, err)
			return unlock
		case ok:
			return func() { _ = file.Unlock() }
		}
		pause := lockPause + time.Duration(rand.Int64N(int64(lockJitter)+1)) //nolint:gosec // spreads load, keeps no secret
		select {
		case <-time.After(pause):
		case <-patience.C:
			l.log.WarnContext(ctx, "another process has been replacing the login for long; going on without waiting for it",
				slog.Duration("waited", lockPatience))
			return unlock
		case <-ctx.Done():
			return unlock
		}
	}
}

// path returns the lock file of k, in a directory that nobody else can write to.
func (l *processLock) path(k Key) (string, error) {
	dir := l.dir
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "jetway", "locks")
	}
	d, err := openDir(filepath.Clean(dir), true)
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, keyHash(k)+".lock"), d.Close()
}

// skip says once that there is no lock, and why.
func (l *processLock) skip(ctx context.Context, err error) {
	l.once.Do(func() {
		l.log.InfoContext(ctx, "cannot lock a login against other processes that renew it at the same time; going on without",
			slog.Any("error", err))
	})
}

// lease is a lock that a flight takes and gives back as it goes. The zero value
// holds nothing.
type lease struct{ unlock func() }

// take makes sure that the login is locked.
func (l *lease) take(ctx context.Context, a *Authenticator) (taken bool) {
	if l.unlock != nil || a.locker == nil || a.store == nil {
		return false
	}
	l.unlock = a.locker.lock(ctx, a.key)
	return true
}

// release gives the lock back, if there is one.
func (l *lease) release() {
	if l.unlock != nil {
		l.unlock()
		l.unlock = nil
	}
}

// WithProcessLock makes sure that of several processes with the same login only
// one renews it and the others take over what it has stored: a server that
// rotates refresh tokens may end the login of everybody otherwise. dir holds a
// lock file for each login, which is never deleted; empty means jetway/locks in
// the directory of os.UserCacheDir.
//
// It is the default, with that directory, for stores whose method
// Persistent() bool says that logins outlive the process, as those of
// [KeyringStore], [FileStore] and [Fallback] do. (A [MemoryStore] lets those who
// share it take turns without a file.) A process waits 20 seconds at
// most, and never while a person logs in somewhere else. Where the directory
// cannot be written to, it goes on without a lock and logs that once.
func WithProcessLock(dir string) Option {
	return optionFunc(func(a *Authenticator) { a.locker = &processLock{dir: dir} })
}

// WithoutProcessLock touches no lock file.
func WithoutProcessLock() Option {
	return optionFunc(func(a *Authenticator) { a.locker, a.alone = nil, true })
}

// prepareLock completes the choice of options.
func (a *Authenticator) prepareLock() {
	if a.locker == nil {
		if own, ok := a.store.(locker); ok {
			a.locker = own
		} else if persistent(a.store) && !a.alone {
			a.locker = &processLock{}
		}
	}
	if l, ok := a.locker.(*processLock); ok {
		l.log = a.log
	}
}
