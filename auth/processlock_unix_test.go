//go:build unix

package auth

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newLock(dir string) (*processLock, *strings.Builder) {
	var logged strings.Builder
	return &processLock{dir: dir, log: textLogger(&logged)}, &logged
}

func TestProcessLockExcludes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given two processes that know nothing of each other,
		dir := filepath.Join(t.TempDir(), "a", "locks")
		one, _ := newLock(dir)
		two, logged := newLock(dir)
		unlock := one.lock(t.Context(), personKey())

		// another login is free,
		start := time.Now()
		two.lock(t.Context(), Key{Endpoint: "other"})()
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v for another login", took)
		}
		// and this one is once it is given back, soon after.
		time.AfterFunc(time.Second, unlock)
		two.lock(t.Context(), personKey())()
		if took := time.Since(start); took < time.Second || took > time.Second+lockPause+lockJitter {
			t.Errorf("got the lock after %v", took)
		}
		if logged.Len() > 0 {
			t.Errorf("log: %s", logged)
		}
		for path, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, keyHash(personKey())+".lock"): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	})
}

func TestProcessLockHasPatienceOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		one, _ := newLock(dir)
		two, logged := newLock(dir)
		defer one.lock(t.Context(), personKey())()
		start := time.Now()
		two.lock(t.Context(), personKey())()
		if took := time.Since(start); took != lockPatience || strings.Count(logged.String(), "level=WARN") != 1 {
			t.Errorf("went on after %v: %s", took, logged)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start = time.Now()
		two.lock(ctx, personKey())()
		if took := time.Since(start); took != time.Second {
			t.Errorf("outlived its context by %v", took-time.Second)
		}
	})
}

func TestProcessLockSkipsFoldersItCannotUse(t *testing.T) {
	t.Parallel()
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
	// /proc takes no files from anybody, not even from root.
	for _, dir := range []string{file, filepath.Join(file, "below"), open, link, "/proc/locks"} {
		l, logged := newLock(dir)
		for range 3 {
			l.lock(t.Context(), personKey())()
		}
		if n := strings.Count(logged.String(), "level=INFO"); n != 1 || strings.Count(logged.String(), "\n") != 1 {
			t.Errorf("%s: log %s", dir, logged)
		}
	}
}

func TestProcessLockIsForStoresThatOutliveTheProcess(t *testing.T) {
	t.Parallel()
	file := &FileStore{Dir: t.TempDir()}
	for name, c := range map[string]struct {
		opts []Option
		want bool
	}{
		"no store":     {nil, false},
		"memory":       {[]Option{WithStore(&MemoryStore{})}, false},
		"off":          {[]Option{WithStore(DefaultStore(Traits{}, StoreConfig{Off: true}))}, false},
		"file":         {[]Option{WithStore(file)}, true},
		"default":      {[]Option{WithStore(DefaultStore(Traits{}, StoreConfig{}))}, true},
		"file without": {[]Option{WithStore(file), WithoutProcessLock()}, false},
		"asked for":    {[]Option{WithStore(&MemoryStore{}), WithProcessLock(t.TempDir())}, true},
	} {
		a := New(personKey(), nil, Env{}, c.opts...)
		if _, got := a.locker.(*processLock); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
