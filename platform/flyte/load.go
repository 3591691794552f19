package flyte

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jetway-go/jetway/internal/apikey"
)

// Config is Flyte's configuration as it was found. Fields that no source sets are zero.
type Config struct {
	// Endpoint is the backend's address.
	Endpoint string
	// Insecure connects without TLS, InsecureSkipVerify accepts any certificate.
	Insecure, InsecureSkipVerify bool
	// CACertFile is a file of certificates to trust beside the system's, ProxyURL an
	// HTTP proxy.
	CACertFile, ProxyURL string
	// DisableKeyring keeps logins out of the system's keyring.
	DisableKeyring bool
	// AuthType is how to log in. Empty means that the program chooses; where a client
	// secret is set, it is ClientSecret.
	AuthType AuthType
	// ClientID is the OAuth client, Audience the audience to request a token for.
	ClientID, Audience string
	// Scopes are the scopes to request.
	Scopes []string
	// Command prints a token, ProxyCommand one for a proxy in front of the backend.
	Command, ProxyCommand []string
	// ConsoleEndpoint is the address of the web console, where it is not the backend's.
	ConsoleEndpoint string
	// Org, Project and Domain are those of tasks.
	Org, Project, Domain string

	// File is the config file that was read; empty for none.
	File string
	// Warnings are the lines of it that have no effect.
	Warnings []Warning

	at      surroundings
	file    found
	origins map[string]Origin
	apiKey  apikey.Key // zero without one

	secretEnvVar, secretLocation string
}

// fromParameter is the origin of an endpoint that the program itself sets.
const fromParameter = "Endpoint"

// Load reads variables and files, and checks that each value has the right type.
// [Config.Target] checks that all needed values are there. The error is an [*Error].
func (r Resolver) Load() (*Config, error) {
	s, err := r.surroundings()
	if err != nil {
		return nil, err
	}
	c := &Config{at: s, origins: map[string]Origin{}}
	if c.file, err = s.search(r.ConfigFile); err != nil {
		return nil, err
	}
	c.File = c.file.path
	doc, err := parseFile(c.file.path, c.file.content)
	if err != nil {
		return nil, err
	}
	c.Warnings = doc.warnings
	for _, set := range settings() {
		o := Origin{Key: set.key}
		if v, ok := doc.values[set.key]; ok {
			o.Value, o.File, o.Line = show(set, v), doc.path, doc.lines[set.key]
			o.From = fmt.Sprintf("%s:%d", o.File, o.Line)
			if err := c.put(set, v, o.From); err != nil {
				return nil, err
			}
		}
		name := Variable(set.key)
		if text := s.get(name); text != "" {
			v, err := parseText(set.kind, text)
			if err != nil {
				return nil, &Error{Where: name, Err: err}
			}
			if v.set(set.kind) {
				if err := c.put(set, v, name); err != nil {
					return nil, err
				}
				o = o.replaced(name, show(set, v))
			}
		}
		c.origins[set.key] = o
	}
	if err := c.useAPIKey(); err != nil {
		return nil, err
	}
	if r.Endpoint != "" {
		c.Endpoint = r.Endpoint
		c.origins[KeyEndpoint] = c.origins[KeyEndpoint].replaced(fromParameter, r.Endpoint)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	c.AuthType, err = c.authType()
	return c, err
}

// put sets the field of a setting. Paths are absolute from then on.
func (c *Config) put(s setting, v value, from string) (err error) {
	switch {
	case s.kind == path:
		v.text, err = c.at.abs(v.text)
	case s.kind == list && strings.HasPrefix(v.list[0], "~"): // the program; arguments belong to it
		v.list = slices.Clone(v.list)
		v.list[0], err = c.at.expanded(v.list[0])
	}
	if err != nil {
		return &Error{Where: from, Err: fmt.Errorf("%s %w", s.key, err)}
	}
	s.put(c, v)
	return nil
}

// check returns an error for values that can only be mistakes.
func (c *Config) check() error {
	for key, argv := range map[string][]string{KeyCommand: c.Command, KeyProxyCommand: c.ProxyCommand} {
		if len(argv) > 0 && strings.TrimSpace(argv[0]) == "" {
			return &Error{Where: c.origins[key].From, Err: fmt.Errorf("%s names no program", key)}
		}
	}
	// The value is not shown: some users put the secret itself there.
	if c.secretEnvVar != "" && !isVariable(c.secretEnvVar) {
		return &Error{Where: c.origins[KeySecretEnvVar].From, Err: fmt.Errorf(
			"%s is not the name of a variable; it must not be the secret itself", KeySecretEnvVar)}
	}
	return nil
}

// isVariable reports whether a shell could have a variable of that name.
func isVariable(name string) bool {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || r == '_'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != ""
}

// useAPIKey takes endpoint, client and organization from the API key, if there is one.
func (c *Config) useAPIKey() error {
	text := c.at.get(EnvAPIKey)
	if text == "" {
		return nil
	}
	k, err := apikey.Decode(text)
	if err != nil {
		return &Error{Where: EnvAPIKey, Err: err}
	}
	c.apiKey = k
	c.Endpoint, c.ClientID = k.Endpoint, k.ClientID
	c.origins[KeyEndpoint] = c.origins[KeyEndpoint].replaced(EnvAPIKey, k.Endpoint)
	c.origins[KeyClientID] = c.origins[KeyClientID].replaced(EnvAPIKey, k.ClientID)
	if k.Org != "" && c.Org == "" {
		c.Org = k.Org
		c.origins[KeyOrg] = c.origins[KeyOrg].replaced(EnvAPIKey, k.Org)
	}
	return nil
}
