package clientset

import (
	"crypto/tls"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/grpc/resolver"
)

// WithInsecure connects without TLS. It says nothing about logging in, which goes
// on as ever: see [WithPlaintextCredentials] and [WithoutAuth]. The default is TLS,
// except for http:// endpoints and unix sockets; an https:// endpoint contradicts it.
func WithInsecure() Option {
	return option(func(c *config) { c.insecure = true })
}

// WithPlaintextCredentials lets credentials travel without TLS beyond this
// machine, where everybody on the way can read and use them. By default calls and
// logins that would do so end with [ErrPlaintext]. Loopback addresses and unix
// sockets do not need it.
func WithPlaintextCredentials() Option {
	return option(func(c *config) { c.plaintextCredentials = true })
}

// WithTLSConfig starts from a copy of cfg, for the connection, for logging in and
// for discovery alike; its ServerName counts for the connection only. The other
// TLS options add to it. The default (nil) is the system's certificates, TLS 1.2 or
// newer.
func WithTLSConfig(cfg *tls.Config) Option {
	return option(func(c *config) {
		if c.tls.base = cfg; cfg != nil {
			c.tls.uses("WithTLSConfig")
		}
	})
}

// WithCAFile trusts the certificates in a PEM file beside the system's, for the
// connection, for logging in and for discovery alike. It can be given several
// times. The file is read at once.
func WithCAFile(path string) Option {
	return option(func(c *config) { c.tls.extra = append(c.tls.extra, path); c.tls.uses("WithCAFile") })
}

// WithExclusiveCAFile is [WithCAFile] without trust in the system's certificates.
func WithExclusiveCAFile(path string) Option {
	return option(func(c *config) { c.tls.exclusive = append(c.tls.exclusive, path); c.tls.uses("WithExclusiveCAFile") })
}

// WithClientCertificate presents a certificate to servers that ask for one (mutual
// TLS). Both PEM files are read at once, and again for every new connection, so
// that a rotated certificate works without a restart.
func WithClientCertificate(certFile, keyFile string) Option {
	return option(func(c *config) {
		c.tls.certFile, c.tls.keyFile = certFile, keyFile
		c.tls.uses("WithClientCertificate")
	})
}

// WithServerName is the name that the backend's certificate must be for, when it
// is not the endpoint's; empty means the endpoint's. It also becomes the :authority
// of calls.
func WithServerName(name string) Option {
	return option(func(c *config) {
		if c.tls.serverName = name; name != "" {
			c.tls.uses("WithServerName")
		}
	})
}

// WithInsecureSkipVerify accepts any certificate: whoever is in between can read
// and change everything, tokens and client secrets included. For tests only; it
// is reported to the logger as a warning.
func WithInsecureSkipVerify() Option {
	return option(func(c *config) { c.tls.skipVerify = true; c.tls.uses("WithInsecureSkipVerify") })
}

// WithProxyURL sends the connection, logging in and discovery through an HTTP
// proxy (http:// or https://, user and password allowed). Loopback addresses and
// unix sockets are reached directly. The default, also of an empty url, is what
// [WithHTTPClient] brings along, else what the environment says (HTTPS_PROXY,
// NO_PROXY), as gRPC and net/http read it.
func WithProxyURL(url string) Option {
	return option(func(c *config) { c.proxyURL = url })
}

// WithHTTPClient makes the HTTP requests for logging in and discovery with hc,
// without following redirects where secrets travel. If its Transport is an
// *http.Transport, that one's TLS and proxy settings serve the connection too,
// unless options set them; those then count for the connection only. Close leaves
// hc alone. The default (nil) is a client of this package's own with the TLS and
// proxy settings of the options and 30 seconds for a request.
func WithHTTPClient(hc *http.Client) Option {
	return option(func(c *config) { c.httpClient = hc })
}

// WithRoundRobin spreads calls over all addresses that the endpoint's name
// resolves to. The default is to use the first that answers. Behind a proxy there
// is but one address: the proxy resolves the name.
func WithRoundRobin() Option {
	return option(func(c *config) { c.roundRobin = true })
}

// WithMaxReceiveSize is the largest response message in bytes, one at least; the
// default is 64 MiB. An option of a single call can lower it, not raise it. It is
// part of the service config: gRPC's own option costs each call an allocation.
func WithMaxReceiveSize(bytes int) Option {
	return option(func(c *config) { c.maxReceive = bytes })
}

// WithUserAgent puts the program's own name, such as "nightly-report/2.1", in front
// of the user agent, which is jetway/<version> and gRPC's by default.
func WithUserAgent(name string) Option {
	return option(func(c *config) { c.userAgent = name })
}

// WithResolvers makes gRPC resolvers known to this client alone, so that the
// endpoint can have their schemes.
func WithResolvers(rs ...resolver.Builder) Option {
	return option(func(c *config) {
		for _, r := range rs {
			if r != nil {
				c.resolvers = append(c.resolvers, r)
			}
		}
	})
}

// WithDialOptions hands further options to gRPC. Interceptors among them run
// outside those that carry the login, and never displace them. Transport
// credentials among them have no effect: the TLS options and [WithInsecure]
// decide, so that it is known whether credentials may be sent. A default service
// config among them replaces the one that [WithRoundRobin] and
// [WithMaxReceiveSize] make.
func WithDialOptions(opts ...grpc.DialOption) Option {
	return option(func(c *config) {
		for _, o := range opts {
			if o != nil {
				c.dial = append(c.dial, o)
			}
		}
	})
}
