package flyte

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/jetway-go/jetway/platform/internal/smallfile"
)

// Environment variables that name a file.
const (
	EnvUCTLConfig     = "UCTL_CONFIG"
	EnvFlytectlConfig = "FLYTECTL_CONFIG"
)

// found is a file that was chosen.
type found struct {
	path    string // empty for none
	content []byte
	local   bool // it came with the working directory, so the user may not know it
}

// candidate is a place to look at.
type candidate struct {
	path  string
	from  string // the parameter or variable that names it; the file must exist then
	local bool
}

// search finds the file to read: the first that exists.
func (s surroundings) search(explicit string) (found, error) {
	for _, c := range s.candidates(explicit) {
		if c.from == "" && !regular(c.path) {
			continue
		}
		content, err := smallfile.Read(c.path)
		switch {
		case err != nil && c.from != "":
			return found{}, &Error{Where: c.from, Err: fmt.Errorf("cannot read the file that it names: %w", err)}
		case errors.Is(err, fs.ErrNotExist):
			continue // removed since
		case err != nil:
			return found{}, &Error{Where: c.path, Err: err}
		}
		return found{c.path, content, c.local}, nil
	}
	return found{}, nil
}

// candidates returns the places in the order of flyte-sdk. A file in the working
// directory counts as the user's own if the user names it, or works in the home
// directory.
func (s surroundings) candidates(explicit string) []candidate {
	list := s.places(explicit)
	own := map[string]bool{}
	for _, c := range list {
		if !c.local {
			own[canonical(c.path)] = true
		}
	}
	for i, c := range list {
		// By its canonical name, so that it cannot be replaced through a symbolic link.
		if path := canonical(c.path); c.local && own[path] {
			list[i].path, list[i].local = path, false
		}
	}
	return list
}

func (s surroundings) places(explicit string) []candidate {
	if explicit != "" {
		return []candidate{{path: s.abs(explicit), from: "ConfigFile"}}
	}
	list := []candidate{
		{path: s.abs("config.yaml"), local: true},
		{path: s.abs(filepath.Join(".flyte", "config.yaml")), local: true},
	}
	if root := gitRoot(s.dir); root != "" && root != s.dir {
		list = append(list, candidate{path: filepath.Join(root, ".flyte", "config.yaml"), local: true})
	}
	for _, name := range []string{EnvUCTLConfig, EnvFlytectlConfig} {
		if path := s.get(name); path != "" {
			list = append(list, candidate{path: s.abs(path), from: name})
		}
	}
	if s.home != "" {
		for _, dir := range []string{".union", ".flyte"} {
			list = append(list, candidate{path: filepath.Join(s.home, dir, "config.yaml")})
		}
	}
	return list
}

func (s surroundings) abs(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(s.dir, path)
}

func regular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// gitRoot returns the directory that holds .git, at or above dir; empty for none.
func gitRoot(dir string) string {
	for {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}
