package clientset

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/endpoint"
)

// configTTL is how long the backend's answer on how to log in is cached. It is
// fetched again earlier when the authorization server rejects the client ID in it.
const configTTL = time.Hour

// newAuthenticator makes the main login.
func (c *config) newAuthenticator(
	e endpoint.Endpoint, hc *http.Client, found configstore.ClientConfigStore, store auth.Store,
) *auth.Authenticator {
	f := c.mainFlow()
	env := auth.Env{
		Endpoint:  e.String(),
		Config:    found,
		Plaintext: c.plaintextCredentials,
		HTTP:      hc,
		Prompter:  c.prompter,
		Logger:    c.logger,
	}
	opts := []auth.Option{
		auth.WithLogger(c.logger), auth.WithExpirySkew(c.expirySkew), auth.WithScope(strings.Join(c.clientConfig.Scopes, " ")),
		auth.WithObserver(c.observer),
	}
	if c.initial != nil {
		opts = append(opts, auth.WithInitial(c.initial))
	}
	if store != nil {
		opts = append(opts, auth.WithStore(store))
	}
	return auth.New(c.key(e, f), f, env, opts...)
}

// configFrom returns where a login finds out what the program does not set itself.
func (c *config) configFrom(e endpoint.Endpoint, n *network, conn *connection, plaintext bool) configstore.ClientConfigStore {
	borrowHTTP(c.configStore, n.http)
	found, tokens := c.configStore, c.clientConfig.TokenEndpoint
	switch {
	case found == nil:
		found = warming(configstore.Remote(conn), n, cmp.Or(tokens, e.HTTPBase(plaintext)), conn.closed)
		if c.keepConfig && !n.tls.InsecureSkipVerify && (c.configDir != "" || c.isOrdinary(plaintext)) {
			address := e.HTTPBase(plaintext)
			if address == "" || strings.HasPrefix(e.Target, "passthrough:") {
				address = e.Target
			}
			found = configstore.Disk(found, address, c.configDir)
		}
		found = configstore.Cached(found, configTTL)
	case tokens != "":
		found = warming(found, n, tokens, conn.closed)
	}
	if c.plaintextCredentials {
		found = configstore.AllowPlaintext(found, e.Host)
	}
	return found
}

// isOrdinary reports whether a connection trusts and reaches what all programs of this
// user do, so that what it finds out may serve them all.
func (c *config) isOrdinary(plaintext bool) bool {
	t := &c.tls
	return !plaintext && t.base == nil && len(t.extra)+len(t.exclusive)+len(t.pems) == 0 && t.serverName == "" &&
		c.httpClient == nil && len(c.dial)+len(c.resolvers) == 0
}

func (c *config) mainFlow() auth.Flow {
	if c.flow == nil {
		return flow.Stored{}
	}
	return c.flow
}

// person reports whether the main login asks a person, or would if there were a
// Prompter.
func (c *config) person() (asks, mute bool) {
	if _, stored := c.flow.(flow.Stored); stored || c.flow == nil || !auth.TraitsOf(c.flow).Interactive {
		return false, false
	}
	return c.prompter != nil, c.prompter == nil
}

// borrowHTTP has a configstore.Discovery without a client use ours.
func borrowHTTP(s configstore.ClientConfigStore, hc *http.Client) {
	if b, ok := s.(configstore.HTTPBorrower); ok {
		b.BorrowHTTP(hc)
	}
}

// proxyAuthenticator makes the login at a proxy in front of the backend.
func (c *config) proxyAuthenticator(e endpoint.Endpoint, n *network) *auth.Authenticator {
	borrowHTTP(c.proxyConfig, n.http)
	env := auth.Env{
		Endpoint: e.String(), Config: c.proxyConfig, Plaintext: c.plaintextCredentials, HTTP: n.http, Prompter: c.prompter, Logger: c.logger,
	}
	if c.plaintextCredentials && env.Config != nil {
		env.Config = configstore.AllowPlaintext(env.Config, e.Host)
	}
	opts := []auth.Option{auth.WithLogger(c.logger), auth.WithObserver(c.observer)}
	if s := c.storeFor(c.proxyFlow); s != nil {
		opts = append(opts, auth.WithStore(s))
	}
	key := c.key(e, c.proxyFlow)
	key.ClientID, key.Audience = "", "" // those of the main login; the flow may have its own
	key.Profile = strings.TrimSuffix("proxy/"+c.profile, "/")
	return auth.New(key, c.proxyFlow, env, opts...)
}

// key names the login in stores: by the client and the audience that the flow, the API key,
// an option or the target sets. What discovery finds is not known yet and is no part of it.
func (c *config) key(e endpoint.Endpoint, f auth.Flow) auth.Key {
	traits := auth.TraitsOf(f)
	return auth.Key{
		Endpoint: e.Key,
		ClientID: cmp.Or(traits.ClientID, c.clientID, c.clientConfig.ClientID),
		Audience: cmp.Or(traits.Audience, c.clientConfig.Audience),
		Flow:     traits.Name,
		User:     c.user,
		Profile:  c.profile,
	}
}

// storeFor picks where a login is stored. A person's outlives the program, since it
// costs that person's time. A machine's does not: a new token costs one request, and
// what one program stored must not become the identity of another.
func (c *config) storeFor(f auth.Flow) auth.Store {
	if c.withoutStore || c.store != nil {
		return c.store
	}
	if t := auth.TraitsOf(f); t.Interactive || t.FileStorable {
		return tokenstore.Default(t, tokenstore.Config{NoKeyring: c.noKeyring, Logger: c.logger})
	}
	return nil
}
