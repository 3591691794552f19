// Package connect makes a client set from what a person says on the command line, in a
// profile and in the environment. What is nearer to the command counts more: flags, then
// the profile that the person names, then variables, then the current profile, then files.
//
// Fill in [Settings] and call Plan: the [Plan] says where to connect, how, and where
// each of it comes from. Its Open makes the client set.
package connect

import (
	"cmp"
	"errors"
	"log/slog"

	"github.com/jetway-go/jetway/cmd/jetway/internal/failure"
	"github.com/jetway-go/jetway/cmd/jetway/internal/profile"
	"github.com/jetway-go/jetway/platform/flyte"
)

// Settings are the flags that say where to connect, and where the rest is read.
type Settings struct {
	profile.Settings // of the flags; an empty field was not given

	// Profile is the name of the profile; empty means JETWAY_PROFILE, then the current one.
	Profile string
	// MayBeNew allows a profile that does not exist yet: login makes it.
	MayBeNew bool
	// FromKey says that an API key which the person gave has the address.
	FromKey bool
	// AddressOfKey says that of an API key in the environment only the address counts: the
	// person logs in otherwise.
	AddressOfKey bool
	// HasSecret says that the person gave a secret to log in with, which is sent to no
	// address from a config file of the working directory that is not trusted.
	HasSecret bool
	// ConfigFile is a Flyte config file to read instead of searching for one.
	ConfigFile string
	// Lookup reads the environment.
	Lookup func(string) (string, bool)
	// Environ lists it, so that errors can show variables that are misspelt.
	Environ func() []string
	// Profiles is where profiles are stored.
	Profiles profile.File
	// Logger receives warnings, never a secret.
	Logger *slog.Logger
}

// Value is a setting and where it comes from.
type Value struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// EnvProfile is the variable that names a profile.
const EnvProfile = "JETWAY_PROFILE"

// The sources of values that this package itself sets.
const (
	fromFlag    = "command line"
	fromDefault = "default"
)

func fromProfile(name string) string { return "profile " + name }

func fromVariable(name string) string { return "variable " + name }

// merged is the profile below the flags.
func (s Settings) merged() (Settings, []Value, error) {
	all, err := s.Profiles.Load()
	if err != nil {
		return s, nil, failure.Exit(failure.Config, err, "")
	}
	name, from := s.Profile, fromFlag
	if name == "" {
		name, _ = s.Lookup(EnvProfile)
		from = fromVariable(EnvProfile)
	}
	if name == "" {
		from = "jetway profile use"
		if s.elsewhere(all) {
			all.Current = ""
		}
	}
	name, p, err := all.Get(name)
	if s.MayBeNew && errors.Is(err, profile.ErrUnknown) {
		if err = profile.CheckName(name); err != nil {
			return s, nil, failure.Exit(failure.Misuse, err, "")
		}
	}
	if err != nil {
		return s, nil, failure.Exit(failure.Config, err, "jetway profile list shows those that there are")
	}
	s.Profile, s.OwnLogin = name, p.OwnLogin
	var values []Value
	if name != "" {
		values = append(values, Value{"profile", name, from})
	}
	take := func(key string, flag *string, stored string) {
		switch {
		case *flag != "":
			shown := *flag
			if key == "endpoint" {
				shown = withoutSecrets(shown)
			}
			values = append(values, Value{key, shown, fromFlag})
		case stored != "":
			*flag = stored
			values = append(values, Value{key, stored, fromProfile(name)})
		}
	}
	take("platform", &s.Platform, p.Platform)
	take("endpoint", &s.Endpoint, p.Endpoint)
	take("ca-file", &s.CAFile, p.CAFile)
	take("user", &s.User, p.User)
	take("client-id", &s.ClientID, p.ClientID)
	take("org", &s.Org, p.Org)
	take("project", &s.Project, p.Project)
	take("domain", &s.Domain, p.Domain)
	switch {
	case s.Insecure:
		values = append(values, Value{"insecure", "true", fromFlag})
	case p.Insecure && cmp.Or(p.Endpoint, s.Endpoint) == s.Endpoint:
		s.Insecure = true // for the profile's own backend only: another one may have TLS
		values = append(values, Value{"insecure", "true", fromProfile(name)})
	}
	return s, values, nil
}

// elsewhere reports whether the person asks for another backend than that of the current
// profile, whose other settings are of no concern then.
func (s Settings) elsewhere(all profile.Profiles) bool {
	p := all.Named[all.Current]
	switch {
	case s.FromKey, s.ConfigFile != "", s.Endpoint != "" && !Same(s.Endpoint, p.Endpoint):
		return true
	case s.Platform != "" && s.Platform != cmp.Or(p.Platform, Flyte):
		return true
	case s.Endpoint != "":
		return false
	}
	_, named := s.flyteVariable()
	return named
}

// flyteVariable returns the variable by which a person has named a Flyte backend, if there is one.
func (s Settings) flyteVariable() (string, bool) {
	for _, name := range []string{flyte.EnvAPIKey, flyte.Variable(flyte.KeyEndpoint)} {
		if v, _ := s.Lookup(name); v != "" {
			return name, true
		}
	}
	return "", false
}
