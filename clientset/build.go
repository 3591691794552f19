package clientset

import (
	"context"
	"errors"
	"os"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/interceptors"
	"github.com/jetway-go/jetway/internal/apikey"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/platform"
)

// apiKeyVariable is the environment variable in which Flyte's tools expect an API key.
const apiKeyVariable = "FLYTE_API_KEY"

// ForEndpoint makes a client for an address: a host with or without a port,
// https:// or http:// (which means no TLS), or a gRPC target such as dns:///host
// or unix:/path. The port is 443 by default, 80 for http://. With [WithHTTPBase] it may be
// empty, for a backend without gRPC.
//
// It neither dials nor fetches anything, so it does not find out whether there is a
// backend; it reads certificate files, and checks that the flow lacks no setting, such as
// the client ID and the secret of a flow.ClientCredentials. The error is an [*Error].
func ForEndpoint(address string, opts ...Option) (*ClientSet, error) {
	return newConfig(opts).build(nil, platform.Target{Endpoint: address})
}

// ForAPIKey makes a client from a Flyte API key, which holds the address and an
// OAuth client to log in as. An empty key means the one in FLYTE_API_KEY. Options
// win over the key. The error is an [*Error] and never shows the key.
func ForAPIKey(key string, opts ...Option) (*ClientSet, error) {
	if key == "" {
		key = os.Getenv(apiKeyVariable)
	}
	k, err := apikey.Decode(key)
	if err != nil {
		return nil, &Error{Op: opConfigure, Err: err}
	}
	c := newConfig(opts)
	c.org = k.Org
	if c.flow == nil && c.authenticator == nil {
		c.clientID = k.ClientID
	}
	return c.build(nil, platform.Target{
		Endpoint: k.Endpoint,
		Flow:     flow.ClientCredentials{ClientID: k.ClientID, Secret: flow.SecretValue(k.Secret.Reveal())},
	})
}

// For makes a client for the target that a resolver returns. The resolver may use the
// network, under ctx; nothing else here does. A resolver of this module without a Logger
// of its own logs to that of [WithLogger]. The error is an [*Error].
func For(ctx context.Context, r platform.Resolver, opts ...Option) (*ClientSet, error) {
	c := newConfig(opts)
	n, err := newNetwork(c)
	if err != nil {
		return nil, &Error{Op: opConfigure, Err: err}
	}
	target, err := c.resolve(ctx, r, n)
	if err != nil {
		n.release()
		return nil, &Error{Op: "resolve", Err: err}
	}
	if c.underlayNetwork(target) {
		n.release()
		n = nil
	}
	return c.build(n, target)
}

// build makes the client; n may be nil.
func (c *config) build(n *network, t platform.Target) (_ *ClientSet, err error) {
	defer func() {
		if err != nil {
			n.release()
			err = &Error{Op: opConfigure, Err: err}
		}
	}()
	c.underlay(t)
	if err := c.check(); err != nil {
		return nil, err
	}
	e, err := c.place(t.Endpoint)
	if err != nil {
		return nil, err
	}
	plaintext, err := c.plaintext(e)
	if err != nil {
		return nil, err
	}
	if n == nil {
		if n, err = newNetwork(c); err != nil {
			return nil, err
		}
	}
	return c.assemble(e, n, plaintext)
}

// assemble puts the parts together: discovery uses the connection, login uses
// discovery, and the connection's interceptors use login.
func (c *config) assemble(e endpoint.Endpoint, n *network, plaintext bool) (*ClientSet, error) {
	set := &ClientSet{
		endpoint: e, org: c.org, httpOnly: c.httpOnly, names: c.names, login: &loginWatch{},
		plaintext: plaintext, plaintextAllowed: c.plaintextCredentials, gate: newGate(), closed: make(chan struct{}),
	}
	if n.own {
		set.http = n.http
	}
	set.guard = c.guard(e, plaintext)
	if err := set.setConsole(c); err != nil {
		return nil, err
	}
	set.setup = c.setupOf(e, n, plaintext, set)
	conn := &connection{closed: set.closed}
	var proxy *auth.Authenticator
	if c.proxyFlow != nil {
		proxy = c.proxyAuthenticator(e, n)
		set.owned = append(set.owned, proxy)
		n = n.behind(proxy, e, c.plaintextCredentials)
	}
	switch {
	case c.withoutAuth:
	case c.authenticator != nil:
		set.auth, set.setup.Login, set.setup.SharedLogin = c.authenticator, true, true
	default:
		store := c.storeFor(c.mainFlow())
		found := configstore.Overlay(c.configFrom(e, n, conn, plaintext), c.clientConfig)
		set.auth = c.newAuthenticator(e, set.login.watch(n.http), found, store)
		setLogin(&set.setup, c.mainFlow(), found, c.configStore == nil, store, c.key(e, c.mainFlow()))
		set.asks, set.mute = c.person()
		set.otherLogin = &otherLogin{store: store, key: c.key(e, c.mainFlow()), names: e.OtherNames()}
		set.owned = append(set.owned, set.auth)
	}

	opts := c.interceptorOptions(set, proxy)
	if err := c.assembleHTTP(set, n, proxy); err != nil {
		return nil, errors.Join(err, set.closeLogins())
	}
	if set.httpOnly {
		set.cc = refusingConn{set.fail(opCall, ErrNoGRPC)}
		set.services = newServices(set)
		return set, nil
	}
	main := c.source(set)
	if err := c.dialGRPC(set, n, main, opts); err != nil {
		return nil, errors.Join(err, set.closeLogins())
	}
	conn.ClientConn = set.conn
	set.services = newServices(set)
	if !c.withoutRouting {
		set.clusters = c.newClusters(set, n, main, proxy)
	}
	return set, nil
}

// dialGRPC gives set its connection, whose calls get their token from main.
func (c *config) dialGRPC(set *ClientSet, n *network, main interceptors.Source, opts []interceptors.Option) error {
	target, dial, err := c.options(set.endpoint, n, set.plaintext, &set.handshakes)
	if err != nil {
		return err
	}
	set.proxy = n.proxyInUse(set.endpoint, set.plaintext)
	unary, stream := interceptors.ClientAuth(main, opts...)
	set.conn, err = grpc.NewClient(target, append(dial, // innermost: after all interceptors of the program's
		grpc.WithChainUnaryInterceptor(unary), grpc.WithChainStreamInterceptor(stream))...)
	set.cc = set.conn
	return err
}

// guard returns why credentials cannot be sent to e; nil if they can.
func (c *config) guard(e endpoint.Endpoint, plaintext bool) error {
	if plaintext && !e.Local && !c.plaintextCredentials {
		return ErrPlaintext
	}
	return nil
}

// source is where calls get their token from; nil for none. Where credentials must
// not be sent, a login that would wait for the server to reject the call is left out:
// calls that the server accepts without a token still work.
func (c *config) source(set *ClientSet) interceptors.Source {
	switch {
	case set.auth == nil:
		return nil
	case set.guard != nil && c.authenticator == nil && (c.flow == nil || auth.TraitsOf(c.flow).Interactive):
		return nil
	default:
		return set.auth
	}
}

func (c *config) interceptorOptions(set *ClientSet, proxy *auth.Authenticator) []interceptors.Option {
	opts := []interceptors.Option{interceptors.WithLogger(c.logger)}
	if !c.withoutRequestID {
		opts = append(opts, interceptors.WithRequestID())
	}
	for _, m := range c.metadata {
		opts = append(opts, m)
	}
	if r := transientRetry(c.retries, set); r != nil {
		opts = append(opts, interceptors.WithRetry(r))
	}
	if proxy != nil {
		opts = append(opts, interceptors.WithProxySource(proxy))
	}
	if set.guard != nil {
		guard := set.fail(opCall, set.guard)
		opts = append(opts, interceptors.WithTransportGuard(func() error { return guard }))
	}
	return opts
}
