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
	// ErrWrongPassword means that Dex did not accept the user's name and password.
	// It wraps [auth.ErrRejected].
	ErrWrongPassword = fmt.Errorf("%w: the login credentials were probably invalid", auth.ErrRejected)
	// ErrNoSession means that a login succeeded but set no session cookie. It wraps
	// [auth.ErrRejected].
	ErrNoSession = fmt.Errorf("%w: the login set no session cookie", auth.ErrRejected)
)

// Dex logs in at a Kubeflow whose identity provider is Dex. It needs no browser, since
// it makes the requests that a browser would: to the authenticating proxy in front (one
// that redirects, or one that answers 403 with a sign-in page), to Dex's choice of
// connectors, its form, and its approval page. It follows redirects to https, or to
// this machine, and sends the password to the login form only.
type Dex struct {
	// Username is the user's e-mail address, or LDAP name. Required.
	Username string
	// Password is read again at every login. Required.
	Password flow.Secret
	// Connector is "local", for Dex's static passwords, which is the default, or
	// "ldap". It is used only if Dex offers a choice.
	Connector string
	// AllowPlaintext sends the password and the session cookie without TLS to other
	// machines, too.
	AllowPlaintext bool
}

// Session is the result of a login.
type Session struct {
	// EndpointURL is where the login began.
	EndpointURL string
	// RedirectURL is where EndpointURL redirected to; EndpointURL itself if it is not
	// secured.
	RedirectURL string
	// LoginURL is Dex's form; empty if it was not needed.
	LoginURL string
	// Secured reports whether the endpoint requires a login.
	Secured bool
	// Cookie is the cookie of the session, "name=value; name2=value2"; empty if the endpoint
	// is not secured.
	Cookie string
	// Expiry is when the session expires; zero if its cookies do not say.
	Expiry time.Time
}

// String describes the session without its cookie, and without the queries of its
// URLs, which contain Dex's state.
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

// GoString returns String, so that %#v contains no secret either.
func (s Session) GoString() string { return s.String() }

// Format writes String, for every verb.
func (s Session) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, s.String()) }

// MarshalText returns String, for encoding/json.
func (s Session) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns String, for slog.
func (s Session) LogValue() slog.Value { return slog.StringValue(s.String()) }

// check returns an error for fields that are missing or wrong.
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

// allows returns an error if a password or a session must not be sent to u.
func (d Dex) allows(u *url.URL) error {
	switch {
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return fmt.Errorf("a redirect leads to a URL of scheme %q", u.Scheme)
	case d.AllowPlaintext, endpoint.IsLoopback(u.Hostname()):
		return nil
	default:
		return fmt.Errorf("%s is without TLS: others could read the password on the network; use https:// or a port-forward, "+
			"or set Dex.AllowPlaintext if the network is trusted", shown(u))
	}
}

// Login logs in at endpoint, the address of Kubeflow with or without /pipeline. It makes
// its requests with hc, without hc's cookies and redirects. If the endpoint requires no
// login, that is not an error: Secured is false. The error is an [*Error].
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

// dexLogin returns the flow for r.Dex.
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

// dexFlow is the flow that opens sessions. A session can be extended only by another
// login.
type dexFlow struct {
	dex  Dex
	host *url.URL
}

var _ auth.TraitedFlow = dexFlow{}

// Obtain logs in. If the endpoint is not secured, the error wraps ErrNoLogin, so that
// calls are made without credentials.
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

// Traits returns that the flow needs no user, and a name that differs for each user and
// connector.
func (f dexFlow) Traits() auth.Traits {
	return auth.Traits{Name: "kubeflow_dex/" + cmp.Or(f.dex.Connector, "local") + "/" + f.dex.Username, Timeout: dexTimeout}
}
