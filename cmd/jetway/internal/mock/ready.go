package mock

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
)

// clearReady removes the ready file of an earlier run, which a program that waits for this
// one would take for ours. It removes regular files only.
func (f *Flags) clearReady() error {
	if f.readyFile == "" {
		return nil
	}
	info, err := os.Lstat(f.readyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return &misuse{fmt.Errorf("look for --ready-file: %w", err)}
	case !info.Mode().IsRegular():
		return &misuse{fmt.Errorf("--ready-file %s is not a regular file; name one that the mock may replace", f.readyFile)}
	}
	if err := os.Remove(f.readyFile); err != nil {
		return fmt.Errorf("remove the --ready-file of an earlier run: %w", err)
	}
	return nil
}

// writeReady writes the ready file: complete or not at all, and for its owner only, since it
// has secrets.
func (f *Flags) writeReady(facts [][2]string) error {
	if f.readyFile == "" {
		return nil
	}
	var text bytes.Buffer
	if err := write(&text, show.JSON, facts); err != nil {
		return fmt.Errorf("write --ready-file: %w", err)
	}
	temp, err := os.CreateTemp(filepath.Dir(f.readyFile), ".jetway-mock-*") // of mode 0600
	if err != nil {
		return &misuse{fmt.Errorf("write --ready-file: %w", err)}
	}
	_, err = temp.Write(text.Bytes())
	if err = errors.Join(err, temp.Close()); err == nil {
		err = os.Rename(temp.Name(), f.readyFile)
	}
	if err != nil {
		return fmt.Errorf("write --ready-file: %w", errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}
