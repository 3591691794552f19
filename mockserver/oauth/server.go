// Package oauth is a small authorization server for tests.
//
// It hands out access tokens that really expire, can be revoked and are bound
// to a client, scopes and an audience; it is strict about what it is asked, and
// [Faults] make its endpoints misbehave as real ones do. There is one file per
// grant and per endpoint. Nothing is stored outside memory.
//
// [New] makes a [Server], an http.Handler; [Server.Verify] is what the resource
// server behind it asks.
package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// DefaultTokenTTL is how long access tokens live when [Config.TokenTTL] is zero.
const DefaultTokenTTL = time.Hour

// Config is what a Server is made of. Only Issuer is required.
type Config struct {
	// Issuer is the server's own identifier: an http or https URL without query
	// and fragment. A path is kept, and every endpoint lies below it.
	Issuer string
	// Clients are the registered clients; see [Server.RegisterClient] for more.
	Clients []Client
	// TokenTTL is the life of access tokens, in whole seconds; zero means
	// [DefaultTokenTTL].
	TokenTTL time.Duration
	// Opaque makes access tokens random strings instead of signed JWTs.
	Opaque bool
	// Audiences are the audiences and resources that may be asked for; empty
	// allows any.
	Audiences []string
	// DefaultAudience goes into tokens for which none was asked; may be empty.
	DefaultAudience string
	// KeepRefreshTokens lets a refresh token be used again instead of replacing
	// it at each use.
	KeepRefreshTokens bool
	// CamelCase writes the keys of the RFC 8414 document as Flyte hosts do
	// ("tokenEndpoint"). The OpenID Connect document keeps its snake_case.
	CamelCase bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger hears of every answer at debug level, never of a secret; nil discards.
	Logger *slog.Logger
}

// Server is the authorization server. Safe for concurrent use.
type Server struct {
	cfg     Config
	path    string // the issuer's path, "" or "/…"
	key     *signingKey
	tokens  *registry
	clients *clients
	grants  map[string]grant
	faults  Faults
	mux     *http.ServeMux
}

// New returns a Server with a fresh signing key.
func New(cfg Config) (*Server, error) {
	u, err := url.Parse(cfg.Issuer)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, &ConfigError{Field: "Issuer", Reason: "want an http or https URL such as http://127.0.0.1:8080"}
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, &ConfigError{Field: "Issuer", Reason: "must not carry a query, a fragment or a user (RFC 8414 section 2)"}
	}
	cfg.Issuer = strings.TrimRight(cfg.Issuer, "/")
	if cfg.TokenTTL == 0 {
		cfg.TokenTTL = DefaultTokenTTL
	}
	if cfg.TokenTTL < time.Second || cfg.TokenTTL%time.Second != 0 {
		return nil, &ConfigError{Field: "TokenTTL", Reason: "want whole seconds, at least one: expires_in has no fractions"}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	cfg.Audiences = slices.Clone(cfg.Audiences)

	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, &ConfigError{Field: "signing key", Reason: "could not be made", Err: err}
	}
	key, err := newSigningKey(private)
	if err != nil {
		return nil, &ConfigError{Field: "signing key", Reason: "could not be published", Err: err}
	}
	s := &Server{
		cfg:     cfg,
		path:    strings.TrimRight(u.Path, "/"),
		key:     key,
		tokens:  newRegistry(),
		clients: &clients{byID: map[string]Client{}},
	}
	s.grants = map[string]grant{
		grantClientCredentials: s.clientCredentials,
		grantRefreshToken:      s.refreshToken,
	}
	for _, c := range cfg.Clients {
		if err := s.RegisterClient(c); err != nil {
			return nil, err
		}
	}
	s.mux = s.routes()
	return s, nil
}

// Paths of the endpoints, below the issuer's own path.
const (
	tokenPath      = "/oauth2/token"
	revokePath     = "/oauth2/revoke"
	introspectPath = "/oauth2/introspect"
	jwksPath       = "/oauth2/jwks"
)

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle(s.path+tokenPath, s.faults.wrap(http.HandlerFunc(s.serveToken)))
	mux.HandleFunc(s.path+revokePath, s.serveRevoke)
	mux.HandleFunc(s.path+introspectPath, s.serveIntrospect)
	mux.HandleFunc("GET "+s.path+jwksPath, s.serveJWKS)
	// RFC 8414 section 3 puts the well-known segment before the issuer's path,
	// OpenID Connect discovery section 4 puts it behind.
	mux.HandleFunc("GET /.well-known/oauth-authorization-server"+s.path, s.serveRFC8414)
	mux.HandleFunc("GET "+s.path+"/.well-known/openid-configuration", s.serveOIDC)
	return mux
}

// ServeHTTP answers the endpoints and the two discovery documents.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Issuer is the server's identifier, without a slash at its end.
func (s *Server) Issuer() string { return s.cfg.Issuer }

// TokenURL is the address of the token endpoint.
func (s *Server) TokenURL() string { return s.cfg.Issuer + tokenPath }

// TokenPath is the path of the token endpoint on its host.
func (s *Server) TokenPath() string { return s.path + tokenPath }

// TokenFaults makes the token endpoint misbehave.
func (s *Server) TokenFaults() *Faults { return &s.faults }
