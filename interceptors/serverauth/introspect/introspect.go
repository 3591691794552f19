// Package introspect checks access tokens at an authorization server's introspection
// endpoint (RFC 7662). It suits opaque tokens, and services that must notice soon
// that a token was revoked.
//
// [New] makes a [Verifier] of a [Config]; give that to serverauth.Unary and
// serverauth.Stream. It asks the server about a token once, however many calls carry
// the token at the same time, and reuses the answer that a token is active for up to
// [Config.MaxAge], never beyond the token's expiry. A call is accepted only if the
// server answered that its token is active and meant for this service. If the server
// does not answer, calls fail with Unavailable rather than Unauthenticated, so that
// clients keep their tokens.
package introspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/clock"
)

// Defaults of the fields of a [Config].
const (
	DefaultMaxAge     = time.Minute
	DefaultMaxEntries = 4096
	DefaultTimeout    = 10 * time.Second
)

// Config describes the authorization server and the tokens that a service accepts.
// Endpoint, ClientID and Audience (or AnyAudience) are required, and so is
// ClientSecret, unless HTTP authenticates the requests.
type Config struct {
	// Endpoint is the URL of the introspection endpoint: https, or http on a
	// loopback address. The server's metadata names it "introspection_endpoint".
	Endpoint string
	// ClientID is the client as which this service asks. Register one for the
	// service alone: many servers report the refresh tokens of the asking client as
	// active, and an answer does not always tell them from access tokens.
	ClientID string
	// ClientSecret returns the client's secret. It is called for every request, so
	// that a secret can be rotated; the Read method of a flow.Secret fits. Nil sends
	// no secret, for an HTTP client that authenticates by certificate or by a
	// bearer token of its own.
	ClientSecret func() (string, error)
	// SecretInBody sends ID and secret as form fields (client_secret_post) instead
	// of in the Authorization header (client_secret_basic).
	SecretInBody bool
	// Audience must be among the "aud" of every token.
	Audience string
	// AnyAudience accepts tokens whatever their "aud", also those that were issued
	// for other services. It is for servers whose answers have no "aud".
	AnyAudience bool
	// Scopes must all have been granted to a token; a call whose token lacks one
	// fails with PermissionDenied.
	Scopes []string
	// Identify returns the caller that the members of an answer describe; it runs
	// for every call, also if the answer is cached. An error that is not a gRPC
	// status becomes Unauthenticated. Nil takes "sub", which must be there, and
	// "scope".
	Identify func(claims map[string]any) (serverauth.Identity, error)
	// MaxAge is how long an answer is reused, and so how long a revoked token may still be
	// accepted. Zero means [DefaultMaxAge]; negative asks the server for every call.
	// Answers that a token is not active are never cached.
	MaxAge time.Duration
	// MaxEntries is how many answers are cached; the least recently used one is dropped
	// for a new one. Zero means [DefaultMaxEntries].
	MaxEntries int
	// Timeout ends a request. Zero means [DefaultTimeout].
	Timeout time.Duration
	// HTTP sends the requests; nil means a client with Go's default transport.
	// Redirects are not followed and no cookies are kept, whatever the client's settings.
	HTTP *http.Client
}

// Verifier is a serverauth.Verifier that asks an introspection endpoint. It is safe
// for concurrent use, and has nothing to close.
type Verifier struct {
	config  Config
	where   string // the endpoint as errors name it
	http    http.Client
	clock   clock.Clock
	known   *cache // nil without one
	flights singleflight.Group
}

// New checks c and makes a Verifier of it; it sends no request. The error names the
// field that is missing or wrong.
func New(c Config) (*Verifier, error) {
	u, err := checkEndpoint(c.Endpoint)
	switch {
	case err != nil:
		return nil, fmt.Errorf("introspect: Endpoint: %w", err)
	case c.ClientID == "":
		return nil, errors.New("introspect: ClientID: not set; register a client for this service at the authorization server")
	case c.ClientSecret == nil && c.HTTP == nil:
		return nil, errors.New("introspect: ClientSecret: not set; set it, or set HTTP to a client that authenticates by itself")
	case c.Audience == "" && !c.AnyAudience:
		return nil, errors.New("introspect: Audience: not set; name this service as in the \"aud\" of its tokens, or set AnyAudience")
	case c.Audience != "" && c.AnyAudience:
		return nil, errors.New("introspect: AnyAudience: Audience is set too; remove one of them")
	case c.MaxEntries < 0:
		return nil, errors.New("introspect: MaxEntries: negative; to cache no answers set MaxAge to -1")
	case c.Timeout < 0:
		return nil, errors.New("introspect: Timeout: negative; zero means 10 seconds")
	}
	c.Scopes = slices.Clone(c.Scopes)
	c.MaxAge = orDefault(c.MaxAge, DefaultMaxAge)
	c.MaxEntries = orDefault(c.MaxEntries, DefaultMaxEntries)
	c.Timeout = orDefault(c.Timeout, DefaultTimeout)
	if c.Identify == nil {
		c.Identify = identify
	}
	v := &Verifier{config: c, where: u.Scheme + "://" + u.Host + u.EscapedPath()}
	if c.HTTP != nil {
		v.http = *c.HTTP
	}
	v.http.Jar = nil
	v.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.MaxAge > 0 {
		v.known = newCache(c.MaxEntries)
	}
	return v, nil
}

func orDefault[T int | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

// checkEndpoint never quotes raw in an error: it may contain a password.
func checkEndpoint(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return nil, errors.New("not set; the authorization server's metadata names it \"introspection_endpoint\"")
	case err != nil:
		return nil, errors.New("not a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Hostname() == "":
		return nil, errors.New("not an https URL with a host")
	case u.User != nil:
		return nil, errors.New("contains a user name or password; use ClientID and ClientSecret")
	case u.Fragment != "":
		return nil, errors.New("has a fragment (#…); a URL without one is needed")
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, fmt.Errorf("plain http to %q would disclose tokens; https is needed, http is for loopback addresses only", u.Hostname())
	}
	return u, nil
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

var _ serverauth.Verifier = (*Verifier)(nil)

// Verify accepts p if it is a bearer token that the authorization server reports as
// active, and that has the audience and the scopes of the [Config]. Every error is or
// wraps a gRPC status whose text may be shown to the caller; the text of the error
// itself says more, for a log, and contains no secret.
func (v *Verifier) Verify(ctx context.Context, p serverauth.Presented) (serverauth.Identity, error) {
	if !strings.EqualFold(p.Scheme, "bearer") || p.Token == "" || len(p.Token) > maxToken {
		return serverauth.Identity{}, &failure{kind: invalid, why: fmt.Sprintf("not a bearer token of at most %d bytes", maxToken)}
	}
	claims, err := v.claims(ctx, p.Token)
	if err != nil {
		return serverauth.Identity{}, err
	}
	if err := checkScopes(claims, v.config.Scopes); err != nil {
		return serverauth.Identity{}, err
	}
	id, err := v.config.Identify(claims)
	if err != nil {
		return serverauth.Identity{}, &failure{kind: invalid, why: "identify the caller", cause: err, identifying: true}
	}
	return id, nil
}
