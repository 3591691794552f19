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
	list, err := s.places(explicit)
	if err != nil {
		return found{}, err
	}
	for _, c := range list {
		if c.from == "" && !regular(c.path) {
			continue
		}
		if c.local {
			c = c.among(list)
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

// among returns c, a file in the working directory, as the user's own if it is also in list
// as such: the user names it, or works in the home directory.
func (c candidate) among(list []candidate) candidate {
	path := canonical(c.path)
	for _, own := range list {
		if !own.local && canonical(own.path) == path {
			// By its canonical name, so that it cannot be replaced through a symbolic link.
			c.path, c.local = path, false
		}
	}
	return c
}

// places returns where to look, in the order of flyte-sdk.
func (s surroundings) places(explicit string) ([]candidate, error) {
	if explicit != "" {
		c, err := s.named("ConfigFile", explicit)
		return []candidate{c}, err
	}
	list := []candidate{
		{path: filepath.Join(s.dir, "config.yaml"), local: true},
		{path: filepath.Join(s.dir, ".flyte", "config.yaml"), local: true},
	}
	if root := gitRoot(s.dir); root != "" && root != s.dir {
		list = append(list, candidate{path: filepath.Join(root, ".flyte", "config.yaml"), local: true})
	}
	for _, name := range []string{EnvUCTLConfig, EnvFlytectlConfig} {
		if path := s.get(name); path != "" {
			c, err := s.named(name, path)
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
	}
	if s.home != "" {
		for _, dir := range []string{".union", ".flyte"} {
			list = append(list, candidate{path: filepath.Join(s.home, dir, "config.yaml")})
		}
	}
	return list, nil
}

// named is the file that a parameter or variable names.
func (s surroundings) named(from, path string) (candidate, error) {
	path, err := s.abs(path)
	if err != nil {
		return candidate{}, &Error{Where: from, Err: err}
	}
	return candidate{path: path, from: from}, nil
}

// abs returns the absolute path of a file, from the working directory.
func (s surroundings) abs(path string) (string, error) {
	path, err := s.expanded(path)
	if err != nil || filepath.IsAbs(path) {
		return path, err
	}
	return filepath.Join(s.dir, path), nil
}

// expanded returns the path with the home directory for a leading ~, which a shell would
// have replaced. Another user's, such as ~ada, stays as it is.
func (s surroundings) expanded(path string) (string, error) {
	switch {
	case path != "~" && (len(path) < 2 || path[0] != '~' || !os.IsPathSeparator(path[1])):
		return path, nil
	case s.home == "":
		return "", errors.New("begins with ~, and no home directory is known: set HOME, or write the whole path")
	default:
		return filepath.Join(s.home, path[1:]), nil
	}
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
