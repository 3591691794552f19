package oauth

import (
	"crypto"
	"slices"
	"sync"

	"github.com/jetway-go/jetway/mockserver/internal/signed"
)

// Ways for a client to authenticate (RFC 8414 section 2,
// token_endpoint_auth_methods_supported).
const (
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
	AuthNone  = "none"
	// AuthPrivateKeyJWT is for clients with a key of their own (RFC 7523).
	AuthPrivateKeyJWT = "private_key_jwt"
)

// Client is a registered client.
type Client struct {
	// ID names the client; required.
	ID string
	// Secret is what it proves itself with. A client with neither a secret nor
	// keys is a public one.
	Secret string
	// Keys are the public keys that it signs its assertions with: *ecdsa.PublicKey
	// on P-256 (ES256), *rsa.PublicKey (RS256, PS256) or ed25519.PublicKey (EdDSA).
	Keys []crypto.PublicKey
	// RedirectURIs are where its logins may end. A loopback one (127.0.0.1, [::1]
	// or localhost over http) stands for every port (RFC 8252 section 7.3).
	RedirectURIs []string
	// Scopes are what it may ask for, and what it gets when it asks for none.
	Scopes []string
	// AuthMethods are how it may authenticate; empty means [AuthBasic] and
	// [AuthPost] with a secret, [AuthPrivateKeyJWT] with keys, [AuthNone] without
	// either.
	AuthMethods []string
	// Grants are the grant types it may use; empty means refresh_token, password
	// and device_code, with redirect URIs authorization_code, and with a secret or
	// keys client_credentials and token-exchange.
	Grants []string
}

// public reports whether c cannot prove who it is.
func (c Client) public() bool { return c.Secret == "" && len(c.Keys) == 0 }

func (c Client) withDefaults() Client {
	c.Scopes = slices.Clone(c.Scopes)
	c.AuthMethods = slices.Clone(c.AuthMethods)
	c.Grants = slices.Clone(c.Grants)
	c.Keys = slices.Clone(c.Keys)
	c.RedirectURIs = slices.Clone(c.RedirectURIs)
	if len(c.AuthMethods) == 0 {
		if c.Secret != "" {
			c.AuthMethods = append(c.AuthMethods, AuthBasic, AuthPost)
		}
		if len(c.Keys) > 0 {
			c.AuthMethods = append(c.AuthMethods, AuthPrivateKeyJWT)
		}
		if c.public() {
			c.AuthMethods = []string{AuthNone}
		}
	}
	if len(c.Grants) == 0 {
		c.Grants = []string{GrantRefreshToken, GrantPassword, GrantDeviceCode}
		if len(c.RedirectURIs) > 0 {
			c.Grants = append(c.Grants, GrantAuthorizationCode)
		}
		if !c.public() {
			c.Grants = append(c.Grants, GrantClientCredentials, GrantTokenExchange)
		}
	}
	return c
}

func (c Client) check() error {
	switch {
	case c.ID == "":
		return &ConfigError{Field: "Client.ID", Reason: "must not be empty"}
	case c.public() && slices.Contains(c.Grants, GrantClientCredentials):
		return &ConfigError{Field: "Client.Grants", Reason: "client_credentials is for clients with a secret or a key (RFC 6749 section 4.4)"}
	}
	if err := checkGrants(c.Grants); err != nil {
		return err
	}
	if err := signed.CheckKeys(c.Keys); err != nil {
		return &ConfigError{Field: "Client.Keys", Reason: "unsupported key", Err: err}
	}
	for _, check := range []error{c.checkMethods(), checkRedirects(c.RedirectURIs)} {
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

func (c Client) checkMethods() error {
	for _, m := range c.AuthMethods {
		var possible bool
		switch m {
		case AuthBasic, AuthPost:
			possible = c.Secret != ""
		case AuthPrivateKeyJWT:
			possible = len(c.Keys) > 0
		case AuthNone:
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
