package tokenstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/jetway-go/jetway/auth"
)

// maxBad is how many unusable files of one key are kept.
const maxBad = 3

// read returns the login under name, or an error that wraps fs.ErrNotExist or
// ErrNoCredentials. It renames an unusable file.
func (d loginDir) read(ctx context.Context, name string, k auth.Key) (*auth.Credentials, error) {
	f, info, err := d.openRegular(name)
	switch {
	case errors.Is(err, errNoFile):
		return nil, d.setAside(ctx, name, info, err)
	case err != nil:
		return nil, err
	}
	d.restrict(ctx, f)
	stored, c, err := decodeFile(f)
	if err == nil && stored != k {
		err = errors.New("the login of another key")
	}
	_ = f.Close() // before the file is moved: Windows moves no open files
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, auth.ErrNewerVersion), errors.Is(err, errForeign):
		path := filepath.Join(d.Name(), name)
		d.warnOnce(ctx, path, "A stored login is not used.", err)
		return nil, fmt.Errorf("%w: %s is %w", auth.ErrNoCredentials, path, err)
	case errors.Is(err, errRead):
		return nil, err
	default:
		return nil, d.setAside(ctx, name, info, err)
	}
}

var (
	errNoFile  = errors.New("no regular file")
	errForeign = errors.New("belongs to another user")
	errRead    = errors.New("cannot be read")
)

// openRegular opens name and follows no symbolic link. It compares the file before and
// after opening; if they differ, another process has most likely replaced it, so it tries
// again.
func (d loginDir) openRegular(name string) (*os.File, fs.FileInfo, error) {
	for range maxTries {
		before, err := d.Lstat(name)
		if err != nil {
			return nil, nil, err
		}
		if !before.Mode().IsRegular() {
			return nil, before, errNoFile
		}
		f, err := d.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if opened, err := f.Stat(); err == nil && os.SameFile(before, opened) {
			return f, opened, nil
		}
		_ = f.Close()
	}
	return nil, nil, fmt.Errorf("%s keeps changing", filepath.Join(d.Name(), name))
}

// keys returns the keys of the logins that can be used.
func (d loginDir) keys(ctx context.Context) ([]auth.Key, error) {
	var keys []auth.Key
	err := d.each(ctx, func(k auth.Key, _ *auth.Credentials) { keys = append(keys, k) })
	return keys, err
}

// matches returns the logins that k matches and that can be used.
func (d loginDir) matches(ctx context.Context, k auth.Key) ([]match, error) {
	var list []match
	err := d.each(ctx, func(key auth.Key, c *auth.Credentials) {
		if k.Matches(key, c) {
			list = append(list, match{key: key, creds: c})
		}
	})
	return list, err
}

// each calls f for every login that can be used.
func (d loginDir) each(ctx context.Context, f func(k auth.Key, c *auth.Credentials)) error {
	entries, err := fs.ReadDir(d.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !strings.HasSuffix(e.Name(), fileSuffix) {
			continue
		}
		file, _, err := d.openRegular(e.Name())
		if err != nil {
			continue
		}
		k, c, err := decodeFile(file)
		_ = file.Close()
		if err == nil && fileName(k) == e.Name() {
			f(k, c)
		}
	}
	return nil
}

// decodeFile checks who may have written f, and reads it.
func decodeFile(f *os.File) (auth.Key, *auth.Credentials, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return auth.Key{}, nil, fmt.Errorf("%w: %w", errRead, err)
	case foreign(info):
		return auth.Key{}, nil, errForeign
	case othersMay(info)&0o022 != 0:
		return auth.Key{}, nil, fmt.Errorf("writable by others (mode %#o)", info.Mode().Perm())
	}
	data, err := io.ReadAll(io.LimitReader(f, auth.MaxEncoded+1))
	switch {
	case err != nil:
		return auth.Key{}, nil, fmt.Errorf("%w: %w", errRead, err)
	case len(data) > auth.MaxEncoded:
		return auth.Key{}, nil, fmt.Errorf("larger than %d bytes", auth.MaxEncoded)
	}
	return auth.Decode(data)
}

// restrict makes f readable by its owner only, where other users can read it.
func (d loginDir) restrict(ctx context.Context, f *os.File) {
	info, err := f.Stat()
	if err != nil || foreign(info) || othersMay(info) == 0 || othersMay(info)&0o022 != 0 {
		return
	}
	if err := f.Chmod(0o600); err != nil { // a read-only file system, for one
		d.warnOnce(ctx, f.Name(), "The credentials file is readable by other users, and its mode cannot be changed.", err)
		return
	}
	d.log.WarnContext(ctx, "The credentials file was readable by other users; its mode was changed to 0600."+
		" Log out and in again if another user may have read it.",
		slog.String("file", f.Name()), slog.String("mode", fmt.Sprintf("%#o", info.Mode().Perm())))
}

// setAside renames the unusable file, unless another process has replaced it, and returns
// the error for the caller.
func (d loginDir) setAside(ctx context.Context, name string, bad fs.FileInfo, reason error) error {
	d.state.moving.Lock()
	now, err := d.Lstat(name)
	if err != nil || !os.SameFile(now, bad) {
		d.state.moving.Unlock()
		return auth.ErrNoCredentials
	}
	aside := d.freeName(name)
	err = d.Rename(name, aside)
	d.state.moving.Unlock()

	path := filepath.Join(d.Name(), name)
	if err != nil {
		d.warnOnce(ctx, path, "A stored login cannot be used, and its file cannot be renamed.", fmt.Errorf("%w; %w", reason, err))
	} else {
		if bad.Mode().IsRegular() {
			_ = d.Chmod(aside, 0o600) // it may hold a token; not before it is renamed, or it would be trusted
		}
		d.log.WarnContext(ctx, "A stored login cannot be used; its file was renamed.",
			slog.String("file", path), slog.String("aside", aside), slog.String("reason", reason.Error()))
	}
	return fmt.Errorf("%w: %s is unusable (%w)", auth.ErrNoCredentials, path, reason)
}

// freeName returns the first unused name for an unusable file; it uses the last one
// again, so that a file that is damaged every day fills no disk.
func (d loginDir) freeName(name string) string {
	aside := name + ".bad"
	for i := 2; i <= maxBad; i++ {
		if _, err := d.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return aside
		}
		aside = fmt.Sprintf("%s.bad%d", name, i)
	}
	return aside
}

func (d loginDir) warnOnce(ctx context.Context, path, text string, reason error) {
	d.state.warned.once(ctx, d.log, path, text, slog.String("file", path), slog.String("reason", reason.Error()))
}
