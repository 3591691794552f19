package mockserver

import (
	"crypto/rand"
	"errors"
	"net/http"
	"slices"

	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	// DefaultLogin is the account of a server that [WithOAuth] gives none; its password
	// is [Server.Password].
	DefaultLogin = "ada"
	// RedirectURI is the redirect URI that AuthMetadataService advertises. The public
	// client may use any port of 127.0.0.1, [::1] and localhost, with path /callback.
	RedirectURI = "http://localhost:53593/callback"
)

// WithOAuth sets up the authorization server. Empty fields of the configuration have
// the meaning that package oauth gives them, with these exceptions:
//
//   - Without Clients there is one, [DefaultClientID], with a random secret. A client
//     without scopes gets [DefaultScope]. [Server.ClientID] is the first one.
//   - Without Accounts there is one, [DefaultLogin], with a random password.
//     [Server.Login] is the first one.
//   - [PublicClientID] is registered too. Every client may request OfflineScope, and
//     the public one may exchange tokens of TrustedIssuers.
//   - Issuer, Now and Logger are set by the mock and must be empty: see
//     [WithIssuerPath], [Server.SetClockOffset] and [WithLogger].
//
// Given twice, the last one counts.
func WithOAuth(cfg oauth.Config) Option {
	return optionFunc(func(c *config) { c.oauth = cfg })
}

// errMockSets is the error of a configuration that [WithOAuth] does not accept.
var errMockSets = errors.New("WithOAuth: Issuer, Now and Logger must be empty, the mock sets them; " +
	"use WithIssuerPath, Server.SetClockOffset and WithLogger")

// completeLogin adds a client and an account where the configuration has none.
func (c *config) completeLogin() {
	clients := slices.Clone(c.oauth.Clients)
	for i := range clients {
		if len(clients[i].Scopes) == 0 {
			clients[i].Scopes = []string{DefaultScope}
		}
	}
	if c.madeSecret = len(clients) == 0; c.madeSecret {
		clients = []oauth.Client{{ID: DefaultClientID, Secret: rand.Text(), Scopes: []string{DefaultScope}}}
	}
	c.oauth.Clients = clients
	c.oauth.Accounts = slices.Clone(c.oauth.Accounts)
	if c.madePassword = len(c.oauth.Accounts) == 0; c.madePassword {
		c.oauth.Accounts = []oauth.Account{{
			Login: DefaultLogin, Password: rand.Text(),
			Claims: map[string]any{"name": "Ada", "email": "ada@example.com"},
		}}
	}
}

// oauthFor returns the configuration of the authorization server at issuer.
func (c *config) oauthFor(issuer string, clock *clock) (oauth.Config, error) {
	cfg := c.oauth
	if cfg.Issuer != "" || cfg.Now != nil || cfg.Logger != nil {
		return cfg, errMockSets
	}
	cfg.Issuer, cfg.Now, cfg.Logger = issuer, clock.Now, c.logger
	cfg.Clients = append(slices.Clone(cfg.Clients), c.publicClient())
	if offline := cfg.OfflineScope; offline != "" {
		for i := range cfg.Clients {
			client := &cfg.Clients[i]
			if !slices.Contains(client.Scopes, offline) {
				client.Scopes = append(slices.Clone(client.Scopes), offline)
			}
		}
	}
	return cfg, nil
}

// publicClient returns the client of programs without a secret: those that users run,
// and workloads that exchange a token.
func (c *config) publicClient() oauth.Client {
	public := oauth.Client{
		ID: PublicClientID, Scopes: c.oauth.Clients[0].Scopes,
		RedirectURIs: []string{RedirectURI, "http://127.0.0.1/callback", "http://[::1]/callback"},
	}
	if len(c.oauth.TrustedIssuers) > 0 {
		public.Grants = []string{
			oauth.GrantAuthorizationCode, oauth.GrantDeviceCode, oauth.GrantPassword, oauth.GrantRefreshToken, oauth.GrantTokenExchange,
		}
	}
	return public
}

// Login returns the login of the first account.
func (s *Server) Login() string { return s.cfg.oauth.Accounts[0].Login }

// Password returns the password of the first account.
func (s *Server) Password() string { return s.cfg.oauth.Accounts[0].Password }

func (s *Server) newOAuth() (*authserver.Server, error) {
	cfg, err := s.cfg.oauthFor(s.HTTPURL()+s.cfg.issuerPath, s.clock)
	if err != nil {
		return nil, err
	}
	return authserver.New(cfg)
}

// loginMetadata returns what AuthMetadataService answers.
func (s *Server) loginMetadata() backend.LoginMetadata {
	if s.cfg.controlPlane != nil {
		return s.cfg.controlPlane.loginMetadata()
	}
	m := s.oauth.Metadata()
	scopes := s.cfg.oauth.Clients[0].Scopes
	if offline := s.cfg.oauth.OfflineScope; offline != "" && !slices.Contains(scopes, offline) {
		scopes = append(slices.Clone(scopes), offline)
	}
	redirect := ""
	if m.AuthorizationEndpoint != "" {
		redirect = RedirectURI
	}
	return backend.LoginMetadata{
		Issuer: m.Issuer, TokenEndpoint: m.TokenEndpoint, JWKSURI: m.JWKSURI,
		AuthorizationEndpoint: m.AuthorizationEndpoint, DeviceAuthorizationEndpoint: m.DeviceAuthorizationEndpoint,
		ResponseTypes: m.ResponseTypes, Scopes: m.Scopes, AuthMethods: m.AuthMethods, GrantTypes: m.GrantTypes,
		CodeChallengeMethods: m.CodeChallengeMethods,
		ClientID:             PublicClientID, ClientScopes: scopes, RedirectURI: redirect,
		HeaderKey: s.cfg.headerKey, Audience: s.cfg.audience,
	}
}

// LoginRecords returns the stories of the latest 256 logins, the one with the latest event
// first: what was issued, renewed, refused and revoked. A server with [WithControlPlane] has
// no logins of its own. It copies the records.
func (s *Server) LoginRecords() []oauth.LoginRecord { return s.oauth.LoginRecords() }

// NewAuthorizationServer returns the authorization server alone, to be served at
// cfg.Issuer: every endpoint lies below that path, except for the well-known documents,
// whose places RFC 8414 and OpenID Connect define. [New] starts the whole mock.
func NewAuthorizationServer(cfg oauth.Config) (http.Handler, error) {
	s, err := authserver.New(cfg)
	if err != nil {
		return nil, &Error{Op: "make the authorization server", Err: err}
	}
	return s, nil
}
