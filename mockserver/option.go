package mockserver

import (
	"cmp"
	"log/slog"
	"net/http"
	"strings"

	"github.com/jetway-go/jetway/mockserver/internal/listen"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// Option configures a [Server].
type Option interface{ apply(c *config) }

type optionFunc func(*config)

func (f optionFunc) apply(c *config) { f(c) }

// Default names.
const (
	// DefaultClientID is the client of a server that [WithOAuth] gives none.
	DefaultClientID = "jetway-demo"
	// PublicClientID is the client without a secret that AuthMetadataService
	// names to programs that have none of their own.
	PublicClientID = "jetway-public"
	// DefaultScope is the scope of clients that name none, and the scope that calls need.
	DefaultScope = "all"

	defaultHeaderKey  = "authorization"
	defaultRequestLog = 1 << 16
)

type config struct {
	network    string // see package listen
	address    string
	httpAddr   string
	issuerPath string
	tls        bool
	tlsNames   []string
	mutualTLS  bool
	front      func(*Server) (http.Handler, error) // nil without one
	origins    []string

	strict   bool
	services Services
	projects []string

	open      bool
	loginless bool
	scopes    []string
	headerKey string
	audience  string
	oauth     oauth.Config // as WithOAuth gave it, with our defaults

	controlPlane *Server // whose tokens calls need; nil: this server's own

	proxyToken string // empty without a proxy in front

	store                    Store // nil: memory only
	before                   remembered
	madeSecret, madePassword bool // not given: random, or those of the server before
	attachments              []Attachment

	logger  *slog.Logger
	logSize int
}

func newConfig(opts []Option) config {
	c := config{
		network:   listen.TCP,
		address:   "127.0.0.1:0",
		httpAddr:  "127.0.0.1:0",
		services:  All,
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

// WithAddress sets the TCP address of the gRPC services; the default is a free port of
// 127.0.0.1. Every host that can reach the address can use the mock.
func WithAddress(hostPort string) Option {
	return optionFunc(func(c *config) { c.network, c.address = listen.TCP, hostPort })
}

// WithHTTPAddress sets the TCP address of the HTTP side (authorization server, object
// store, index page); the default is a free port of 127.0.0.1.
func WithHTTPAddress(hostPort string) Option {
	return optionFunc(func(c *config) { c.httpAddr = hostPort })
}

// WithUnixSocket serves gRPC on a unix socket, which the server creates at path, in place of
// one that a server which was killed has left there. The HTTP side stays on TCP.
func WithUnixSocket(path string) Option {
	return optionFunc(func(c *config) { c.network, c.address = listen.Unix, path })
}

// WithInMemory serves both sides in memory, where only [Server.DialOption] and
// [Server.HTTPClient] reach them. It works inside a testing/synctest bubble.
func WithInMemory() Option {
	return optionFunc(func(c *config) { c.network, c.address = listen.Memory, "" })
}

// WithTLS serves both sides over TLS, with a certificate of a new authority. Clients
// have to trust [Server.CACertPEM].
func WithTLS() Option { return optionFunc(func(c *config) { c.tls = true }) }

// WithTLSNames is [WithTLS] with a certificate that is for these host names and IP
// addresses too. By default it is for the addresses that the server listens on, localhost,
// 127.0.0.1 and ::1.
func WithTLSNames(names ...string) Option {
	return optionFunc(func(c *config) { c.tls = true; c.tlsNames = append(c.tlsNames, names...) })
}

// WithMutualTLS is [WithTLS] with client certificates: both sides refuse connections of
// clients that present none of the server's authority. [Server.ClientCertificatePEM]
// returns one; [Server.HTTPClient] and [Server.TransportCredentials] present it.
func WithMutualTLS() Option { return optionFunc(func(c *config) { c.tls, c.mutualTLS = true, true }) }

// WithHTTPFront serves the port of the calls through net/http, as a Flyte 2 backend does:
// calls by gRPC, gRPC-Web and Connect, over HTTP/1.1 and HTTP/2, and the HTTP side too. Login,
// [Script] and [Server.Requests] are the same for all protocols; [requests.Request.Protocol] tells
// them apart. [Script.AnswerHTTP] and [Script.AnswerRejections] need the front, since
// grpc-go's own server, the default, cannot answer a call with bare HTTP.
func WithHTTPFront() Option { return optionFunc(func(c *config) { c.front = frontHandler }) }

// WithAllowedOrigins lets pages of these web origins, such as "http://localhost:5173", call
// Flyte's services from a browser (CORS); it needs [WithHTTPFront]. Pages of other servers
// cannot read any answer, which is the default, and the authorization server, the object
// store and everything else that is not Flyte's is never shared.
func WithAllowedOrigins(origins ...string) Option {
	return optionFunc(func(c *config) { c.origins = append(c.origins, origins...) })
}

// WithIssuerPath sets the path of the issuer, such as "/realms/demo": the RFC 8414
// document and the OpenID Connect document then have different places. The default is
// no path.
func WithIssuerPath(path string) Option {
	return optionFunc(func(c *config) {
		if c.issuerPath = strings.Trim(path, "/"); c.issuerPath != "" {
			c.issuerPath = "/" + c.issuerPath
		}
	})
}

// Services is a set of services that a server mounts.
type Services string

const (
	// All is every service that the mock has, the default: also those of apps,
	// RunLogsService and those of Flyte 1, health and reflection. Only the services that no
	// open-source server has, those of artifacts, images and tracked runs, are missing.
	All Services = "all"
	// Current is what a current server of Flyte 2 mounts. RunLogsService (logs come from
	// DataProxyService.TailLogs), the services of Flyte 1, health and reflection are
	// Unimplemented then, and so are those of apps, which such a server has off by default;
	// [backend.Backend.ConfigureApps] turns them on.
	Current Services = "current"
)

// WithServices sets which services the server mounts; the default is [All].
func WithServices(set Services) Option { return optionFunc(func(c *config) { c.services = set }) }

// WithStrict enforces the contract's validation rules: a request that breaks one ends
// with InvalidArgument. By default they are not enforced. Identifiers need no
// organization even then, since answers have none. A strict server is also cleaner than
// real ones where those are lax or fail; see [backend.Config].
func WithStrict() Option { return optionFunc(func(c *config) { c.strict = true }) }

// WithProject creates projects with these IDs, which are their names too, unless they exist
// already: see [WithState]. By default there is none.
func WithProject(ids ...string) Option {
	return optionFunc(func(c *config) { c.projects = append(c.projects, ids...) })
}

// WithOpenAccess serves calls without an access token, as a Flyte backend does that has
// no proxy in front. The login is still advertised, and an access token that is sent
// names the caller.
func WithOpenAccess() Option { return optionFunc(func(c *config) { c.open = true }) }

// WithoutLogin is [WithOpenAccess] for a server that advertises no login:
// GetOAuth2Metadata is Unimplemented.
func WithoutLogin() Option {
	return optionFunc(func(c *config) { c.open, c.loginless = true, true })
}

// WithRequiredScopes sets the scopes that calls need; without one of them a call ends
// with PermissionDenied. The default is [DefaultScope]; none accepts every valid token.
func WithRequiredScopes(scopes ...string) Option {
	return optionFunc(func(c *config) { c.scopes = scopes })
}

// WithControlPlane makes the server a data plane of another one: calls need access tokens
// of that server, and its login is the one that is advertised. Give both the same scopes,
// header key and audience. [backend.Backend.SetClusters] lets the control plane send
// clients here. By default a server stands alone.
func WithControlPlane(other *Server) Option {
	return optionFunc(func(c *config) { c.controlPlane = other })
}

// WithHeaderKey sets the metadata key that carries the access token and that
// AuthMetadataService advertises, such as "flyte-authorization"; the default is
// "authorization". The server reads no other key, so that a client that ignores the
// advertised one is rejected.
func WithHeaderKey(key string) Option {
	return optionFunc(func(c *config) { c.headerKey = cmp.Or(strings.ToLower(key), defaultHeaderKey) })
}

// WithAudience sets the audience that access tokens must have, and advertises it. Clients
// have to request it: a token without an audience is rejected. Empty, the default,
// accepts every audience.
func WithAudience(audience string) Option {
	return optionFunc(func(c *config) { c.audience = audience })
}

// WithProxyAuth acts as a proxy that demands "proxy-authorization: Bearer token" of
// calls and of HTTP requests, except signed storage URLs and the pages that users open
// in a browser. Requests without it get HTTP 407; a server without [WithHTTPFront]
// cannot send that to calls, and ends them with the status that a gRPC client makes
// of it. [Script.SetProxyToken] changes the token. An empty token, the default, means
// that there is no proxy.
func WithProxyAuth(token string) Option {
	return optionFunc(func(c *config) { c.proxyToken = token })
}

// WithLogger logs every request to l, at debug level and without secrets; nil, the
// default, discards the log.
func WithLogger(l *slog.Logger) Option {
	return optionFunc(func(c *config) {
		if l != nil {
			c.logger = l
		}
	})
}

// WithRequestLog sets how many requests [Server.Requests] keeps; the oldest are dropped
// first, and 0 keeps none. The default is 65,536.
func WithRequestLog(n int) Option { return optionFunc(func(c *config) { c.logSize = max(n, 0) }) }
