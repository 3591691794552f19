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
	"time"

	"github.com/jetway-go/jetway/auth"
)

const (
	tmpSuffix = ".tmp"
	// maxBad is how many unusable files of one key are kept.
	maxBad = 3
	// tmpAge is when a temporary file counts as left behind by a process that died.
	tmpAge = 10 * time.Minute
	// maxTries bounds the loops around what another process may interfere with.
	maxTries = 16
)

// read returns the login under name, or an error that wraps fs.ErrNotExist or
// ErrNoCredentials. An unusable file is put aside.
func (s *FileStore) read(ctx context.Context, d *os.Root, name string, k auth.Key) (*auth.Credentials, error) {
	f, info, err := openRegular(d, name)
	switch {
	case errors.Is(err, errNoFile):
		return nil, s.setAside(ctx, d, name, info, err)
	case err != nil:
		return nil, err
	}
	c, err := s.decodeFile(ctx, f, k)
	_ = f.Close() // before the file is moved: Windows moves no open files
	switch {
	case err == nil:
		return c, nil
	case errors.Is(err, errNewer), errors.Is(err, errForeign):
		path := filepath.Join(d.Name(), name)
		s.warnOnce(ctx, path, "A stored login is not used.", err)
		return nil, fmt.Errorf("%w: %s is %w", auth.ErrNoCredentials, path, err)
	case errors.Is(err, errRead):
		return nil, err
	default:
		return nil, s.setAside(ctx, d, name, info, err)
	}
}

var (
	errNoFile  = errors.New("no regular file")
	errForeign = errors.New("of another user")
	errRead    = errors.New("cannot be read")
)

// openRegular opens name and follows no symbolic link. It compares what was
// there before and what was opened; a difference is most likely a writer who
// came in between, so it looks again.
func openRegular(d *os.Root, name string) (*os.File, fs.FileInfo, error) {
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

// decodeFile checks who may have written f, and reads it.
func (s *FileStore) decodeFile(ctx context.Context, f *os.File, k auth.Key) (*auth.Credentials, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRead, err)
	}
	switch others := othersMay(info); {
	case foreign(info):
		return nil, errForeign
	case others&0o022 != 0:
		return nil, fmt.Errorf("writable by others (mode %#o)", info.Mode().Perm())
	case others != 0:
		if err := f.Chmod(0o600); err != nil { // a read-only file system, for one
			s.warnOnce(ctx, f.Name(), "A stored login is open to others and cannot be closed to them.", err)
			break
		}
		s.log().WarnContext(ctx, "A stored login was open to others and was closed to them. Log out and in again if that matters.",
			slog.String("file", f.Name()), slog.String("mode", fmt.Sprintf("%#o", info.Mode().Perm())))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxWire+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errRead, err)
	case len(data) > maxWire:
		return nil, fmt.Errorf("larger than %d bytes", maxWire)
	}
	stored, c, err := decode(data)
	if err == nil && stored != k {
		err = errors.New("the login of another key")
	}
	return c, err
}

// setAside moves the unusable file out of the way, unless somebody has put
// another in its place, and returns the error for the caller.
func (s *FileStore) setAside(ctx context.Context, d *os.Root, name string, bad fs.FileInfo, reason error) error {
	s.mu.Lock()
	now, err := d.Lstat(name)
	if err != nil || !os.SameFile(now, bad) {
		s.mu.Unlock()
		return auth.ErrNoCredentials
	}
	aside := freeName(d, name)
	err = d.Rename(name, aside)
	s.mu.Unlock()

	path := filepath.Join(d.Name(), name)
	if err != nil {
		s.warnOnce(ctx, path, "A stored login cannot be used, and cannot be put aside.", fmt.Errorf("%w; %w", reason, err))
	} else {
		if bad.Mode().IsRegular() {
			_ = d.Chmod(aside, 0o600) // there may be a token in it; under its own name it would be trusted then
		}
		s.log().WarnContext(ctx, "A stored login cannot be used and was put aside.",
			slog.String("file", path), slog.String("aside", aside), slog.String("reason", reason.Error()))
	}
	return fmt.Errorf("%w: %s is unusable (%w)", auth.ErrNoCredentials, path, reason)
}

// freeName is the first unused name to put a file aside under; the last one is
// used again, so that a file which goes bad every day fills no disk.
func freeName(d *os.Root, name string) string {
	aside := name + ".bad"
	for i := 2; i <= maxBad; i++ {
		if _, err := d.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return aside
		}
		aside = fmt.Sprintf("%s.bad%d", name, i)
	}
	return aside
}

// sweep removes temporary files of name that were left behind or, if asked, all
// of them and the files put aside.
func sweep(d *os.Root, name string, all bool) error {
	entries, err := fs.ReadDir(d.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), name+".")
		if !ours || e.IsDir() {
			continue
		}
		old := false
		if strings.HasSuffix(rest, tmpSuffix) {
			info, err := e.Info()
			old = all || err == nil && time.Since(info.ModTime()) > tmpAge
		}
		if old || all && strings.HasPrefix(rest, "bad") {
			if err := d.Remove(e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// warnOnce is for what stays as it is and would be met again at every read.
func (s *FileStore) warnOnce(ctx context.Context, path, text string, reason error) {
	s.mu.Lock()
	if s.warned == nil {
		s.warned = map[string]bool{}
	}
	again := s.warned[path]
	s.warned[path] = true
	s.mu.Unlock()
	if !again {
		s.log().WarnContext(ctx, text, slog.String("file", path), slog.String("reason", reason.Error()))
	}
}

func (s *FileStore) log() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}
