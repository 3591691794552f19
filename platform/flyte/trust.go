package flyte

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// Trust remembers what somebody has decided about config files in working
// directories.
type Trust interface {
	// Trusted tells whether the file at path may run programs, use secrets and
	// weaken TLS, with this content.
	Trusted(path string, content []byte) (bool, error)
}

// FileTrust keeps decisions in a JSON file that its owner alone can write: a file
// is trusted with the content that it had when that was recorded, and no longer
// once it changes.
type FileTrust struct {
	// Path of the JSON file; empty means jetway/trusted-configs.json in the user's
	// configuration directory.
	Path string
}

var _ Trust = FileTrust{}

// Trusted looks the file up.
func (t FileTrust) Trusted(path string, content []byte) (bool, error) {
	decisions, _, err := t.read()
	if err != nil {
		return false, err
	}
	return decisions[canonical(path)] == sum(content), nil
}

// Record remembers that the file at path is trusted with the content that it has
// now.
func (t FileTrust) Record(path string) error {
	content, err := smallfile.Read(path)
	if err != nil {
		return &Error{Where: "trust", Err: err}
	}
	return t.change(func(decisions map[string]string) { decisions[canonical(path)] = sum(content) })
}

// Forget takes the decision back; a file that was not trusted is no error.
func (t FileTrust) Forget(path string) error {
	return t.change(func(decisions map[string]string) { delete(decisions, canonical(path)) })
}

func (t FileTrust) change(f func(map[string]string)) error {
	decisions, at, err := t.read()
	if err != nil {
		return err
	}
	f(decisions)
	content, err := json.MarshalIndent(decisions, "", "  ")
	if err == nil {
		err = replaceFile(at, append(content, '\n'))
	}
	if err != nil {
		return &Error{Where: "trust", Err: err}
	}
	return nil
}

// replaceFile writes a file that is there as a whole or not at all.
func replaceFile(path string, content []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".trusted-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what went wrong says more
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (t FileTrust) read() (decisions map[string]string, at string, err error) {
	at = t.Path
	if at == "" {
		dir, err := os.UserConfigDir()
		if err != nil {
			return nil, "", &Error{Where: "trust", Err: err}
		}
		at = filepath.Join(dir, "jetway", "trusted-configs.json")
	}
	content, err := smallfile.Read(at)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, at, nil
	}
	if err != nil {
		return nil, "", &Error{Where: "trust", Err: err}
	}
	if json.Unmarshal(content, &decisions) != nil || decisions == nil {
		return nil, "", &Error{Where: "trust", Err: fmt.Errorf("%s is broken; delete it to forget all decisions", at)}
	}
	return decisions, at, nil
}

// canonical is one name for a file, however it was reached.
func canonical(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	return path
}

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}
