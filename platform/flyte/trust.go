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
	"runtime"

	"github.com/gofrs/flock"

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
// once it changes. It may be used by several programs at once.
type FileTrust struct {
	// Path of the JSON file; empty means jetway/trusted-configs.json in the user's
	// configuration directory.
	Path string
}

var _ Trust = FileTrust{}

// Trusted tells whether the file at path was recorded with this very content.
func (t FileTrust) Trusted(path string, content []byte) (bool, error) {
	decisions, err := t.read()
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

// change is one step for everybody: a decision that was taken back must not return
// with somebody else's.
func (t FileTrust) change(f func(map[string]string)) error {
	at, err := t.path()
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Dir(at), 0o700)
	lock := flock.New(at+".lock", flock.SetPermissions(0o600))
	if err == nil {
		err = lock.Lock()
	}
	if err != nil {
		return &Error{Where: "trust", Err: err}
	}
	defer lock.Unlock() //nolint:errcheck // closing the file ends it

	decisions, err := t.read()
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
	f, err := os.CreateTemp(filepath.Dir(path), ".trusted-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what went wrong says more
		}
	}()
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func (t FileTrust) path() (string, error) {
	if t.Path != "" {
		return t.Path, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", &Error{Where: "trust", Err: err}
	}
	return filepath.Join(dir, "jetway", "trusted-configs.json"), nil
}

// read returns what was decided; nothing where there is no file yet.
func (t FileTrust) read() (map[string]string, error) {
	at, err := t.path()
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(at)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
		return nil, &Error{Where: "trust", Err: fmt.Errorf(
			"others may write %s, so that it proves nothing; take that from them (chmod go-w), after a look at what is in it", at)}
	}
	content, err := smallfile.Read(at)
	if err != nil {
		return nil, &Error{Where: "trust", Err: err}
	}
	var decisions map[string]string
	if json.Unmarshal(content, &decisions) != nil || decisions == nil {
		return nil, &Error{Where: "trust", Err: fmt.Errorf("%s is broken; delete it to forget all decisions", at)}
	}
	return decisions, nil
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
