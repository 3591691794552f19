// Package platform describes what a client must know of a system beyond its
// address: where its conventions say the backend is, how one logs in there, and
// as whom.
//
// A [Resolver] reads one system's conventions (environment variables, mounted
// files, a discovery service) and returns a [Target]; clientset.For makes a
// client of it. Whatever the program says explicitly wins over the target.
package platform

import (
	"context"
	"net/http"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/configstore"
)

// Target is where and how to connect. The zero value of every field but Endpoint
// means that the system says nothing about it. It is printed without its secrets.
type Target struct {
	// Endpoint is the backend's address, in any form that clientset.ForEndpoint
	// takes. Required.
	Endpoint string
	// Flow is how to log in; nil leaves the choice to the program.
	Flow auth.Flow
	// Config is what the system says about its login; set fields win over what
	// the backend advertises.
	Config configstore.ClientConfig
	// User is whose login it is, where one machine serves several people. It
	// keeps their stored logins apart.
	User string
	// Org is the organization at the backend, where one serves several.
	Org string
	// Insecure connects without TLS. An Endpoint with https:// contradicts it.
	Insecure bool
	// InsecureSkipVerify accepts any certificate, and is logged as a warning.
	InsecureSkipVerify bool
	// CAFile names a PEM file of certificates to trust beside the system's, unless
	// the program names files of its own.
	CAFile string
	// ProxyURL is an HTTP proxy for the connection, logging in and discovery, with
	// http:// or https://, unless the program names one. It may hold a password.
	ProxyURL string
	// ProxyFlow logs in at an authenticating proxy in front of the backend; nil for
	// none. It must be one that needs no configuration.
	ProxyFlow auth.Flow
	// PlaintextCredentials is set where the system's documented default is to send
	// credentials without TLS, inside a cluster for example. Without it they stay
	// on this machine unless the program says otherwise.
	PlaintextCredentials bool
	// NoKeyring keeps a person's login out of the platform's keyring.
	NoKeyring bool
	// ExpirySkew is how long before its expiry a credential is no longer used; zero
	// means auth's default. A program that brings its own Authenticator keeps that
	// as it is.
	ExpirySkew time.Duration
}

// Resolver reads one system's conventions and finds the [Target] that they come to.
// Those of the systems that are known are in the packages below this one; a program
// can write its own. clientset.For calls Resolve once, and never again for the client
// that it makes.
type Resolver interface {
	// Resolve returns the target. It makes its HTTP requests with hc, which has
	// the program's TLS and proxy settings, and honours ctx. The error says which
	// variable, file or URL was missing or wrong, and shows no secret.
	Resolve(ctx context.Context, hc *http.Client) (Target, error)
}

// ResolverFunc is a function as a [Resolver].
type ResolverFunc func(ctx context.Context, hc *http.Client) (Target, error)

// Resolve calls f, which must not be nil.
func (f ResolverFunc) Resolve(ctx context.Context, hc *http.Client) (Target, error) {
	return f(ctx, hc)
}
