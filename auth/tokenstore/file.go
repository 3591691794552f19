package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/jetway-go/jetway/auth"
)

// FileStore keeps each login in a file of its own that only its owner can read:
// JSON with the tokens in plain text, mode 0600 in a directory of mode 0700. (On
// Windows the user profile's access rules protect it instead.) The zero value is
// ready, and it is safe for concurrent use, by several processes too: a file is
// replaced whole or not at all. It must not be copied.
//
// What cannot be trusted is not used, and one warning is logged:
//   - A file that is damaged, of another key, no regular file (a symbolic link is
//     not followed) or writable by others is put aside as name.bad (then .bad2,
//     .bad3, and no more of them) with mode 0600 and counts as no credentials:
//     others may have planted it.
//   - A file of another owner, or of a later version of this program, is left
//     alone until a login replaces it, and counts as no credentials.
//   - A file that others may read is closed to them and used: refusing it would
//     not take back what they have read, and would cost a login.
//   - A directory that is a symbolic link, of another owner, or writable by
//     others is an error, for every operation. It is not changed, since it may
//     be there for other things as well.
type FileStore struct {
	// Dir holds the files and is created when the first one is written; empty
	// means jetway/credentials in the directory of os.UserConfigDir.
	Dir string
	// LockDir holds a lock file for each login, which is never deleted; empty means
	// jetway/locks in the directory of os.UserCacheDir.
	LockDir string
	// Logger hears the warnings, never a secret; nil discards them.
	Logger *slog.Logger

	mu     sync.Mutex // held while a file is put in place or aside
	warned map[string]bool
}

// Store writes c to the file of k, on the disk before it returns. Credentials
// without any token are an error.
func (s *FileStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	data, err := encode(k, c)
	if err == nil {
		err = s.inDir(ctx, true, func(d *os.Root) error { return s.write(ctx, d, fileName(k), data) })
	}
	if err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

// Retrieve reads the file of k.
func (s *FileStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var c *auth.Credentials
	err := s.inDir(ctx, false, func(d *os.Root) (err error) {
		c, err = s.read(ctx, d, fileName(k), k)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = auth.ErrNoCredentials
	}
	if err != nil {
		return nil, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
	}
	return c, nil
}

// Delete removes the file of k, what was put aside of it, and what a program that
// died has half written: after a logout no token remains.
func (s *FileStore) Delete(ctx context.Context, k auth.Key) error {
	err := s.inDir(ctx, false, func(d *os.Root) error {
		name := fileName(k)
		if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := sweep(d, name, true); err != nil {
			return err
		}
		syncDir(d)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &auth.Error{Op: "delete", Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

// Lock locks the login of k among all processes that use the same LockDir.
func (s *FileStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k)
}

// Persistent reports that logins outlive the process.
func (s *FileStore) Persistent() bool { return true }

// Location returns the path of the file of k.
func (s *FileStore) Location(k auth.Key) string {
	dir, err := s.path()
	if err != nil {
		return "file"
	}
	return filepath.Join(dir, fileName(k))
}

func fileName(k auth.Key) string { return keyHash(k) + ".json" }

// inDir opens the directory and runs f on it. Everything happens relative to
// the opened directory, so that nobody can put another one in its place.
func (s *FileStore) inDir(ctx context.Context, create bool, f func(d *os.Root) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := s.path()
	if err != nil {
		return fmt.Errorf("no directory for credentials, name one in FileStore.Dir: %w", err)
	}
	d, err := openDir(path, create)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = f(d)
	if namesFile(err) && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("in %s: %w", path, err)
	}
	return err
}

// path is the directory, which need not exist.
func (s *FileStore) path() (string, error) {
	if s.Dir != "" {
		return filepath.Clean(s.Dir), nil
	}
	base, err := os.UserConfigDir()
	return filepath.Join(base, "jetway", "credentials"), err
}

// namesFile tells whether err names a file, relative to the opened directory.
func namesFile(err error) bool {
	var (
		file *fs.PathError
		link *os.LinkError
	)
	return errors.As(err, &file) || errors.As(err, &link)
}

func openDir(path string, create bool) (*os.Root, error) {
	info, err := os.Lstat(path)
	if create && errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(path, 0o700); err == nil {
			info, err = os.Lstat(path)
		}
	}
	switch {
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%s is a symbolic link; name the directory itself", path)
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no directory", path)
	case foreign(info):
		return nil, fmt.Errorf("%s belongs to another user; name a directory of your own", path)
	case othersMay(info)&0o022 != 0:
		return nil, fmt.Errorf("%s is writable by others (mode %#o); run chmod 700 on it or name another directory", path, info.Mode().Perm())
	}
	d, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if opened, err := d.Stat("."); err != nil || !os.SameFile(info, opened) {
		_ = d.Close()
		return nil, fmt.Errorf("%s was replaced while it was opened", path)
	}
	return d, nil
}

// write puts data in place under name: all of it, or nothing.
func (s *FileStore) write(ctx context.Context, d *os.Root, name string, data []byte) error {
	_ = sweep(d, name, false) // leftovers do no harm to this login
	var err error
	for range maxTries {
		if err = s.replace(ctx, d, name, data); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// A Delete has taken the temporary file along, so this login came after it.
	}
	return err
}

// replace makes one try to put data in place.
func (s *FileStore) replace(ctx context.Context, d *os.Root, name string, data []byte) error {
	tmp := name + "." + rand.Text() + tmpSuffix
	err := writeFile(d, tmp, data)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		s.mu.Lock()
		err = d.Rename(tmp, name)
		s.mu.Unlock()
	}
	if err != nil {
		_ = d.Remove(tmp)
		return err
	}
	syncDir(d)
	return nil
}

func writeFile(d *os.Root, name string, data []byte) error {
	f, err := d.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
