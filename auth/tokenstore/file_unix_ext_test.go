//go:build unix

package tokenstore_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestFileStoreModes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if d, n := mode(t, f.Dir), mode(t, f.file); d != 0o700 || n != 0o600 {
		t.Errorf("directory %#o, file %#o; want 0700 and 0600", d, n)
	}
	// A loose file is replaced by a tight one.
	if err := errors.Join(os.Chmod(f.file, 0o666), f.Store(t.Context(), f.key, canaries())); err != nil || mode(t, f.file) != 0o600 {
		t.Errorf("%v, file %#o", err, mode(t, f.file))
	}
}

func TestFileStoreDefaultDirectory(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(home, "cfg"))
	base, err := os.UserConfigDir()
	if err != nil || !strings.HasPrefix(base, home) {
		t.Fatal(base, err)
	}
	if err := new(tokenstore.FileStore).Store(t.Context(), keys()[0], canaries()); err != nil {
		t.Fatal(err)
	}
	only(t, filepath.Join(base, "jetway", "credentials"))

	t.Setenv("HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	if err := new(tokenstore.FileStore).Store(t.Context(), keys()[0], canaries()); err == nil || !strings.Contains(err.Error(), "FileStore.Dir") {
		t.Errorf("got %v", err)
	}
}

func TestFileStoreClosesAFileThatOthersMayRead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := os.Chmod(f.file, 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := f.Retrieve(t.Context(), f.key)
		if diff := sameLogin(canaries(), got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	}
	if n := strings.Count(f.log.String(), "level=WARN"); n != 1 || mode(t, f.file) != 0o600 || !strings.Contains(f.log.String(), "0644") || leaks(f.log.String()) {
		t.Errorf("mode %#o, log %s", mode(t, f.file), f.log)
	}
}

func TestFileStoreDistrustsAFileThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	for _, m := range []fs.FileMode{0o620, 0o602, 0o666} {
		f := newFixture(t)
		if err := os.Chmod(f.file, m); err != nil {
			t.Fatal(err)
		}
		f.wantNothing(t, 1, "writable by others")
		if got := only(t, f.Dir); got != filepath.Base(f.file)+".bad" {
			t.Errorf("file %s", got)
		}
		// There may be a token in it, so its mode changes once no program would trust it.
		if got := mode(t, f.file+".bad"); got != 0o600 {
			t.Errorf("aside with mode %#o", got)
		}
	}
}

func TestFileStoreFollowsNoLink(t *testing.T) {
	t.Parallel()
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		// Given a link to a perfectly good login, inside the directory or outside,
		for _, target := range []string{"elsewhere.json", filepath.Join(t.TempDir(), "elsewhere.json")} {
			f := newFixture(t)
			at := target
			if !filepath.IsAbs(at) {
				at = filepath.Join(f.Dir, at)
			}
			if err := errors.Join(os.Rename(f.file, at), os.Symlink(target, f.file)); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(at)
			if err != nil {
				t.Fatal(err)
			}
			// then it is not read, and the link is put aside, not the target.
			f.wantNothing(t, 1, "no regular file")
			if to, err := os.Readlink(f.file + ".bad"); err != nil || to != target {
				t.Errorf("aside: %s, %v", to, err)
			}
			// Writing through a link does not happen either.
			if err := errors.Join(os.Symlink(target, f.file), f.Store(t.Context(), f.key, &auth.Credentials{AccessToken: "new"})); err != nil {
				t.Fatal(err)
			}
			if after, err := os.ReadFile(at); err != nil || !bytes.Equal(after, before) {
				t.Errorf("the link's target was written: %s, %v", after, err)
			}
			if got, err := f.Retrieve(t.Context(), f.key); err != nil || got.AccessToken != "new" {
				t.Errorf("got %v, %v", got, err)
			}
		}
	})
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		link := filepath.Join(t.TempDir(), "link")
		if err := os.Symlink(f.Dir, link); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{link, link + "/", link + "/."} {
			s := &tokenstore.FileStore{Dir: dir}
			_, retrieved := s.Retrieve(t.Context(), f.key)
			for op, err := range map[string]error{"store": s.Store(t.Context(), f.key, canaries()), "retrieve": retrieved, "delete": s.Delete(t.Context(), f.key)} {
				if err == nil || !strings.Contains(err.Error(), "symbolic link") || errors.Is(err, auth.ErrNoCredentials) {
					t.Errorf("%s in %s: %v", op, dir, err)
				}
			}
		}
		if _, err := f.Retrieve(t.Context(), f.key); err != nil {
			t.Errorf("the directory itself: %v", err)
		}
	})
	t.Run("pipe", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		if err := errors.Join(os.Remove(f.file), syscall.Mkfifo(f.file, 0o600)); err != nil {
			t.Fatal(err)
		}
		f.wantNothing(t, 1, "no regular file") // and does not hang
	})
}

func TestFileStoreRefusesADirectoryThatOthersMayWrite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for m, refused := range map[fs.FileMode]bool{0o700: false, 0o755: false, 0o770: true, 0o707: true, 0o777 | fs.ModeSticky: true} {
		if err := os.Chmod(f.Dir, m); err != nil {
			t.Fatal(err)
		}
		_, retrieved := f.Retrieve(t.Context(), f.key)
		for op, err := range map[string]error{"store": f.Store(t.Context(), f.key, canaries()), "retrieve": retrieved} {
			var e *auth.Error
			if (err != nil) != refused || refused && (!errors.As(err, &e) || e.Op != op || !strings.Contains(err.Error(), "chmod 700")) {
				t.Errorf("%s with mode %#o: %v", op, m, err)
			}
		}
		if got := mode(t, f.Dir); got != m.Perm() {
			t.Errorf("the directory's mode was changed to %#o", got)
		}
	}
}

// A full disk costs nothing that was stored before. This runs itself again, where
// files can have a few hundred bytes only.
func TestFileStoreOnAFullDisk(t *testing.T) {
	t.Parallel()
	const inside = "JETWAY_TEST_FULL_DISK"
	if os.Getenv(inside) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", `ulimit -f 1 && exec "$0" -test.run='^TestFileStoreOnAFullDisk$' -test.v`, self)
		cmd.Env = append(os.Environ(), inside+"=1")
		if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("--- PASS")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	f := newFixture(t)
	big := canaries()
	big.AccessToken += strings.Repeat("x", 10_000)
	err := f.Store(t.Context(), f.key, big)
	if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), f.Dir) || leaks(err.Error()) {
		t.Errorf("got %v", err)
	}
	if got, err := f.Retrieve(t.Context(), f.key); err != nil || sameLogin(canaries(), got) != "" {
		t.Errorf("the login before it: %v, %v", got, err)
	}
	only(t, f.Dir) // nothing half written is left
}

func TestFileStoreNamesTheDirectoryInErrors(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := errors.Join(os.Remove(f.file), os.MkdirAll(filepath.Join(f.file, "sub"), 0o700)); err != nil {
		t.Fatal(err)
	}
	for op, err := range map[string]error{"store": f.Store(t.Context(), f.key, canaries()), "delete": f.Delete(t.Context(), f.key)} {
		if err == nil || !strings.Contains(err.Error(), f.Dir) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestFileStoreReportsWhatTheSystemSays(t *testing.T) {
	t.Parallel()
	// Given a name that the file system cannot hold,
	s := &tokenstore.FileStore{Dir: filepath.Join(t.TempDir(), strings.Repeat("x", 300))}
	err := s.Store(t.Context(), keys()[0], canaries())
	var e *auth.Error
	if !errors.As(err, &e) || e.Op != "store" || !errors.Is(err, syscall.ENAMETOOLONG) || leaks(err.Error()) {
		t.Errorf("got %v", err)
	}
}
