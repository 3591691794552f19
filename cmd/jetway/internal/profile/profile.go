// Package profile keeps named settings of the command, such as the backends that a
// person works with, in one file of the person's configuration directory.
//
// Call [At] with the directory, then Load. The file has mode 0600 and contains no
// secret: logins are stored elsewhere, by backend.
package profile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Settings are what a profile says. An empty field says nothing.
type Settings struct {
	// Platform is the kind of backend: flyte, wallaroo, nublado, kubeflow, jupyterhub.
	Platform string `json:"platform,omitempty"`
	// Endpoint is its address.
	Endpoint string `json:"endpoint,omitempty"`
	// Insecure connects without TLS.
	Insecure bool `json:"insecure,omitempty"`
	// CAFile names certificates to trust beside the system's.
	CAFile string `json:"ca_file,omitempty"`
	// OwnLogin keeps the profile's login apart from that of other profiles, and of programs,
	// for the same backend: for a second account there.
	OwnLogin bool `json:"own_login,omitempty"`
	// User is the user to log in as, where the system needs a name.
	User string `json:"user,omitempty"`
	// ClientID is the OAuth client, where it is not the backend's own.
	ClientID string `json:"client_id,omitempty"`
	// Org, Project and Domain are those of calls that need them.
	Org     string `json:"org,omitempty"`
	Project string `json:"project,omitempty"`
	Domain  string `json:"domain,omitempty"`
}

// Profiles are all profiles of a person.
type Profiles struct {
	// Current is the one used when no other is asked for; empty for none.
	Current string `json:"current,omitempty"`
	// Named are the profiles by name.
	Named map[string]Settings `json:"profiles,omitempty"`
	// Logins names the logins that this command has stored, the newest last.
	Logins []Login `json:"logins,omitempty"`
}

// ErrUnknown means that there is no profile of that name.
var ErrUnknown = errors.New("no such profile")

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
	text, err := os.ReadFile(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return p, nil // there can be none
	case err != nil:
		return p, fmt.Errorf("read profiles: %w", err)
	}
	if err := parse(text, &p); err != nil && len(bytes.TrimSpace(text)) > 0 {
		return p, fmt.Errorf("read profiles: %s: %w; mend the file or remove it", f.path, err)
	}
	if p.Named == nil {
		p.Named = map[string]Settings{}
	}
	return p, nil
}

// parse reads JSON without fields that this version does not know: Save would lose them.
func parse(text []byte, p *Profiles) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the profiles")
	}
	return nil
}

// Change loads the profiles, changes them and saves them if change reports true. Where
// another process saves meanwhile, change is called again, with what is there then.
func (f File) Change(change func(*Profiles) bool) error {
	for {
		before, _ := os.ReadFile(f.path) // Load says what is wrong
		p, err := f.Load()
		if err != nil {
			return err
		}
		if !change(&p) {
			return nil
		}
		if after, _ := os.ReadFile(f.path); bytes.Equal(before, after) {
			return f.Save(p)
		}
	}
}

// Save writes the file, whole or not at all, for its owner only.
func (f File) Save(p Profiles) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("store profiles: %w", err)
		}
	}()
	if f.nowhere != nil {
		return f.nowhere
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	next, err := os.CreateTemp(dir, ".profiles-*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // finds nothing once it is renamed
	_, err = next.Write(append(text, '\n'))
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	return os.Rename(next.Name(), f.path)
}

// Get returns the profile of that name; an empty name means the current one, and no
// profile at all if there is none.
func (p *Profiles) Get(name string) (string, Settings, error) {
	name = cmp.Or(name, p.Current)
	if name == "" {
		return "", Settings{}, nil
	}
	s, ok := p.Named[name]
	if !ok {
		return name, s, fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	return name, s, nil
}

// CheckName returns an error for what cannot name a profile.
func CheckName(name string) error {
	const first, most = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", 63
	if name == "" || len(name) > most || strings.Trim(name, first+"._-") != "" || !strings.Contains(first, name[:1]) {
		return fmt.Errorf("profile name %q: want 1 to 63 letters, digits, dots, hyphens and underscores, the first a letter or digit", name)
	}
	return nil
}
