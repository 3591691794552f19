package jupyterhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/jetway-go/jetway/platform/internal/guess"
)

// surroundings are the settings of a Config and the variables, parsed.
type surroundings struct {
	apiToken   func() (string, error)
	api        *url.URL // without a slash at its end
	name       string
	user       string
	base       string // "/" or "/…/"
	prefix     string // "/…/" as in URLs, empty if the service is not proxied
	path       string // the prefix without escapes, "/" if there is none
	serviceURL string
	hub        string // the hub's address for browsers: "https://…/hub/" or "/hub/"
	clientID   string
	callback   string
	scopes     []string
	tls        internalTLS
}

func (c Config) getenv(name string) string {
	lookup := c.LookupEnv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	value, _ := lookup(name)
	return strings.TrimSpace(value)
}

// or returns a parameter, or else a variable.
func (c Config) or(param, name string) string {
	if param = strings.TrimSpace(param); param != "" {
		return param
	}
	return c.getenv(name)
}

// misspelt names variables that are set under a name like one of these; empty for none.
func (c Config) misspelt(missing ...string) string {
	return guess.Variables(c.LookupEnv, c.Environ, []string{
		EnvAPIToken, EnvAPIURL, EnvServiceName, EnvServiceURL, EnvPrefix, EnvBaseURL, envHost, envPublicHub, envUser, envClientID,
		envCallback, envAccessScopes, envOldScopes, envKeyFile, envCertFile, envClientCA,
	}, missing)
}

func (c Config) read() (*surroundings, error) {
	s := &surroundings{
		apiToken:   c.APIToken.Read,
		name:       c.or(c.ServiceName, EnvServiceName),
		serviceURL: c.or(c.ServiceURL, EnvServiceURL),
		clientID:   c.getenv(envClientID),
		callback:   c.getenv(envCallback),
		tls:        internalTLS{c.getenv(envKeyFile), c.getenv(envCertFile), c.getenv(envClientCA)},
	}
	if c.APIToken.IsZero() {
		s.apiToken = func() (string, error) {
			if token := c.getenv(EnvAPIToken); token != "" {
				return token, nil
			}
			return "", errors.New(guess.After(EnvAPIToken+" is not set", c.misspelt(EnvAPIToken)))
		}
	}
	if s.user = s.name; s.user == "" {
		s.user = c.getenv(envUser)
	}
	var err error
	if s.api, err = apiURL(c.APIURL, c.getenv(EnvAPIURL)); err != nil {
		return s, err
	}
	if err := s.readPaths(c); err != nil {
		return s, err
	}
	s.scopes, err = c.accessScopes(s.name)
	return s, err
}

// token returns the service's own token, or an error if it is missing or not valid in a
// header.
func (s *surroundings) token() (string, error) {
	token, err := s.apiToken()
	switch {
	case err != nil:
		return "", fmt.Errorf("no API token: set %s or APIToken: %w", EnvAPIToken, err)
	case token == "":
		return "", fmt.Errorf("the API token is empty: set %s or APIToken", EnvAPIToken)
	case !isToken(token):
		return "", fmt.Errorf("the API token contains a space or line end: check %s or APIToken", EnvAPIToken)
	}
	return token, nil
}

// isToken reports whether text is valid as one word of a header.
func isToken(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return text != "" && len(text) <= maxToken
}

const maxToken = 16 << 10

func apiURL(param, variable string) (*url.URL, error) {
	source, text := "APIURL", strings.TrimSpace(param)
	if text == "" {
		source, text = EnvAPIURL, variable
	}
	if text == "" {
		text = DefaultAPIURL
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%s is not a URL such as %s", source, DefaultAPIURL)
	}
	return u, nil
}

// readPaths sets the addresses of the hub and the service for browsers.
func (s *surroundings) readPaths(c Config) error {
	s.base = slashed(c.getenv(EnvBaseURL))
	if s.prefix = c.or(c.Prefix, EnvPrefix); s.prefix == "" && s.name != "" {
		s.prefix = s.base + "services/" + url.PathEscape(s.name)
	}
	s.path = "/"
	if s.prefix != "" {
		given := slashed(s.prefix)
		plain, err := url.PathUnescape(given)
		if err != nil {
			return fmt.Errorf("%s is not a path such as /services/name/", EnvPrefix)
		}
		s.prefix, s.path = (&url.URL{Path: plain, RawPath: given}).EscapedPath(), plain
	}
	host := strings.TrimRight(c.getenv(envHost), "/")
	s.hub = host + s.base + "hub/"
	if public := c.getenv(envPublicHub); public != "" {
		s.hub = strings.TrimRight(public, "/") + "/"
	}
	if u, err := url.Parse(s.hub); err != nil || u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" ||
		u.Scheme == "" && (s.hub[0] != '/' || strings.HasPrefix(s.hub, "//")) || u.RawQuery != "" {
		return fmt.Errorf("%s, %s and %s together are not the address of a hub", envPublicHub, envHost, EnvBaseURL)
	}
	if s.clientID == "" && s.name != "" {
		s.clientID = "service-" + s.name
	}
	if s.callback == "" && s.prefix != "" {
		s.callback = s.prefix + "oauth_callback"
	}
	return nil
}

// slashed returns path with one slash at its beginning and at its end.
func slashed(path string) string {
	if path = strings.Trim(path, "/"); path == "" {
		return "/"
	}
	return "/" + path + "/"
}

// accessScopes returns the scopes of which a caller needs one (JupyterHub 2 and later).
func (c Config) accessScopes(name string) ([]string, error) {
	for _, variable := range []string{envAccessScopes, envOldScopes} {
		text := c.getenv(variable)
		if text == "" {
			continue
		}
		var scopes []string
		if err := json.Unmarshal([]byte(text), &scopes); err != nil || scopes == nil { // null would authorize every caller
			return nil, errors.New(variable + ` is not a JSON list of scopes, such as ["access:services!service=name"]`)
		}
		return scopes, nil
	}
	if name == "" {
		return nil, nil
	}
	return []string{"access:services!service=" + name}, nil
}
