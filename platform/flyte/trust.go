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

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// Trust decides which config files in working directories are trusted. Implementations
// are safe for concurrent use.
type Trust interface {
	// Trusted reports whether the file at path may run programs, use secrets and
	// weaken TLS, with this content.
	Trusted(path string, content []byte) (bool, error)
}

// FileTrust stores each decision in a file of its own that only its owner can write. A
// config file is trusted with the content that it had when the decision was recorded;
// after a change it is no longer trusted. Several programs may use the same directory
// at once.
type FileTrust struct {
	// Dir holds the decisions; empty means jetway/trusted-configs in the user's
	// configuration directory.
	Dir string
}

var _ Trust = FileTrust{}

// decision is the JSON of one file.
type decision struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // of the content
}

// Trusted reports whether the file at path was recorded with this very content.
func (t FileTrust) Trusted(path string, content []byte) (bool, error) {
	path = canonical(path)
	at, err := t.file(path)
	if err != nil {
		return false, err
	}
	if err := onlyOwnerWrites(filepath.Dir(at), at); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, &Error{Where: "trust", Err: err}
	}
	text, err := smallfile.Read(at)
	if err != nil {
		return false, &Error{Where: "trust", Err: err}
	}
	var d decision
	if json.Unmarshal(text, &d) != nil || d.Path != path {
		return false, &Error{Where: "trust", Err: fmt.Errorf("%s is damaged; delete it to forget the decision", at)}
	}
	return d.SHA256 == sum(content), nil
}

// Record stores that the file at path is trusted with the content that it has now.
func (t FileTrust) Record(path string) error {
	content, err := smallfile.Read(path)
	if err != nil {
		return &Error{Where: "trust", Err: err}
	}
	path = canonical(path)
	at, err := t.file(path)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(decision{Path: path, SHA256: sum(content)}, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(at), 0o700)
	}
	if err == nil {
		err = replaceFile(at, append(text, '\n'))
	}
	if err != nil {
		return &Error{Where: "trust", Err: err}
	}
	return nil
}

// Forget deletes the decision about the file at path; it is not an error if there is
// none.
func (t FileTrust) Forget(path string) error {
	at, err := t.file(canonical(path))
	if err != nil {
		return err
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Where: "trust", Err: err}
	}
	return nil
}

// file returns where the decision about the config file at path is stored.
func (t FileTrust) file(path string) (string, error) {
	dir := t.Dir
	if dir == "" {
		base, err := os.UserConfigDir()
		if err != nil {
			return "", &Error{Where: "trust", Err: err}
		}
		dir = filepath.Join(base, "jetway", "trusted-configs")
	}
	return filepath.Join(dir, sum([]byte(path))+".json"), nil
}

// onlyOwnerWrites returns an error for a path that is missing or that others may
// write to.
func onlyOwnerWrites(paths ...string) error {
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if runtime.GOOS != "windows" && info.Mode().Perm()&0o022 != 0 {
			return fmt.Errorf("other users may write %s, so its decisions are not used; check its content, then run chmod go-w on it", path)
		}
	}
	return nil
}

// replaceFile writes a file atomically.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".trusted-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error is the one to return
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

// canonical returns the absolute path of a file, without symbolic links.
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
