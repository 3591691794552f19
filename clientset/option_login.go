package clientset

import (
	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// WithFlow sets how to log in, such as a flow.ClientCredentials. The default is
// flow.Stored: use and renew a login that a person has made before, ask nobody.
func WithFlow(f auth.Flow) Option {
	return option(func(c *config) { c.flow = f })
}

// WithAuthenticator uses a login that the program holds already, for example to
// share it between connections. Close leaves it alone. It excludes every other
// option about the main login.
func WithAuthenticator(a *auth.Authenticator) Option {
	return option(func(c *config) { c.authenticator = a })
}

// WithoutAuth sends no credentials and never logs in.
func WithoutAuth() Option {
	return option(func(c *config) { c.withoutAuth = true })
}

// WithCredentials starts with credentials that were got elsewhere. They are
// renewed by the flow like any other.
func WithCredentials(initial *auth.Credentials) Option {
	return option(func(c *config) { c.initial = initial })
}

// WithClientConfig says by hand what a client must know to log in. Fields that
// are set win over what the backend advertises; the others still come from it.
func WithClientConfig(cfg configstore.ClientConfig) Option {
	return option(func(c *config) { c.clientConfig = c.clientConfig.WithOverride(cfg) })
}

// WithConfigStore takes the place of asking the backend how to log in, which by
// default happens over the same connection and is remembered for an hour.
func WithConfigStore(s configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.configStore = s })
}

// WithStore remembers the login in s. By default the login of a person is kept in
// a file that only its owner can read, and that of a machine in memory.
func WithStore(s auth.Store) Option {
	return option(func(c *config) { c.store, c.withoutStore = s, s == nil })
}

// WithoutStore keeps the login in memory only, and uses none that was stored.
func WithoutStore() Option { return WithStore(nil) }

// WithUser says whose login it is, where one machine serves several people.
func WithUser(user string) Option {
	return option(func(c *config) { c.user = user })
}

// WithProfile keeps several logins of one person at one endpoint apart.
func WithProfile(profile string) Option {
	return option(func(c *config) { c.profile = profile })
}

// WithPrompter is what interactive flows show a person their instructions with.
func WithPrompter(p auth.Prompter) Option {
	return option(func(c *config) { c.prompter = p })
}

// WithProxyFlow logs in, beside the main login, at an authenticating proxy in
// front of the backend. Its token travels as proxy-authorization, unless its
// credentials name another header: with every call, and with those HTTP requests
// of the main login that go to the backend's own host over TLS. It is replaced
// when the proxy answers 407. The configuration is what f needs to know; nil for
// flows that need nothing, such as a flow.Command.
func WithProxyFlow(f auth.Flow, cfg configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.proxyFlow, c.proxyConfig = f, cfg })
}
