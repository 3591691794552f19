package mockserver

import (
	"crypto/rand"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	// DefaultLogin is the person of a server without [WithAccount]; the password
	// is [Server.Password].
	DefaultLogin = "ada"
	// RedirectURI is what AuthMetadataService names to clients. The public client
	// may use any port of 127.0.0.1, [::1] and localhost, with path /callback.
	RedirectURI = "http://localhost:53593/callback"
)

// publicClient may do what programs on people's machines do, and what workloads
// without a secret do.
func (c *config) publicClient() oauth.Client {
	public := oauth.Client{
		ID: PublicClientID, Scopes: c.clients[0].Scopes,
		RedirectURIs: []string{RedirectURI, "http://127.0.0.1/callback", "http://[::1]/callback"},
	}
	if len(c.oauth.TrustedIssuers) > 0 {
		public.Grants = []string{
			oauth.GrantAuthorizationCode, oauth.GrantDeviceCode, oauth.GrantPassword, oauth.GrantRefreshToken, oauth.GrantTokenExchange,
		}
	}
	return public
}

// completeLogin gives a server a person who can log in.
func (c *config) completeLogin() {
	if len(c.oauth.Accounts) == 0 {
		c.oauth.Accounts = []oauth.Account{{
			Login: DefaultLogin, Password: rand.Text(),
			Claims: map[string]any{"name": "Ada", "email": "ada@example.com"},
		}}
	}
}

// WithAccount adds a person who can log in; the first one takes the place of
// [DefaultLogin].
func WithAccount(a oauth.Account) Option {
	return optionFunc(func(c *config) { c.oauth.Accounts = append(c.oauth.Accounts, a) })
}

// WithAutoApprove lets the person of that login log in and agree without any page:
// the authorization endpoint redirects at once, and device codes are approved as
// they are made.
func WithAutoApprove(login string) Option {
	return optionFunc(func(c *config) { c.oauth.AutoApprove = login })
}

// WithGrants is which grant types the server has, such as "authorization_code";
// without it, all. Endpoints and metadata follow.
func WithGrants(grants ...string) Option {
	return optionFunc(func(c *config) { c.oauth.Grants = grants })
}

// WithQuirks gives the authorization server habits of real ones, such as those of
// oauth.DexQuirks.
func WithQuirks(quirks ...oauth.Quirk) Option {
	return optionFunc(func(c *config) { c.oauth.Quirks = append(c.oauth.Quirks, quirks...) })
}

// WithRotationGrace is for how long a refresh token can be used again after its
// first use; by default using it again ends the login at once.
func WithRotationGrace(d time.Duration) Option {
	return optionFunc(func(c *config) { c.oauth.RotationGrace = d })
}

// WithOfflineScope is a scope, such as "offline_access", without which people's
// logins get no refresh token. Every client may ask for it.
func WithOfflineScope(scope string) Option {
	return optionFunc(func(c *config) { c.oauth.OfflineScope = scope })
}

// WithTrustedIssuer lets tokens of another issuer be exchanged (RFC 8693), by the
// public client too.
func WithTrustedIssuer(t oauth.TrustedIssuer) Option {
	return optionFunc(func(c *config) { c.oauth.TrustedIssuers = append(c.oauth.TrustedIssuers, t) })
}

// WithDeviceTimes sets the life of device codes and the time between polls, both
// in whole seconds; zero keeps the default of ten minutes and five seconds.
func WithDeviceTimes(ttl, interval time.Duration) Option {
	return optionFunc(func(c *config) { c.oauth.DeviceTTL, c.oauth.DeviceInterval = ttl, interval })
}

// WithCodeTTL is how long authorization codes live, in whole seconds; the default
// is a minute.
func WithCodeTTL(ttl time.Duration) Option {
	return optionFunc(func(c *config) { c.oauth.CodeTTL = ttl })
}

// Login is the login of the first person.
func (s *Server) Login() string { return s.cfg.oauth.Accounts[0].Login }

// Password is the password of the first person.
func (s *Server) Password() string { return s.cfg.oauth.Accounts[0].Password }
