package clientset

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/platform"
)

// Setup is what options, target and environment came to: how a ClientSet connects and logs
// in. It is for programs that examine a connection, as package doctor does. Printing it
// shows the address only; some of its fields lead to secrets.
type Setup struct {
	// Target is the gRPC target; empty without gRPC.
	Target string
	// Host and Port are the backend's; empty if the connection leads to a unix socket, or
	// to addresses that a resolver of the program's finds.
	Host, Port string
	// HTTPBase is the URL in front of the paths of the HTTP API; empty without one.
	HTTPBase string
	// Plaintext reports whether the connection is without TLS.
	Plaintext bool
	// TLS is a copy of the settings for the connection; set with Plaintext too, since the
	// login may use TLS all the same.
	TLS *tls.Config
	// Proxy is the proxy that the connection goes through; nil for none. It may contain a
	// password.
	Proxy *url.URL
	// ProxyFrom is the setting that names Proxy.
	ProxyFrom string
	// OwnDialing reports whether the program has gRPC options, resolvers or an http.Client
	// of its own, which may lead elsewhere than Host and Port.
	OwnDialing bool
	// UserAgent is the user agent of HTTP requests.
	UserAgent string
	// Settings are what the system calls its settings.
	Settings platform.Settings

	// HTTP makes the requests of the login.
	HTTP *http.Client
	// Login reports whether there is a login. Without it the fields below are not set.
	Login bool
	// SharedLogin reports whether the program gave its own Authenticator. The fields below
	// are not set then.
	SharedLogin bool
	// Traits are the traits of the flow.
	Traits auth.Traits
	// Config is where the login finds out how to log in, and AsksBackend whether it asks
	// the backend itself.
	Config      configstore.ClientConfigStore
	AsksBackend bool
	// Store is where the login is stored, under Key; nil for memory.
	Store auth.Store
	Key   auth.Key

	// ProxyLogin reports whether there is a login at a proxy in front of the backend.
	ProxyLogin bool
	// NoCredentials is why calls carry no credentials, which wraps [ErrPlaintext]; nil if
	// they may. PlaintextCredentials reports whether credentials may be sent without TLS.
	NoCredentials        error
	PlaintextCredentials bool
	// Rejected is the target's rule for HTTP answers that reject credentials; nil means
	// status 401.
	Rejected func(sent *http.Request, answer *http.Response) bool
}

// Setup returns how the client connects and logs in; the zero value of [ForConn].
func (c *ClientSet) Setup() Setup {
	s := c.setup
	if s.TLS != nil {
		s.TLS = s.TLS.Clone()
	}
	return s
}

// String returns the address.
func (s Setup) String() string { return "setup for " + s.Target + s.HTTPBase }

// Format is String for every verb.
func (s Setup) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// setupOf describes the connection; setLogin adds the login.
func (c *config) setupOf(e endpoint.Endpoint, n *network, plaintext bool, set *ClientSet) Setup {
	s := Setup{
		Target: e.Target, Host: e.Host, Port: e.Port, HTTPBase: c.httpBase, Plaintext: plaintext, TLS: n.tls,
		OwnDialing: len(c.dial)+len(c.resolvers) > 0,
		UserAgent:  n.agent, Settings: c.names, HTTP: n.http,
		ProxyLogin: c.proxyFlow != nil, NoCredentials: set.guard, PlaintextCredentials: c.plaintextCredentials, Rejected: c.rejected,
	}
	if c.httpOnly {
		s.Target, s.OwnDialing = "", c.dialTCP != nil || c.httpClient != nil
		s.TLS = n.tls.Clone()
		s.TLS.ServerName = "" // that of a gRPC connection
	}
	if proxy := n.proxyInUse(e, plaintext); proxy != nil {
		s.Proxy, _ = n.proxyFor(e.Authority(), plaintext)
		s.ProxyFrom = proxy.From
	}
	return s
}

func setLogin(s *Setup, f auth.Flow, found configstore.ClientConfigStore, asksBackend bool, store auth.Store, key auth.Key) {
	s.Login, s.Traits, s.Config, s.AsksBackend, s.Store, s.Key = true, auth.TraitsOf(f), found, asksBackend, store, key
	if s.Traits.Unstored {
		s.Store = nil
	}
}
