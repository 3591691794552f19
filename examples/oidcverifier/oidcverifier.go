// Package oidcverifier checks access tokens that are JWTs (RFC 9068) against the keys
// that their issuer publishes, without asking the issuer about each token. It suits
// services with many calls, which accept that a revoked token works until it expires;
// package introspect of jetway is the other way.
//
// It is a module of its own, so that go-oidc reaches only the programs that use it;
// copy it into yours. go-oidc does the cryptography, finds the keys and fetches them
// again when a token names a key that it does not know; what is here decides which
// tokens a service accepts, and which errors its callers see.
//
// Call [New], and give the [Verifier] to serverauth.Unary and serverauth.Stream.
package oidcverifier

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/jetway-go/jetway/interceptors/serverauth"
)

const (
	defaultTimeout = 10 * time.Second
	maxDocument    = 1 << 20 // bytes of an answer of the issuer
)

// Config says whose tokens are accepted, and which of them. Issuer and Audience are
// required.
type Config struct {
	// Issuer is the "iss" of the tokens: an https URL, or an http one on a loopback
	// address. Its OpenID Connect discovery document names the keys.
	Issuer string
	// JWKSURI is where the keys are, for an issuer without a discovery document.
	JWKSURI string
	// Audience is this service's name among the "aud" of its tokens.
	Audience string
	// Scopes must all be among the "scope" of a token; a call whose token lacks one
	// fails with PermissionDenied.
	Scopes []string
	// Algorithms are the signature algorithms to accept, such as "RS256" and
	// "ES256". Empty means those that the discovery document names for ID tokens, or
	// RS256.
	Algorithms []string
	// AnyType accepts tokens whose "typ" is not "at+jwt", for issuers older than
	// RFC 9068. Then an ID token for this audience passes as an access token.
	AnyType bool
	// Timeout ends each request to the issuer; zero means 10 seconds.
	Timeout time.Duration
	// HTTP sends the requests; nil means Go's default transport. Redirects are not
	// followed.
	HTTP *http.Client
}

// Verifier is a serverauth.Verifier for JWTs. It is safe for concurrent use.
type Verifier struct {
	config     Config
	algorithms []jose.SignatureAlgorithm
	tokens     *oidc.IDTokenVerifier // an access token has the same "iss", "aud", "exp" and signature
}

var _ serverauth.Verifier = (*Verifier)(nil)

// New reads the issuer's discovery document, unless c.JWKSURI is set; the keys are
// fetched when the first token arrives. ctx bounds this request only.
func New(ctx context.Context, c Config) (*Verifier, error) {
	if c.Audience == "" {
		return nil, errors.New(`oidcverifier: Audience: not set; name this service as in the "aud" of its tokens`)
	}
	if err := checkURL(c.Issuer); err != nil {
		return nil, fmt.Errorf("oidcverifier: Issuer: %w", err)
	}
	ctx = oidc.ClientContext(ctx, c.client())
	keysURL, algorithms := c.JWKSURI, c.Algorithms
	if keysURL == "" {
		provider, err := oidc.NewProvider(ctx, c.Issuer)
		if err != nil {
			return nil, fmt.Errorf("oidcverifier: discover %s: %w", c.Issuer, err)
		}
		var found struct {
			KeysURL    string   `json:"jwks_uri"`
			Algorithms []string `json:"id_token_signing_alg_values_supported"`
		}
		if err := provider.Claims(&found); err != nil {
			return nil, fmt.Errorf("oidcverifier: discover %s: %w", c.Issuer, err)
		}
		keysURL = found.KeysURL
		if len(algorithms) == 0 {
			algorithms = asymmetric(found.Algorithms)
		}
	}
	if err := checkURL(keysURL); err != nil {
		return nil, fmt.Errorf("oidcverifier: jwks_uri: %w", err)
	}
	if len(algorithms) == 0 {
		algorithms = []string{oidc.RS256}
	}
	if refused := slices.DeleteFunc(slices.Clone(algorithms), isAsymmetric); len(refused) > 0 {
		return nil, fmt.Errorf("oidcverifier: Algorithms: %q are not signatures by a public key", refused)
	}
	v := &Verifier{config: c, tokens: oidc.NewVerifier(
		c.Issuer, keySet{oidc.NewRemoteKeySet(ctx, keysURL)}, &oidc.Config{ClientID: c.Audience, SupportedSigningAlgs: algorithms})}
	v.config.Scopes = slices.Clone(c.Scopes)
	for _, a := range algorithms {
		v.algorithms = append(v.algorithms, jose.SignatureAlgorithm(a))
	}
	return v, nil
}

// asymmetric drops algorithms such as "none", which a document may name for ID tokens
// that come from the token endpoint.
func asymmetric(algorithms []string) []string {
	return slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !isAsymmetric(a) })
}

func isAsymmetric(algorithm string) bool {
	switch algorithm {
	case oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA:
		return true
	}
	return false
}

// checkURL never quotes raw in an error: it may contain a password.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("not set")
	case err != nil:
		return errors.New("not a URL")
	case u.User != nil, u.Fragment != "":
		return errors.New("has a user name or a fragment; a URL without them is needed")
	case u.Scheme == "https" && u.Hostname() != "", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("not an https URL; http is for loopback addresses only")
}

func loopback(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		return a.Unmap().IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// client returns the client for requests to the issuer.
func (c Config) client() *http.Client {
	hc := http.Client{}
	if c.HTTP != nil {
		hc = *c.HTTP
	}
	hc.Timeout = c.Timeout
	if hc.Timeout <= 0 {
		hc.Timeout = defaultTimeout
	}
	hc.Jar = nil
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	hc.Transport = bounded{hc.Transport}
	return &hc
}

// bounded limits the size of answers, which go-oidc reads to their end.
type bounded struct{ base http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	base := b.base
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{http.MaxBytesReader(nil, resp.Body, maxDocument), resp.Body}
	return resp, nil
}
