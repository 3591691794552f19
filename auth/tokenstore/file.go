package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/auth"
)

// FileStore stores each login in a file of its own that only its owner can read:
// JSON with the tokens in plain text, mode 0600 in a directory of mode 0700. (On
// Windows the user profile's access rules protect it instead.) The zero value is
// ready, and it is safe for concurrent use, by several processes too: a file is
// replaced whole or not at all. It must not be copied.
//
// A file that cannot be trusted is not used, and one warning is logged:
//   - A file that is damaged, of another key, no regular file (a symbolic link is not
//     followed) or writable by other users is renamed to name.bad (then .bad2, .bad3, and
//     no more of them) with mode 0600 and counts as no credentials: another user may have
//     written it.
//   - A file of another owner, or of a later version of this program, stays until a login
//     replaces it, and counts as no credentials.
//   - A file that other users may read gets the mode 0600 and is used: refusing it
//     would not take back what they read, and would cost a login.
//   - A directory that is a symbolic link, of another owner, or writable by other users
//     is an error, for every operation. It is not changed, since other programs may use it
//     too.
type FileStore struct {
	// Dir holds the files and is created when the first one is written; empty
	// means jetway/credentials in the directory of os.UserConfigDir.
	Dir string
	// LockDir holds a lock file for each login, which is never deleted; empty means
	// jetway/locks in the directory of os.UserCacheDir.
	LockDir string
	// Logger receives the warnings, never a secret; nil discards them.
	Logger *slog.Logger

	state fileState
}

// Store writes c to the file of k, on the disk before it returns. Credentials
// without any token are an error.
func (s *FileStore) Store(ctx context.Context, k auth.Key, c *auth.Credentials) error {
	data, err := auth.Encode(k, c)
	if err == nil {
		err = s.inDir(ctx, true, func(d loginDir) error { return d.write(ctx, fileName(k), data) })
	}
	if err != nil {
		return &auth.Error{Op: "store", Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

// Retrieve reads the file of k.
func (s *FileStore) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	var c *auth.Credentials
	err := s.inDir(ctx, false, func(d loginDir) (err error) {
		c, err = d.read(ctx, fileName(k), k)
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

// Find reads the files of all logins, and returns the key of the newest one that k matches,
// or k. It changes none.
func (s *FileStore) Find(ctx context.Context, k auth.Key) (auth.Key, error) {
	var list []match
	err := s.inDir(ctx, false, func(d loginDir) (err error) {
		list, err = d.matches(ctx, k)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return k, &auth.Error{Op: "retrieve", Endpoint: k.Endpoint, Err: err}
	}
	if best := chosen(ctx, &s.state.warned, s.Logger, list); best != nil {
		return best.key, nil
	}
	return k, nil
}

// Delete removes the file of k, its .bad files, and the temporary files of programs that
// died while they wrote it: after a logout no token remains.
func (s *FileStore) Delete(ctx context.Context, k auth.Key) error {
	err := s.inDir(ctx, false, func(d loginDir) error {
		name := fileName(k)
		if err := d.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := d.sweep(name, true); err != nil {
			return err
		}
		syncDir(d.Root)
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &auth.Error{Op: "delete", Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

// List returns the keys of the logins in the directory that Retrieve would return,
// expired ones too. Files that cannot be used are left out and stay as they are.
func (s *FileStore) List(ctx context.Context) ([]auth.Key, error) {
	var keys []auth.Key
	err := s.inDir(ctx, false, func(d loginDir) (err error) {
		keys, err = d.keys(ctx)
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return keys, &auth.Error{Op: "list", Err: err}
	}
	return keys, nil
}

// Lock locks the login of k among all processes that use the same LockDir.
func (s *FileStore) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k, nil)
}

// LockUnless is Lock, and gives up when done reports true, which it asks when another
// process has released the lock, and at least every second.
func (s *FileStore) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	return fileLock(s.LockDir).lock(ctx, k, done)
}

// Persistent returns true: logins outlive the process.
func (s *FileStore) Persistent() bool { return true }

// Location returns the path of the file of k.
func (s *FileStore) Location(k auth.Key) string {
	dir, err := s.path()
	if err != nil {
		return "file"
	}
	return filepath.Join(dir, fileName(k))
}

const fileSuffix = ".json"

func fileName(k auth.Key) string { return keyHash(k) + fileSuffix }

// inDir opens the directory and runs f on it.
func (s *FileStore) inDir(ctx context.Context, create bool, f func(d loginDir) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	path, err := s.path()
	if err != nil {
		return fmt.Errorf("%w for credentials, name one in FileStore.Dir: %w", errNoDirectory, err)
	}
	d, err := openDir(path, create)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	err = f(s.opened(d))
	if namesFile(err) && !errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("in %s: %w", path, err)
	}
	return err
}

func (s *FileStore) opened(d *os.Root) loginDir {
	return loginDir{Root: d, log: orDiscard(s.Logger), state: &s.state}
}

// path returns the directory, which need not exist.
func (s *FileStore) path() (string, error) {
	if s.Dir != "" {
		return filepath.Clean(s.Dir), nil
	}
	base, err := os.UserConfigDir()
	return filepath.Join(base, "jetway", "credentials"), err
}

// namesFile reports whether err names a file, relative to the opened directory.
func namesFile(err error) bool {
	var (
		file *fs.PathError
		link *os.LinkError
	)
	return errors.As(err, &file) || errors.As(err, &link)
}
