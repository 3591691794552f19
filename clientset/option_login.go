package clientset

import (
	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// WithFlow sets how to log in, such as a flow.ClientCredentials. The default (nil) is
// the API key's or the target's, else flow.Stored, which uses and refreshes a stored
// login and never asks the user. A flow that asks the user needs a [WithPrompter] too.
// If f has a method Check() error, as flow.ClientCredentials, flow.Static and flow.Func
// have, the function that makes the client returns its error.
func WithFlow(f auth.Flow) Option {
	return option(func(c *config) { c.flow = f })
}

// WithAuthenticator uses an Authenticator that the program has already, for example to
// share it between connections. Close does not close it. [WithFlow], [WithCredentials],
// [WithStore] and [WithConfigStore] contradict it; the other options about the main
// login have no effect with it.
func WithAuthenticator(a *auth.Authenticator) Option {
	return option(func(c *config) { c.authenticator = a })
}

// WithoutAuth sends the backend no credentials and never logs in there. Options about
// the main login contradict it; the login at a proxy ([WithProxyFlow]) does not.
func WithoutAuth() Option {
	return option(func(c *config) { c.withoutAuth = true })
}

// WithCredentials starts with credentials that the program obtained by itself. Until
// they expire or are rejected, no token is requested and no store is read; then the flow
// refreshes them like any others.
func WithCredentials(initial *auth.Credentials) Option {
	return option(func(c *config) { c.initial = initial })
}

// WithClientConfig sets by hand what a client must know to log in. Fields that are set
// win over what the backend advertises. If the flow can log in with them alone, the
// backend is not asked, and the other fields stay empty: set Scopes, Audience and
// HeaderKey too where the backend wants certain ones. A flow for machines needs
// TokenEndpoint, one with a browser AuthorizationEndpoint too, the device flow
// DeviceAuthorizationEndpoint; each needs ClientID unless it has one itself. If one of
// them is missing, the backend is asked for what is not set.
func WithClientConfig(cfg configstore.ClientConfig) Option {
	return option(func(c *config) { c.clientConfig = c.clientConfig.WithOverride(cfg) })
}

// WithConfigStore sets where to find out how to log in, such as configstore.Discovery.
// By default (nil) the backend is asked over the same connection, and its answer is
// cached for an hour. The answers of s are not cached: wrap s in configstore.Cached if
// asking it is costly. Fields of [WithClientConfig] still win.
func WithConfigStore(s configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.configStore = s })
}

// WithConfigCache keeps what the backend advertises about logging in for the next process,
// in a file of dir, so that its first call needs two round trips less. An empty dir means
// the user's cache directory. By default nothing is kept. See configstore.Disk for when
// the file is used, and what is checked. With an empty dir nothing is kept about a
// connection that trusts or reaches something of its own: after the options about TLS
// authorities and names, dialers, resolvers, an http.Client, or without TLS. Nothing is
// kept at all where certificates are not verified, or with [WithConfigStore], whose store
// the program can wrap itself.
func WithConfigCache(dir string) Option {
	return option(func(c *config) { c.keepConfig, c.configDir = true, dir })
}

// WithStore stores the main login, and that of [WithProxyFlow], in s. By default a
// user's login is stored in the system's keyring, without one in a file that only its
// owner can read, and that of a machine in memory. A nil s means [WithoutStore].
func WithStore(s auth.Store) Option {
	return option(func(c *config) { c.store, c.withoutStore = s, s == nil })
}

// WithoutStore keeps the login in memory only, and uses none that was stored.
func WithoutStore() Option { return WithStore(nil) }

// WithUser sets whose login it is, where one machine serves several users; empty by
// default. It is part of the key that the login is stored under, and is not sent.
func WithUser(user string) Option {
	return option(func(c *config) { c.user = user })
}

// WithProfile separates several logins of one user at one endpoint; empty by default.
// It is part of the key that the login is stored under, and is not sent.
func WithProfile(profile string) Option {
	return option(func(c *config) { c.profile = profile })
}

// WithPrompter sets how interactive flows show the user what to do, such as the address
// to open. By default there is none, and a login that needs one fails with
// auth.ErrInteractionRequired.
func WithPrompter(p auth.Prompter) Option {
	return option(func(c *config) { c.prompter = p })
}

// WithProxyFlow logs in, beside the main login, at an authenticating proxy in
// front of the backend. Its token is sent as proxy-authorization, unless its
// credentials name another header: with every call, and with those HTTP requests of the
// main login that go to the backend's own host over TLS. It is refreshed when the proxy
// answers 407. cfg is where f finds out how to log in; nil for flows that need no
// configuration, such as a flow.Command. By default there is no such login.
func WithProxyFlow(f auth.Flow, cfg configstore.ClientConfigStore) Option {
	return option(func(c *config) { c.proxyFlow, c.proxyConfig = f, cfg })
}

// WithObserver notifies o of logins, refreshes, waiting calls, rejected tokens and the work of
// the store, for metrics and traces; a login at a proxy in front of the backend is observed
// too. Module github.com/jetway-go/jetway/oteljetway has one for OpenTelemetry. It has no
// effect with [WithAuthenticator]: give auth.WithObserver to that. Nil, the default, observes
// nothing.
func WithObserver(o auth.Observer) Option {
	return option(func(c *config) { c.observer = o })
}
