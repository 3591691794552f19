// Package platform describes how to connect to a backend: its address, how to log in
// there, and as which user.
//
// A [Resolver] reads one system's conventions (environment variables, mounted files, a
// discovery service) and returns a [Target]. Call clientset.For to make a client from
// it; options of that call win over the target. The packages below this one have a
// resolver for each of five systems.
package platform

import (
	"context"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Target is where and how to connect. The zero value of a field means that the system
// does not set it; Endpoint, HTTPBase or both are required. A Target is printed without
// its secrets.
type Target struct {
	// Endpoint is the backend's gRPC address, in any form that clientset.ForEndpoint
	// takes; empty for a system without gRPC.
	Endpoint string
	// HTTPBase is the URL in front of the paths of the backend's HTTP API, such as
	// https://hub.example.com/jupyter/hub/api; empty for a system without one.
	HTTPBase string
	// Console is the URL of the backend's web console, where it is not at the Endpoint's
	// host; see clientset.WithConsole.
	Console string
	// Origins are further servers that HTTP requests may carry credentials to, beside
	// that of HTTPBase: scheme, host and port, such as https://ada.hub.example.com. No
	// redirect and no answer of a server adds to them.
	Origins []string
	// Rejected reports whether an HTTP answer rejects the credentials of the request as it
	// was sent; nil means status 401. Package interceptors/httpauth has rules for
	// JupyterHub's 403 and for proxies with a login page.
	Rejected func(sent *http.Request, answer *http.Response) bool
	// Flow is how to log in; nil means that the program chooses.
	Flow auth.Flow
	// Config holds the OAuth settings that the system prescribes; fields that are set
	// win over those that the backend advertises.
	Config configstore.ClientConfig
	// User is the user who logs in, where one machine serves several people. Stored
	// logins of different users are kept apart.
	User string
	// Org is the organization at the backend, where the backend serves several.
	Org string
	// Insecure connects without TLS. An Endpoint with https:// contradicts it.
	Insecure bool
	// InsecureSkipVerify accepts any certificate, and is logged as a warning.
	InsecureSkipVerify bool
	// CAFile names a PEM file of certificates to trust beside the system's, unless
	// the program names files of its own.
	CAFile string
	// ProxyURL is an HTTP proxy for the connection, for logging in and for discovery,
	// with http:// or https://, unless the program names one. It may contain a password.
	ProxyURL string
	// ProxyFlow logs in at an authenticating proxy in front of the backend; nil means
	// that there is none. It must be a flow that needs no configuration.
	ProxyFlow auth.Flow
	// PlaintextCredentials is set where the system's documented default is to send
	// credentials without TLS, inside a cluster for example. If it is not set,
	// credentials are sent without TLS to this machine only, unless the program
	// allows more.
	PlaintextCredentials bool
	// NoKeyring stores a person's login outside of the operating system's keyring.
	NoKeyring bool
	// Settings are the system's own names of its settings, for the errors of a client.
	Settings Settings
	// ExpirySkew is how long before its expiry an access token is no longer used; zero
	// means auth's default. It does not apply to an Authenticator that the program
	// provides.
	ExpirySkew time.Duration
}

// Resolver reads one system's conventions and returns the [Target] that they describe.
// The packages below this one have one for each of five systems; a program can
// implement its own. clientset.For calls Resolve once for each client that it makes. If
// the Resolver has a method WithLogger(*slog.Logger) Resolver, clientset.For calls it
// before, with the logger of the client, and resolves with what it returns.
type Resolver interface {
	// Resolve returns the target. It makes its HTTP requests with hc, which has
	// the program's TLS and proxy settings, and returns when ctx ends. The error names
	// the variable, file or URL that is missing or wrong, and contains no secret.
	Resolve(ctx context.Context, hc *http.Client) (Target, error)
}

// ResolverFunc makes a [Resolver] of a function.
type ResolverFunc func(ctx context.Context, hc *http.Client) (Target, error)

// Resolve calls f, which must not be nil.
func (f ResolverFunc) Resolve(ctx context.Context, hc *http.Client) (Target, error) {
	return f(ctx, hc)
}
