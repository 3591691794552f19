package tokenstore

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	tmpSuffix = ".tmp"
	// tmpAge is when a temporary file counts as left behind by a process that died.
	tmpAge = 10 * time.Minute
	// maxTries bounds the loops in which another process may interfere.
	maxTries = 16
)

// loginDir is the opened directory of a FileStore. Every operation is relative to it, so
// that no other directory can take its place meanwhile.
type loginDir struct {
	*os.Root

	log   *slog.Logger
	state *fileState
}

// fileState is what the operations of one FileStore share.
type fileState struct {
	moving sync.Mutex // held while a file is put in place or aside
	warned warnings
}

// write replaces the file name with data, as a whole or not at all.
func (d loginDir) write(ctx context.Context, name string, data []byte) error {
	_ = d.sweep(name, false) // temporary files of others do no harm to this login
	var err error
	for range maxTries {
		if err = d.replace(ctx, name, data); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		// A Delete has removed the temporary file, so this login is the later one.
	}
	return err
}

// replace makes one try to put data in place.
func (d loginDir) replace(ctx context.Context, name string, data []byte) error {
	tmp := name + "." + rand.Text() + tmpSuffix
	err := d.writeFile(tmp, data)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		d.state.moving.Lock()
		err = d.Rename(tmp, name)
		d.state.moving.Unlock()
	}
	if err != nil {
		_ = d.Remove(tmp)
		return err
	}
	syncDir(d.Root)
	return nil
}

func (d loginDir) writeFile(name string, data []byte) error {
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

// sweep removes temporary files of name that a dead process left or, if all is set, every
// temporary and .bad file.
func (d loginDir) sweep(name string, all bool) error {
	entries, err := fs.ReadDir(d.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		suffix, ours := strings.CutPrefix(e.Name(), name+".")
		if !ours || e.IsDir() {
			continue
		}
		old := false
		if strings.HasSuffix(suffix, tmpSuffix) {
			info, err := e.Info()
			old = all || err == nil && time.Since(info.ModTime()) > tmpAge
		}
		if old || all && strings.HasPrefix(suffix, "bad") {
			if err := d.Remove(e.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
