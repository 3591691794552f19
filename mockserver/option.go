package mockserver

import (
	"cmp"
	"log/slog"
	"strings"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Option changes what [New] makes.
type Option interface{ apply(c *config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// Names that a server uses unless told otherwise.
const (
	// DefaultClientID is the client of a server that [WithOAuth] gives none.
	DefaultClientID = "jetway-demo"
	// PublicClientID is the client without a secret that AuthMetadataService
	// names to programs that have none of their own.
	PublicClientID = "jetway-public"
	// DefaultScope is what a client may do that names no scopes, and what calls need.
	DefaultScope = "all"

	defaultHeaderKey  = "authorization"
	defaultRequestLog = 1 << 16
)

type config struct {
	network    string // "tcp", "unix" or "memory"
	address    string
	httpAddr   string
	issuerPath string
	tls        bool
	mutualTLS  bool
	front      bool

	strict   bool
	projects []string

	open      bool
	loginless bool
	scopes    []string
	headerKey string
	audience  string
	oauth     oauth.Config // as WithOAuth gave it, with our defaults

	proxyToken string // empty without a proxy in front

	logger  *slog.Logger
	logSize int
}

func newConfig(opts []Option) config {
	c := config{
		network:   "tcp",
		address:   "127.0.0.1:0",
		httpAddr:  "127.0.0.1:0",
		scopes:    []string{DefaultScope},
		headerKey: defaultHeaderKey,
		logger:    slog.New(slog.DiscardHandler),
		logSize:   defaultRequestLog,
	}
	for _, o := range opts {
		o.apply(&c)
	}
	c.completeLogin()
	return c
}

// WithAddress makes gRPC listen on a TCP address instead of a free port of
// 127.0.0.1. Anyone who reaches it can use the mock.
func WithAddress(hostPort string) Option {
	return optionFunc(func(c *config) { c.network, c.address = "tcp", hostPort })
}

// WithHTTPAddress makes the HTTP side (authorization server and object store)
// listen on a TCP address instead of a free port of 127.0.0.1.
func WithHTTPAddress(hostPort string) Option {
	return optionFunc(func(c *config) { c.httpAddr = hostPort })
}

// WithUnixSocket makes gRPC listen on a unix socket that is created at path. The
// HTTP side stays on TCP.
func WithUnixSocket(path string) Option {
	return optionFunc(func(c *config) { c.network, c.address = "unix", path })
}

// WithInMemory makes both sides listen in memory: [Server.DialOption] and
// [Server.HTTPClient] reach them, nothing else does. It works inside a
// testing/synctest bubble.
func WithInMemory() Option {
	return optionFunc(func(c *config) { c.network, c.address = networkMemory, "" })
}

// WithTLS serves both sides over TLS with a certificate of a fresh authority;
// clients trust it by [Server.CACertPEM].
func WithTLS() Option { return optionFunc(func(c *config) { c.tls = true }) }

// WithMutualTLS is [WithTLS] for clients that present a certificate as well: both
// sides end the handshake of one that does not. [Server.ClientCertificatePEM] is one
// that they accept; [Server.HTTPClient] and [Server.TransportCredentials] present it.
func WithMutualTLS() Option { return optionFunc(func(c *config) { c.tls, c.mutualTLS = true, true }) }

// WithHTTPFront puts net/http's HTTP/2 server in front of gRPC, as a proxy or a
// connect server would be. [Script.AnswerHTTP] and [Script.AnswerRejections]
// need it, since only that server can answer a call with bare HTTP. Requests
// that are not gRPC reach the HTTP side on the same port.
func WithHTTPFront() Option { return optionFunc(func(c *config) { c.front = true }) }

// WithIssuerPath puts the authorization server below a path such as
// "/realms/demo", so that its two discovery documents lie at unlike places; empty
// keeps it at the top.
func WithIssuerPath(path string) Option {
	return optionFunc(func(c *config) {
		if c.issuerPath = strings.Trim(path, "/"); c.issuerPath != "" {
			c.issuerPath = "/" + c.issuerPath
		}
	})
}

// WithStrict enforces the contract's validation rules on requests.
func WithStrict() Option { return optionFunc(func(c *config) { c.strict = true }) }

// WithProject creates projects of these ids, which are their names too. There is none
// without it.
func WithProject(ids ...string) Option {
	return optionFunc(func(c *config) { c.projects = append(c.projects, ids...) })
}

// WithOpenAccess lets every call in, as Flyte without a proxy in front does. The
// login is still advertised, and a token that is sent says who is calling.
func WithOpenAccess() Option { return optionFunc(func(c *config) { c.open = true }) }

// WithoutLogin is [WithOpenAccess] on a server that knows of no login at all:
// GetOAuth2Metadata is Unimplemented.
func WithoutLogin() Option {
	return optionFunc(func(c *config) { c.open, c.loginless = true, true })
}

// WithRequiredScopes sets which scopes a call needs instead of [DefaultScope];
// without one of them it ends with PermissionDenied. None means that any good
// token will do.
func WithRequiredScopes(scopes ...string) Option {
	return optionFunc(func(c *config) { c.scopes = scopes })
}

// WithHeaderKey is the metadata key that calls carry their token in, and that
// AuthMetadataService advertises, such as "flyte-authorization". No other key
// is looked at, so that a client that ignores the advertised one is noticed.
func WithHeaderKey(key string) Option {
	return optionFunc(func(c *config) { c.headerKey = cmp.Or(strings.ToLower(key), defaultHeaderKey) })
}

// WithAudience makes calls need a token for this audience, and advertises it. A
// client has to ask for it: a token without an audience is refused.
func WithAudience(audience string) Option {
	return optionFunc(func(c *config) { c.audience = audience })
}

// WithLogger tells l of every request, at debug level and without secrets.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

// WithRequestLog is how many requests [Server.Requests] remembers, 65,536 by
// default; the oldest go first, and 0 remembers none.
func WithRequestLog(n int) Option { return optionFunc(func(c *config) { c.logSize = max(n, 0) }) }
