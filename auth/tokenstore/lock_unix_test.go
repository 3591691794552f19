//go:build unix

package tokenstore

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
)

func mustLock(t *testing.T, dir string, k auth.Key) auth.Lease {
	t.Helper()
	l, err := fileLock(dir).lock(t.Context(), k, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestFileLockExcludesOthersFromOneLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a process that has locked a login,
		dir := filepath.Join(t.TempDir(), "a", "locks")
		held := mustLock(t, dir, personKey())
		if held.Lost() != nil {
			t.Error("the lease says that it can be lost")
		}

		// another login is free,
		start := time.Now()
		mustLock(t, dir, auth.Key{Endpoint: "other"}).Unlock()
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v for another login", took)
		}
		// and this one is once it is given back, soon after.
		time.AfterFunc(time.Second, held.Unlock)
		mustLock(t, dir, personKey()).Unlock()
		if took := time.Since(start); took < time.Second || took > time.Second+lockPause+lockJitter {
			t.Errorf("got the lock after %v", took)
		}
		for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, keyHash(personKey())+".lock"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	})
}

func TestFileLockWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		defer mustLock(t, dir, personKey()).Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, err := fileLock(dir).lock(ctx, personKey(), nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("outlived its context by %v", took-time.Second)
		}
	})
}

// A process that waits tries again when the holder releases the lock, and not before; a
// holder that died or that does not say so is noticed within a second.
func TestFileLockIsTriedAgainOnlyWhenItMayBeFree(t *testing.T) {
	t.Parallel()
	for name, release := range map[string]func(auth.Lease){
		"released": auth.Lease.Unlock,
		"silently": func(l auth.Lease) { _ = l.(fileLease).file.Unlock() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				held := mustLock(t, dir, personKey())
				const after = 300 * time.Millisecond
				time.AfterFunc(after, func() { release(held) })
				asked := 0
				start := time.Now()
				l, err := fileLock(dir).lock(t.Context(), personKey(), func() bool { asked++; return false })
				if err != nil {
					t.Fatal(err)
				}
				l.Unlock()
				limit := after + lockPause + lockJitter
				if name == "silently" {
					limit = 2*lockSilence + lockPause + lockJitter
				}
				if took := time.Since(start); took < after || took > limit || asked != 1 {
					t.Errorf("got the lock after %v, and asked %d times", took, asked)
				}
				// Two releases at one moment are two.
				first := lastRelease(held.(fileLease).file.Path())
				mustLock(t, dir, personKey()).Unlock()
				if second := lastRelease(held.(fileLease).file.Path()); !second.After(first) {
					t.Errorf("released at %v, then at %v", first, second)
				}
			})
		})
	}
}

// unusableLockDirs are directories in which no file can be locked safely.
func unusableLockDirs(t *testing.T) []string {
	t.Helper()
	base := t.TempDir()
	file := filepath.Join(base, "file")
	open := filepath.Join(base, "open")
	link := filepath.Join(base, "link")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(open, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(open, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(base, link); err != nil {
		t.Fatal(err)
	}
	// /proc takes no files from any user, not even from root.
	return []string{file, filepath.Join(file, "below"), open, link, "/proc/locks"}
}

func TestFileLockIsNotTakenInDirectoriesItCannotTrust(t *testing.T) {
	t.Parallel()
	for _, dir := range unusableLockDirs(t) {
		if l, err := fileLock(dir).lock(t.Context(), personKey(), nil); err == nil {
			l.Unlock()
			t.Errorf("%s: locked", dir)
		}
	}
}

// One FallbackStore has one lock per key, whichever store serves, and it is the one
// of another process that reaches only the later stores.
func TestStoresThatOutliveTheProcessLockTheSameFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := Config{LockDir: dir}
	person := auth.Traits{FileStorable: true}
	for name, s := range map[string]auth.Store{
		"file":                      &FileStore{LockDir: dir},
		"keyring":                   &KeyringStore{LockDir: dir},
		"the default":               Default(person, config),
		"the default, no file":      Default(auth.Traits{}, config),
		"the default, no keyring":   Default(person, Config{LockDir: dir, NoKeyring: true}),
		"memory":                    &MemoryStore{},
		"the default, switched off": Default(person, Config{LockDir: dir, Off: true}),
	} {
		k := auth.Key{Endpoint: name}
		lease, err := s.(auth.Locker).Lock(t.Context(), k)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, err = os.Stat(filepath.Join(dir, keyHash(k)+".lock"))
		if locked, want := err == nil, persistent(s); locked != want {
			t.Errorf("%s: a file is locked: %v, want %v", name, locked, want)
		}
		lease.Unlock()
	}
}
