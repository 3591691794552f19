package nublado

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

// Client works with one user's lab as rubin.nublado.client does: it logs in to the hub and
// the lab, starts and stops the lab, runs notebooks and code in it. Make one with
// [NewClient] for each user; cookies and XSRF values are never shared. It is safe for
// concurrent use. Errors are [*APIError].
//
// The first call that needs it logs in, and a later [Client.AuthToHub] begins anew. Nothing
// is repeated but what the http.Client repeats, and there is no time limit but that of the
// context and of the http.Client.
type Client struct {
	hc    http.Client
	where place
	wrong error // in the arguments of NewClient

	idle        time.Duration // of the progress stream
	pause       time.Duration // between two questions
	maxNotebook int64

	login   chan struct{} // holds a value while a login is under way
	current atomic.Pointer[visit]
}

const (
	defaultNotebook = 64 << 20
	// cleanupTime is how long it may take to delete a session that cannot be used.
	cleanupTime = 2 * time.Second
)

// NewClient returns a client for the user at base, the address of Nublado. The http.Client
// attaches the token of that user; with a ClientSet from a [Resolver] call
//
//	nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), "ada")
//
// Its Jar and CheckRedirect are not used, and its Timeout does not apply to
// [Client.Progress], [Client.RunNotebook] and sessions. A base or a user that is not valid
// is the error of every call.
func NewClient(hc *http.Client, base, user string, opts ...ClientOption) *Client {
	c := &Client{
		idle: 30 * time.Second, pause: time.Second, maxNotebook: defaultNotebook,
		login: make(chan struct{}, 1),
	}
	if hc != nil {
		c.hc = *hc
	}
	c.hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c.where, c.wrong = newPlace(base, user)
	for _, o := range opts {
		o.apply(c)
	}
	return c
}

// ClientOption changes a [Client].
type ClientOption interface{ apply(*Client) }

type clientOption func(*Client)

func (o clientOption) apply(c *Client) { o(c) }

// WithUserSubdomains says that a user's lab may be at a host of its own, such as
// ada.nb.example.com; set it together with [Resolver.UserSubdomains], which lets the token
// go there. Where the lab is, the hub's redirects say.
func WithUserSubdomains() ClientOption {
	return clientOption(func(c *Client) {
		if c.wrong == nil {
			c.where.labs, c.wrong = subdomains(c.where.base, c.where.user)
		}
	})
}

// WithMaxNotebook sets how long the answer of [Client.RunNotebook] may be, in bytes. The
// default is 64 MiB.
func WithMaxNotebook(bytes int64) ClientOption {
	return clientOption(func(c *Client) { c.maxNotebook = max(bytes, 1) })
}

// User returns the user whose client it is.
func (c *Client) User() string { return c.where.user }

// String returns the user and the address. It contains no secret.
func (c *Client) String() string {
	if c.wrong != nil {
		return "nublado client"
	}
	return "nublado client of " + c.where.user + " at " + c.where.base.String()
}

// GoString is String.
func (c *Client) GoString() string { return c.String() }

// Format is String for every verb: fmt would print cookies.
func (c *Client) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, c.String()) }

// MarshalText makes String what slog and encoding/json write.
func (c *Client) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// visit is one login: what the hub and the lab gave this client. AuthToHub replaces it.
type visit struct {
	calls  *http.Client
	stream *http.Client // has no time limit
	jar    *jar
	known  *known
	lab    atomic.Pointer[url.URL] // the base of the lab, if it is another one than the hub's
	inLab  atomic.Bool             // the lab has logged this client in
}

func (c *Client) newVisit() *visit {
	v := &visit{known: &known{}}
	v.jar = newJar(v.known)
	calls := c.hc
	calls.Jar = v.jar
	stream := calls
	stream.Timeout = 0
	v.calls, v.stream = &calls, &stream
	return v
}

// lock waits until no login is under way.
func (c *Client) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case c.login <- struct{}{}:
		return func() { <-c.login }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// errEnded is the cause when a page other than the one that was expected is the end.
var errEnded = errors.New("the redirects end elsewhere")
