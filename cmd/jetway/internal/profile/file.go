package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is where profiles are stored.
type File struct {
	path    string
	nowhere error // why there is no place for it
}

// At returns the file in dir; an empty dir means jetway in os.UserConfigDir. Where there is
// none, as in containers without a home, there are no profiles, and Save returns why.
func At(dir string) File {
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return File{nowhere: fmt.Errorf("%w; set JETWAY_CONFIG_DIR", err)}
		}
		dir = filepath.Join(base, "jetway")
	}
	return File{path: filepath.Join(dir, "profiles.json")}
}

// Path returns where the file is, or would be; empty if there is no place for it.
func (f File) Path() string { return f.path }

// Load reads the file; without one there are no profiles.
func (f File) Load() (Profiles, error) {
	p := Profiles{Named: map[string]Settings{}}
	if f.nowhere != nil {
		return p, nil //nolint:nilerr // without a place there are no profiles; Save says why
	}
	text, err := f.read()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return p, nil // there can be none
	case errors.Is(err, fs.ErrPermission): // as with another user's HOME
		return p, fmt.Errorf("read profiles: %w; set HOME or JETWAY_CONFIG_DIR to a directory of this user", err)
	case err != nil:
		return p, fmt.Errorf("read profiles: %w", err)
	}
	if err := parse(text, &p); err != nil && len(text) > 0 {
		return p, fmt.Errorf("read profiles: %s: %w; mend the file or remove it", f.path, err)
	}
	if p.Named == nil {
		p.Named = map[string]Settings{}
	}
	return p, nil
}

// maxSize is far more than a person has profiles for, in bytes.
const maxSize = 1 << 20

// read returns what is in the file, without the space around it. What never ends, such as a
// named pipe, is not read.
func (f File) read() ([]byte, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", f.path)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("%s is longer than 1 MiB; mend the file or remove it", f.path)
	}
	return bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff"))), nil // some editors begin with this mark
}

// parse reads JSON without fields that this version does not know: Save would lose them.
func parse(text []byte, p *Profiles) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && kind.Field != "" {
			return fmt.Errorf("%s cannot be a JSON %s", kind.Field, kind.Value)
		} else if ok {
			return fmt.Errorf("want a JSON object, have a JSON %s", kind.Value)
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the profiles")
	}
	return nil
}
