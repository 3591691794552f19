package oauth

import (
	"slices"
	"sync"
)

// Ways for a client to authenticate (RFC 8414 section 2,
// token_endpoint_auth_methods_supported).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
)

// Client is a registered client.
type Client struct {
	// ID names the client; required.
	ID string
	// Secret is what it proves itself with; empty makes it a public client.
	Secret string
	// Scopes are what it may ask for, and what it gets when it asks for none.
	Scopes []string
	// AuthMethods are how it may authenticate; empty means [AuthBasic] and
	// [AuthPost] with a secret, [AuthNone] without.
	AuthMethods []string
	// Grants are the grant types it may use; empty means client_credentials and
	// refresh_token with a secret, refresh_token without.
	Grants []string
}

func (c Client) withDefaults() Client {
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	c.Grants = slices.Clone(c.Grants)
	if len(c.AuthMethods) == 0 {
		c.AuthMethods = []string{AuthNone}
		if c.Secret != "" {
			c.AuthMethods = []string{AuthBasic, AuthPost}
		}
	}
	if len(c.Grants) == 0 {
		c.Grants = []string{grantRefreshToken}
		if c.Secret != "" {
			c.Grants = []string{grantClientCredentials, grantRefreshToken}
		}
	}
	return c
}

func (c Client) check() error {
	switch {
	case c.ID == "":
		return &ConfigError{Field: "Client.ID", Reason: "must not be empty"}
	case c.Secret == "" && slices.Contains(c.Grants, grantClientCredentials):
		return &ConfigError{Field: "Client.Grants", Reason: "client_credentials is for clients with a secret (RFC 6749 section 4.4)"}
	case c.Secret == "" && !slices.Equal(c.AuthMethods, []string{AuthNone}):
		return &ConfigError{Field: "Client.AuthMethods", Reason: "a client without a secret can only use none"}
	}
	for _, m := range c.AuthMethods {
		if m != AuthBasic && m != AuthPost && m != AuthNone {
			return &ConfigError{Field: "Client.AuthMethods", Reason: "want client_secret_basic, client_secret_post or none"}
		}
	}
	for _, scope := range c.Scopes {
		if !validScope(scope) {
			return &ConfigError{Field: "Client.Scopes", Reason: "a scope is printable ASCII without space, quote and backslash"}
		}
	}
	return nil
}

// clients is the register of them.
type clients struct {
	mu    sync.RWMutex
	byID  map[string]Client
	order []string
}

func (c *clients) get(id string) (Client, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	found, ok := c.byID[id]
	return found, ok
}

// union returns every value that pick finds in any client, in order of first mention.
func (c *clients) union(pick func(Client) []string) []string {
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

// RegisterClient adds c, or replaces the client of the same ID.
func (s *Server) RegisterClient(c Client) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
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
