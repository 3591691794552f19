package kubeflow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/endpoint"
)

var (
	// ErrWrongPassword says that Dex did not accept the user's name and password.
	// It wraps [auth.ErrRejected].
	ErrWrongPassword = fmt.Errorf("%w: the login credentials were probably invalid", auth.ErrRejected)
	// ErrNoSession says that a login went through and left no session behind. It
	// wraps [auth.ErrRejected].
	ErrNoSession = fmt.Errorf("%w: the login left no session cookie", auth.ErrRejected)
)

// Dex logs in at a Kubeflow whose identity provider is Dex, as a person with a
// browser would, and so needs no browser: through the authenticating proxy in
// front (one that redirects, or one that answers 403 with a sign-in page), Dex's
// choice of connectors, its form, and its approval page. It follows the redirects
// itself, within https or this machine, and shows the password to the login form
// alone.
type Dex struct {
	// Username is the user's e-mail address, or LDAP name. Required.
	Username string
	// Password is asked for again at every login. Required.
	Password flow.Secret
	// Connector is "local", for Dex's static passwords, which is the default, or
	// "ldap". It counts only where Dex offers a choice.
	Connector string
	// AllowPlaintext lets the password and the session travel without TLS beyond
	// this machine.
	AllowPlaintext bool
}

// Session is what a login came to.
type Session struct {
	// EndpointURL is where the login began.
	EndpointURL string
	// RedirectURL is where that led to; EndpointURL itself where it is not secured.
	RedirectURL string
	// LoginURL is Dex's form; empty where it was not needed.
	LoginURL string
	// Secured tells whether the endpoint asks for a login at all.
	Secured bool
	// Cookie is the session, "name=value; name2=value2"; empty where not secured.
	Cookie string
	// Expiry is when the session ends, as far as its cookies say; zero: they do not.
	Expiry time.Time
}

// String describes the session without its cookie, and without the queries of its
// URLs, in which Dex's states travel.
func (s Session) String() string {
	switch {
	case s.EndpointURL == "":
		return "no session"
	case !s.Secured:
		return s.EndpointURL + " is not secured"
	}
	login, _ := url.Parse(s.LoginURL)
	return fmt.Sprintf("session at %s by way of %s", s.EndpointURL, shown(login))
}

// GoString is String, so that %#v shows no secret either.
func (s Session) GoString() string { return s.String() }

// Format is String for every verb.
func (s Session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// MarshalText makes String what encoding/json writes.
func (s Session) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue is String for slog.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// check says what is missing, before anything is dialled.
func (d Dex) check() error {
	switch {
	case d.Username == "":
		return errors.New("Dex.Username is not set")
	case d.Password.IsZero():
		return errors.New("Dex.Password is not set")
	case !slices.Contains([]string{"", "local", "ldap"}, d.Connector):
		return fmt.Errorf("invalid Dex.Connector %q, must be one of: ldap, local", d.Connector)
	}
	return nil
}

// allows tells whether a password or a session may travel to u.
func (d Dex) allows(u *url.URL) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("a redirect leads to a URL of scheme %q", u.Scheme)
	case d.AllowPlaintext, endpoint.IsLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("%s is without TLS: the password would be readable on its way; use https:// or a port-forward, "+
			"or set Dex.AllowPlaintext if the network is trusted", shown(u))
	}
}

// Login logs in at endpoint, the address of Kubeflow with or without /pipeline,
// by way of hc, of which neither cookies nor redirects are used. An endpoint that
// asks for no login is no error: the session says so. The error is an [*Error].
func (d Dex) Login(ctx context.Context, hc *http.Client, endpoint string) (Session, error) {
	session, err := d.start(ctx, hc, endpoint)
	return session, failed("log in with Dex", err)
}

func (d Dex) start(ctx context.Context, hc *http.Client, address string) (Session, error) {
	place, _, err := parseHost(address)
	if err != nil {
		return Session{}, fmt.Errorf("the address %w", err)
	}
	if err := d.check(); err != nil {
		return Session{}, err
	}
	if err := d.allows(place.web); err != nil {
		return Session{}, err
	}
	return d.run(ctx, hc, place.web)
}

// dexLogin is the flow of a configuration.
func (r Resolver) dexLogin(place location) (auth.Flow, error) {
	if place.web == nil || !place.given {
		return nil, errors.New("Dex needs an address to log in at: set Host or " + EnvEndpoint)
	}
	if err := r.Dex.check(); err != nil {
		return nil, err
	}
	if err := r.Dex.allows(place.web); err != nil {
		return nil, err
	}
	return dexFlow{*r.Dex, place.web}, nil
}

// dexFlow keeps a session at a Kubeflow. There is no way to renew one but to log
// in again.
type dexFlow struct {
	dex  Dex
	host *url.URL
}

var _ auth.TraitedFlow = dexFlow{}

// Obtain logs in. An endpoint that is not secured gives none, which is no trouble
// until the server asks for one.
func (f dexFlow) Obtain(ctx context.Context, env auth.Env, _ *auth.Credentials) (*auth.Credentials, error) {
	session, err := f.dex.run(ctx, env.HTTP, f.host)
	if err != nil {
		return nil, failed("log in with Dex", err)
	}
	if !session.Secured {
		return nil, failed("log in with Dex", fmt.Errorf("%w: %s answers without a login", configstore.ErrNoLogin, session.EndpointURL))
	}
	c, err := cookieCredentials(session.Cookie)
	if err != nil {
		return nil, failed("log in with Dex", fmt.Errorf("the session cookie %w", err))
	}
	c.Expiry, c.IssuedAt = session.Expiry, time.Now()
	return c, nil
}

// Traits say that nobody is needed. The name tells users apart.
func (f dexFlow) Traits() auth.Traits {
	return auth.Traits{Name: "kubeflow_dex/" + cmp.Or(f.dex.Connector, "local") + "/" + f.dex.Username, Timeout: dexTimeout}
}
