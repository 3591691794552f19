package clientset

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
)

// WithInsecure connects without TLS. It does not change the login: see
// [WithPlaintextCredentials] and [WithoutAuth]. The default is TLS, except for http://
// endpoints and unix sockets; an https:// endpoint contradicts it. Unlike gRPC's
// insecure credentials it keeps the guard against tokens without TLS.
func WithInsecure() Option {
	return option(func(c *config) { c.insecure = true })
}

// WithPlaintextCredentials sends credentials without TLS to other machines: any machine
// on the way can read and use them. By default calls and logins that would do so fail
// with [ErrPlaintext]. Loopback addresses and unix sockets do not need it.
func WithPlaintextCredentials() Option {
	return option(func(c *config) { c.plaintextCredentials = true })
}

// WithTLSConfig starts from a copy of cfg for the connection, and, unlike gRPC's
// transport credentials, for logging in and discovery too; its ServerName is used for
// the connection only. The other TLS options add to it. The default (nil) is the
// system's certificates, TLS 1.2 or newer.
func WithTLSConfig(cfg *tls.Config) Option {
	return option(func(c *config) {
		if c.tls.base = cfg; cfg != nil {
			c.tls.uses("WithTLSConfig")
		}
	})
}

// WithCAFile trusts the certificates in a PEM file beside the system's, for the
// connection, for logging in and for discovery alike. Given several times, it adds up.
// The file is read once, when the client is made.
func WithCAFile(path string) Option {
	return option(func(c *config) { c.tls.extra = append(c.tls.extra, path); c.tls.uses("WithCAFile") })
}

// WithCAPEM is [WithCAFile] for certificates that the program has in memory, in PEM
// form; pem is copied. With [WithExclusiveCAFile] they are trusted as well.
func WithCAPEM(pem []byte) Option {
	pem = bytes.Clone(pem)
	return option(func(c *config) { c.tls.pems = append(c.tls.pems, pem); c.tls.uses("WithCAPEM") })
}

// WithExclusiveCAFile is [WithCAFile] without trust in the system's certificates.
func WithExclusiveCAFile(path string) Option {
	return option(func(c *config) { c.tls.exclusive = append(c.tls.exclusive, path); c.tls.uses("WithExclusiveCAFile") })
}

// WithClientCertificate presents a certificate to servers that ask for one (mutual
// TLS). Both PEM files are read when the client is made, and again for every new
// connection, so that a rotated certificate works without a restart.
func WithClientCertificate(certFile, keyFile string) Option {
	return option(func(c *config) {
		c.tls.client = func() (getCertificate, error) {
			pair := &certificatePair{certFile: certFile, keyFile: keyFile}
			_, err := pair.load()
			return pair.get, err
		}
		c.tls.uses("WithClientCertificate")
	})
}

// WithClientCertificatePEM is [WithClientCertificate] for a certificate and key that the
// program has in memory, in PEM form; both are copied. The last of the two options wins.
func WithClientCertificatePEM(cert, key []byte) Option {
	cert, key = bytes.Clone(cert), bytes.Clone(key)
	return option(func(c *config) {
		c.tls.client = func() (getCertificate, error) {
			pair, err := tls.X509KeyPair(cert, key)
			return func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }, err
		}
		c.tls.uses("WithClientCertificatePEM")
	})
}

// WithServerName sets the name that the backend's certificate must be for; empty means
// the endpoint's. It also becomes the :authority of calls.
func WithServerName(name string) Option {
	return option(func(c *config) {
		if c.tls.serverName = name; name != "" {
			c.tls.uses("WithServerName")
		}
	})
}

// WithInsecureSkipVerify accepts any certificate: any machine on the way can read and
// change all traffic, tokens and client secrets included. For tests only; it is logged
// as a warning.
func WithInsecureSkipVerify() Option {
	return option(func(c *config) { c.tls.skipVerify = true; c.tls.uses("WithInsecureSkipVerify") })
}

// WithProxyURL sends the connection, logging in and discovery through a proxy: http://,
// https:// or socks5://, user and password allowed. Over https:// nothing can be read on
// the way to the proxy; over the other two the password can. Loopback addresses and unix
// sockets are reached directly, NO_PROXY has no effect. The default, also of an empty
// url, is that of [WithHTTPClient], else that of the environment as net/http reads it:
// HTTPS_PROXY, HTTP_PROXY for endpoints without TLS, and NO_PROXY, which may contain
// networks such as 10.0.0.0/8. They are read when the client is made.
func WithProxyURL(url string) Option {
	return option(func(c *config) { c.proxyURL = url })
}

// WithDeadPathTimeout sets how long data that was sent may stay unacknowledged before the
// connection ends, so that the next call has a new one; the default is 20 seconds. A server
// that takes its time to answer is not affected: its system acknowledges what arrives, as
// it does on streams on which nothing is sent. But a peer that takes nothing at all off
// the connection for so long counts as gone. Zero or less leaves it to the system, which
// gives up after a quarter of an hour in most cases.
//
// It works on Linux, macOS and Windows (in whole seconds on the last two). Elsewhere only
// the probes of an idle connection find out, and grpc.WithKeepaliveParams is the
// alternative where the server allows its pings. A dialer among [WithDialOptions] replaces
// all of this.
func WithDeadPathTimeout(d time.Duration) Option {
	return option(func(c *config) { c.deadPath = d })
}

// WithHTTPClient makes the HTTP requests for logging in and discovery with hc,
// without following redirects of requests that carry secrets. If its Transport is an
// *http.Transport, the connection uses the TLS and proxy settings of that too, unless
// options set them; those options then apply to the connection only. Close does not
// close hc. The default (nil) is a client with the TLS and proxy settings of the
// options, HTTP/2 pings and 30 seconds for a request. hc itself is not changed; its requests
// carry the user agent of [WithUserAgent] unless they set another.
func WithHTTPClient(hc *http.Client) Option {
	return option(func(c *config) { c.httpClient = hc })
}

// WithHTTPBase sets the URL in front of the paths of the backend's HTTP API, such as
// https://hub.example.com/hub/api, for [ClientSet.HTTPClient],
// [ClientSet.HTTPURL] and [ClientSet.HTTPConn].
// Credentials are sent to its origin (scheme, host and port) and to the given ones. With
// it, [ForEndpoint] takes an empty address for a backend that has no gRPC API. By default
// it is the target's; there is none for an address alone.
func WithHTTPBase(url string, origins ...string) Option {
	return option(func(c *config) { c.httpBase = url; c.origins = append(c.origins, origins...) })
}

// WithConsole sets the URL of the web console, in front of the paths of its pages, for
// [ClientSet.Console]; a host alone is taken with the scheme of the endpoint. It has no user,
// query or fragment. It is https://, or http:// for a console on this machine or beside an
// endpoint without TLS. The default, also of an empty url, is the target's, else what
// ClientSet.Console finds.
func WithConsole(url string) Option {
	return option(func(c *config) { c.console = url })
}

// WithRoundRobin spreads calls over all addresses that the endpoint's name resolves to.
// By default the first that answers is used. Through a proxy there is one address: the
// proxy resolves the name. It is part of the service config, together with the limit of
// [WithMaxReceiveSize].
func WithRoundRobin() Option {
	return option(func(c *config) { c.roundRobin = true })
}

// WithMaxReceiveSize sets the size of the largest response message in bytes; the
// default is 64 MiB, and zero or less is an error. An option of a single call can lower
// it, not raise it. It is part of the service config: gRPC's own option costs each call
// an allocation.
func WithMaxReceiveSize(bytes int) Option {
	return option(func(c *config) { c.maxReceive = bytes })
}

// WithUserAgent puts the program's name, such as "nightly-report/2.1", in front of the
// default user agent, which is jetway/<version>, followed by gRPC's own in calls. It is
// sent with every HTTP request of the login, discovery and a resolver too. gRPC's own
// option would replace jetway/<version>, and in calls only.
func WithUserAgent(name string) Option {
	return option(func(c *config) { c.userAgent = name })
}

// WithResolvers adds gRPC resolvers for this client only. Unlike with gRPC's own
// option, [ForEndpoint] accepts endpoints with their schemes.
func WithResolvers(rs ...resolver.Builder) Option {
	return option(func(c *config) {
		for _, r := range rs {
			if r != nil {
				c.resolvers = append(c.resolvers, r)
			}
		}
	})
}

// WithDialOptions passes further options to gRPC. Interceptors among them run outside
// those that attach the token, and do not replace them. They also see the calls by which
// a login asks the backend (AuthMetadataService), with a context that has no values of
// the program. Transport credentials among them
// have no effect: the TLS options and [WithInsecure] decide, so that the client knows
// whether credentials may be sent. A default service config among them replaces that of
// [WithRoundRobin] and [WithMaxReceiveSize]; a call to which its retryPolicy applies is
// repeated by that and not by [WithRetries].
//
// Do not give grpc.WithPerRPCCredentials for the header of the login: gRPC adds its value
// to that of the login, servers refuse two, and this package cannot see what the option
// holds. Only interceptors.PerRPC refuses such a call. Use [WithFlow], or [WithoutAuth]
// together with that option. As an option of a call, grpc.PerRPCCredentials takes the
// place of the login.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return option(func(c *config) {
		for _, o := range opts {
			if o != nil {
				c.dial = append(c.dial, o)
			}
		}
	})
}
