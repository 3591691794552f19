package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/auth"
)

// Errors of Check.
var (
	// ErrNotWritable says that no file can be written to a directory that has to take one.
	ErrNotWritable = errors.New("the directory cannot be written to")
	// ErrReadable says that other users can read the file of a login.
	ErrReadable = errors.New("other users can read the file")
)

// Check returns why logins could not be stored in the keyring or read from it, without
// asking a person: a locked keyring is [ErrKeyringLocked], which Store and Retrieve would
// show a window for. It reads no login. On macOS and Windows it finds nothing, since only
// reading an item tells there.
func (s *KeyringStore) Check(ctx context.Context, k auth.Key) error {
	system := s.keyring()
	return system.do(ctx, opCheck, k, func(ctx context.Context) error {
		return system.call(ctx, "", func(items keyringItems) error {
			l, ok := items.(lockable)
			if !ok {
				return nil
			}
			locked, err := l.Locked()
			if err == nil && locked {
				err = fmt.Errorf("%w: a person has to unlock it", ErrKeyringLocked)
			}
			return err
		})
	})
}

const opCheck = "check"

// lockable are items of a keyring that can say if it is locked without being unlocked.
type lockable interface{ Locked() (bool, error) }

// Check is that of the KeyringStore.
func (f *FlyteTools) Check(ctx context.Context, k auth.Key) error { return f.keyring().Check(ctx, k) }

// Check returns why the login of k could not be stored, locked or read: [ErrNotWritable] or
// another error of the two directories, or [ErrReadable]. It writes an empty file into each
// directory, or into the nearest one above that exists, and removes it at once; it makes no
// directory and changes nothing else.
func (s *FileStore) Check(ctx context.Context, k auth.Key) error {
	if err := s.check(ctx, k); err != nil {
		return &auth.Error{Op: opCheck, Endpoint: k.Endpoint, Err: err}
	}
	return nil
}

func (s *FileStore) check(ctx context.Context, k auth.Key) error {
	path, err := s.path()
	if err != nil {
		return fmt.Errorf("%w for credentials, name one in FileStore.Dir: %w", errNoDirectory, err)
	}
	locks, err := fileLock(s.LockDir).name()
	if err != nil {
		return err
	}
	if err := writable(path); err != nil {
		return err
	}
	if err := writable(locks); err != nil {
		return err
	}
	found, err := s.Find(ctx, k)
	if err != nil {
		return err
	}
	file := s.Location(found)
	info, err := os.Lstat(file)
	if err == nil && info.Mode().IsRegular() && othersMay(info) != 0 {
		return fmt.Errorf("%w: %s has the mode %#o", ErrReadable, file, info.Mode().Perm())
	}
	return nil
}

// writable returns why no file could be written to a directory that need not exist.
func writable(path string) error {
	d, err := openDir(path, false)
	if err == nil {
		_ = d.Close()
	}
	for errors.Is(err, fs.ErrNotExist) && filepath.Dir(path) != path {
		path = filepath.Dir(path)
		_, err = os.Stat(path)
	}
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(path, ".check*"+tmpSuffix)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
