package authserver

import (
	"slices"
	"sync"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// isPublic reports whether c has neither a secret nor keys.
func isPublic(c oauth.Client) bool { return c.Secret == "" && len(c.Keys) == 0 }

// completeClient returns a copy of c with every default filled in.
func completeClient(c oauth.Client) oauth.Client {
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	c.Grants = slices.Clone(c.Grants)
	c.Keys = slices.Clone(c.Keys)
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	if len(c.AuthMethods) == 0 {
		if c.Secret != "" {
			c.AuthMethods = append(c.AuthMethods, oauth.AuthBasic, oauth.AuthPost)
		}
		if len(c.Keys) > 0 {
			c.AuthMethods = append(c.AuthMethods, oauth.AuthPrivateKeyJWT)
		}
		if isPublic(c) {
			c.AuthMethods = []string{oauth.AuthNone}
		}
	}
	if len(c.Grants) == 0 {
		c.Grants = []string{oauth.GrantRefreshToken, oauth.GrantPassword, oauth.GrantDeviceCode}
		if len(c.RedirectURIs) > 0 {
			c.Grants = append(c.Grants, oauth.GrantAuthorizationCode)
		}
		if !isPublic(c) {
			c.Grants = append(c.Grants, oauth.GrantClientCredentials, oauth.GrantTokenExchange)
		}
	}
	return c
}

func checkClient(c oauth.Client) error {
	switch {
	case c.ID == "":
		return &ConfigError{Field: "Client.ID", Reason: "must not be empty"}
	case isPublic(c) && slices.Contains(c.Grants, oauth.GrantClientCredentials):
		return &ConfigError{Field: "Client.Grants", Reason: "client_credentials is for clients with a secret or a key (RFC 6749 section 4.4)"}
	}
	if err := checkGrants(c.Grants); err != nil {
		return err
	}
	if err := signed.CheckKeys(c.Keys); err != nil {
		return &ConfigError{Field: "Client.Keys", Reason: "unsupported key", Err: err}
	}
	for _, check := range []error{checkMethods(c), checkRedirects(c.RedirectURIs)} {
		if check != nil {
			return check
		}
	}
	for _, scope := range c.Scopes {
		if !validScope(scope) {
			return &ConfigError{Field: "Client.Scopes", Reason: "a scope is printable ASCII without space, quote and backslash"}
		}
	}
	return nil
}

func checkMethods(c oauth.Client) error {
	for _, m := range c.AuthMethods {
		var possible bool
		switch m {
		case oauth.AuthBasic, oauth.AuthPost:
			possible = c.Secret != ""
		case oauth.AuthPrivateKeyJWT:
			possible = len(c.Keys) > 0
		case oauth.AuthNone:
			possible = true
		default:
			return &ConfigError{
				Field:  "Client.AuthMethods",
				Reason: "want client_secret_basic, client_secret_post, private_key_jwt or none",
			}
		}
		if !possible {
			return &ConfigError{Field: "Client.AuthMethods", Reason: m + " needs a secret or a key that this client does not have"}
		}
	}
	return nil
}

// clients holds the registered clients.
type clients struct {
	mu    sync.RWMutex
	byID  map[string]oauth.Client
	order []string
}

func (c *clients) get(id string) (oauth.Client, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.byID[id]
	return found, ok
}

// union returns every value that pick finds in any client, in order of first mention.
func (c *clients) union(pick func(oauth.Client) []string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	all := []string{}
	for _, id := range c.order {
		for _, v := range pick(c.byID[id]) {
			if !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all
}

// register adds c, or replaces the client of the same ID.
func (s *Server) register(c oauth.Client) error {
	c = completeClient(c)
	if err := checkClient(c); err != nil {
		return err
	}
	s.clients.mu.Lock()
	defer s.clients.mu.Unlock()
	if _, known := s.clients.byID[c.ID]; !known {
		s.clients.order = append(s.clients.order, c.ID)
	}
	s.clients.byID[c.ID] = c
	return nil
}
