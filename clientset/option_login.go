package clientset

import (
	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// WithFlow sets how to log in, such as a flow.ClientCredentials. The default (nil)
// is the API key's or the target's, else flow.Stored: use and renew a login that a
// person has made before, ask nobody. A flow that asks a person needs a
// [WithPrompter] too.
func WithFlow(f auth.Flow) Option {
	return option(func(c *config) { c.flow = f })
}

// WithAuthenticator uses a login that the program holds already, for example to
// share it between connections. Close leaves it alone. [WithFlow], [WithCredentials],
// [WithStore] and [WithConfigStore] contradict it; the other options about the main
// login do nothing beside it.
func WithAuthenticator(a *auth.Authenticator) Option {
	return option(func(c *config) { c.authenticator = a })
}

// WithoutAuth sends the backend no credentials and never logs in there. It
// contradicts options that say how; a proxy's login ([WithProxyFlow]) goes on.
func WithoutAuth() Option {
	return option(func(c *config) { c.withoutAuth = true })
}

// WithCredentials starts with credentials that were got elsewhere. Until they end,
// or are rejected, nothing is asked for or looked up; then they are renewed by the
// flow like any other.
func WithCredentials(initial *auth.Credentials) Option {
	return option(func(c *config) { c.initial = initial })
}

// WithClientConfig says by hand what a client must know to log in. Fields that
// are set win over what the backend advertises; the others still come from it.
func WithClientConfig(cfg configstore.ClientConfig) Option {
	return option(func(c *config) { c.clientConfig = c.clientConfig.WithOverride(cfg) })
}

// WithConfigStore takes the place of asking the backend how to log in, which by
// default (nil) happens over the same connection and is remembered for an hour.
// What s answers is not: wrap it in configstore.Cached where asking it is costly.
// Fields of [WithClientConfig] still win.
func WithConfigStore(s configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.configStore = s })
}

// WithStore remembers the main login, and that of [WithProxyFlow], in s. By default
// the login of a person is kept in the system's keyring, without one in a file that
// only its owner can read, and that of a machine in memory. Nil is [WithoutStore].
func WithStore(s auth.Store) Option {
	return option(func(c *config) { c.store, c.withoutStore = s, s == nil })
}

// WithoutStore keeps the login in memory only, and uses none that was stored.
func WithoutStore() Option { return WithStore(nil) }

// WithUser says whose login it is, where one machine serves several people; empty by
// default. It is part of the name that the login is stored under, and is not sent.
func WithUser(user string) Option {
	return option(func(c *config) { c.user = user })
}

// WithProfile keeps several logins of one person at one endpoint apart; empty by
// default. It is part of the name that the login is stored under, and is not sent.
func WithProfile(profile string) Option {
	return option(func(c *config) { c.profile = profile })
}

// WithPrompter is what interactive flows show a person their instructions with, such
// as the address to open. By default there is none, and a login that needs one ends
// with auth.ErrInteractionRequired.
func WithPrompter(p auth.Prompter) Option {
	return option(func(c *config) { c.prompter = p })
}

// WithProxyFlow logs in, beside the main login, at an authenticating proxy in
// front of the backend. Its token travels as proxy-authorization, unless its
// credentials name another header: with every call, and with those HTTP requests
// of the main login that go to the backend's own host over TLS. It is replaced
// when the proxy answers 407. The configuration is what f needs to know; nil for
// flows that need nothing, such as a flow.Command. By default there is no such login.
func WithProxyFlow(f auth.Flow, cfg configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.proxyFlow, c.proxyConfig = f, cfg })
}
