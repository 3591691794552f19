// Package clientset connects a program to a backend: one authenticated gRPC
// connection and the stubs of every service on it.
//
// [ForEndpoint] and [ForAPIKey] make a [ClientSet] without any network traffic; [For]
// makes one with the requests that its resolver sends. Connecting, discovery and
// logging in happen inside the first call, under its deadline. From then on calls carry
// an access token that is refreshed before it expires, and a call that the server
// rejects is made once more with a new one. Calls without side effects are also
// repeated after a transient error, and an error in connecting says what to do about
// it. A ClientSet is itself a grpc.ClientConnInterface, so that any other generated
// stub can use the same connection:
//
//	cs, err := clientset.ForEndpoint("flyte.example.com", clientset.WithFlow(f))
//	if err != nil {
//		return err
//	}
//	defer cs.Close()
//	project, err := cs.Project().GetProject(ctx, req)
//
// A backend with an HTTP API, beside gRPC or instead of it, is called by
// [ClientSet.HTTPClient], with the same login; [ClientSet.HTTPConn] is for generated stubs
// where only HTTP gets through to a gRPC service.
//
// Without [WithFlow] the ClientSet uses a stored login of the user; it opens a browser
// only if the program gives a flow that does.
package clientset

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/advice"
	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/platform"
)

// ClientSet is one connection to a backend, its login and its services. Make one with
// [ForEndpoint], [ForAPIKey], [For] or [ForConn]. HTTPClient and HTTPConn have the same
// login for backends with an HTTP API.
//
// It is safe for concurrent use; one serves a whole program. Call Close or Shutdown
// when done.
type ClientSet struct {
	services

	endpoint   endpoint.Endpoint
	org        string
	cc         grpc.ClientConnInterface // what calls are made on
	conn       *grpc.ClientConn         // the same; nil when the program gave its own
	http       *http.Client             // nil when the program gave its own
	web        *web                     // the HTTP API; nil of ForConn
	httpOnly   bool                     // there is no gRPC API
	clusters   *clusters                // where calls on data go; nil: all go to conn
	console    atomic.Pointer[Console]  // nil: not known yet
	badConsole error                    // why the target's cannot be used; nil: it can, or there is none
	auth       *auth.Authenticator      // nil: no login
	owned      []*auth.Authenticator
	guard      error // why credentials cannot be sent; nil: they can

	setup Setup

	// What errors say.
	names            platform.Settings
	proxy            *advice.Proxy // nil: none
	plaintext        bool
	plaintextAllowed bool                    // credentials may be sent without TLS
	asks             bool                    // the flow asks a person
	mute             bool                    // it would, if there were a Prompter
	trouble          atomic.Pointer[trouble] // the last; nil: none yet
	login            *loginWatch             // nil: there is no login
	handshakes       handshakes
	otherLogin       *otherLogin // nil: no login of ours

	gate      gate
	streams   streams
	connected atomic.Bool
	hurried   atomic.Pointer[time.Time] // when a call last had the connection attempted at once
	closed    chan struct{}             // closed by Close
	closeOnce sync.Once
	closeErr  error
}

var _ grpc.ClientConnInterface = (*ClientSet)(nil)

// Endpoint returns the backend's address: host:port, or the gRPC target where
// there is no host.
func (c *ClientSet) Endpoint() string { return c.endpoint.String() }

// String describes the client without any secret.
func (c *ClientSet) String() string { return "client set for " + c.Endpoint() }

// Format is String for every verb.
func (c *ClientSet) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// Org returns the organization that the API key, or the target of a resolver,
// names; empty without one.
func (c *ClientSet) Org() string { return c.org }

// Authenticator returns what holds the login: Inspect reads the stored one, Status
// describes the one that this process holds (none before its first call), Logout ends
// it. It is nil after [WithoutAuth] and of [ForConn].
func (c *ClientSet) Authenticator() *auth.Authenticator { return c.auth }

// Login logs in now instead of within the first call. An interactive flow asks the
// user here, so give ctx a deadline of minutes. The error is an [*Error]; it wraps
// [configstore.ErrNoLogin] if the backend advertises no login, and then calls need
// none.
//
// A flow that has its token already, such as a flow.Static, sends no request: only the
// first call shows whether the backend accepts that token.
func (c *ClientSet) Login(ctx context.Context) error {
	switch {
	case c.conn == nil && !c.httpOnly:
		return c.fail(opLogin, errors.New("this client was made by ForConn and does not log in; its connection has its own credentials, or none"))
	case c.auth == nil:
		return c.fail(opLogin, errors.New("this client was made with WithoutAuth"))
	case c.guard != nil:
		return c.fail(opLogin, c.guard)
	case !c.gate.enter():
		return c.fail(opLogin, ErrClosed)
	}
	defer c.gate.leave()
	c.connect(nil)
	if err := c.auth.Login(ctx); err != nil {
		return c.fail(opLogin, c.cause(ctx, operation{op: opLogin}, err))
	}
	return nil
}

// Shutdown refuses new calls with [ErrClosed], waits until calls and streams
// under way have ended, HTTP answers included, and closes. If ctx ends first it closes all the same, which
// ends them, and the error wraps that of ctx. With no call under way it ignores ctx.
func (c *ClientSet) Shutdown(ctx context.Context) error {
	empty := c.gate.drain()
	c.streams.watch()
	select {
	case <-empty:
	default:
		select {
		case <-empty:
		case <-ctx.Done():
			return errors.Join(c.fail("shutdown", ctx.Err()), c.Close())
		}
	}
	return errors.Join(c.clusters.shutdown(ctx), c.Close())
}

// Close ends calls, streams and HTTP requests under way, refuses new ones with [ErrClosed] and
// releases everything: connections, timers, goroutines. If a stored login is being
// refreshed, it waits for the response, three seconds at most; see
// [auth.Authenticator.Close]. It does not close an Authenticator given with
// [WithAuthenticator], an http.Client given with [WithHTTPClient], or the connection
// given to [ForConn], on which calls under way go on. Calling it again does nothing.
func (c *ClientSet) Close() error {
	c.closeOnce.Do(func() {
		close(c.closed)
		c.gate.drain()
		var errs []error
		if c.conn != nil {
			errs = append(errs, c.conn.Close()) // first: a login may take a while to end
		}
		errs = append(errs, c.clusters.close())
		if c.web != nil {
			c.web.conns.closeAll()
		}
		errs = append(errs, c.closeLogins())
		if c.http != nil {
			c.http.CloseIdleConnections()
		}
		if err := errors.Join(errs...); err != nil {
			c.closeErr = c.fail("close", err)
		}
	})
	return c.closeErr
}

// closeLogins closes the Authenticators that were made here, the proxy's last: others may
// go through it.
func (c *ClientSet) closeLogins() error {
	var errs []error
	for _, a := range slices.Backward(c.owned) {
		errs = append(errs, a.Close())
	}
	return errors.Join(errs...)
}

func (c *ClientSet) isClosed() bool {
	select {
	case <-c.closed:
		return true
	default:
		return false
	}
}

func (c *ClientSet) fail(op string, err error) *Error {
	return &Error{Op: op, Endpoint: c.Endpoint(), Err: err}
}
