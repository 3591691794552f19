// Package profile keeps named settings of the command, such as the backends that a
// person works with, in one file of the person's configuration directory.
//
// Call [At] with the directory, then Load. The file has mode 0600 and contains no
// secret: logins are stored elsewhere, by backend.
package profile

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
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
