package clientset

import (
	"cmp"
	"crypto/x509"
	"errors"
	"net"
	"strings"

	"google.golang.org/grpc/connectivity"
)

// diagnose says what to do about a connection that could not be made, and whether
// that is the only way: permanent trouble stays until a setting changes. Empty
// advice means that there is none.
func (c *ClientSet) diagnose(err error) (advice string, permanent bool) {
	text := err.Error()
	if last := c.handshakes.failure(); last != nil && strings.Contains(text, last.Error()) && !c.isReady() {
		return c.certificateAdvice(last), true
	}
	if isPermanent(err) { // of the authorization server: a call's own error is only text
		return c.loginCertificateAdvice(err), true
	}
	if advice, permanent := c.proxyAdvice(text); advice != "" {
		return advice, permanent
	}
	if strings.Contains(text, "missing selected ALPN property") {
		return c.noALPNAdvice(), !c.isReady()
	}
	if isWebServer(text) {
		return c.webServerAdvice(), !c.isReady()
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound { // that of the authorization server
		return "the name " + unknown.Name + " has no address: check how it is spelt, DNS and VPN", false
	}
	return c.connectionAdvice(text), false
}

// noALPNAdvice is also for load balancers that are old or badly set up.
func (c *ClientSet) noALPNAdvice() string {
	return "a web server answers there, not gRPC, or a load balancer that does not offer HTTP/2 (h2 in ALPN): turn HTTP/2 on there, " +
		"or check the address" + in(c.names.Endpoint)
}

func (c *ClientSet) webServerAdvice() string {
	return "a web server answers there, not gRPC: check the address" + in(c.names.Endpoint) +
		", which needs host and port of the gRPC service; if it is a proxy in front of that, turn HTTP/2 on there"
}

// isReady reports whether there is a connection, and an error is the server's own.
func (c *ClientSet) isReady() bool { return c.conn.GetState() == connectivity.Ready }

// isWebServer reports whether the answer to the connection came from a server that
// speaks HTTP/1.1 only: in the clear, or over TLS with ALPN.
func isWebServer(text string) bool {
	for _, sign := range []string{
		"looked like an HTTP/1.1 header", "error reading server preface: http2: frame too large", // HTTP/1.0, or a page at once
		"remote error: tls: no application protocol",
	} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func (c *ClientSet) connectionAdvice(text string) string {
	switch {
	case !c.plaintext && strings.Contains(text, "first record does not look like a TLS handshake"):
		return "if the backend speaks no TLS there, write http://" + in(c.names.Endpoint) + c.orInsecure(" or set ", " or add ")
	case c.plaintext && (strings.Contains(text, "error reading server preface: EOF") ||
		strings.Contains(text, "error reading server preface: ") && strings.Contains(text, "connection reset by peer")):
		return "if the backend wants TLS there, write https://" + in(c.names.Endpoint) + c.orInsecure(" or drop ", " or drop ")
	case strings.Contains(text, "certificate signed by unknown authority"): // of a proxy, say
		return c.authorityAdvice()
	case strings.Contains(text, "name resolver error: produced zero addresses"),
		strings.Contains(text, "lookup "+c.endpoint.Host+": no such host"):
		return "the name " + cmp.Or(c.endpoint.Host, c.Endpoint()) + " has no address: check how it is spelt" + in(c.names.Endpoint) +
			", DNS and VPN"
	case strings.Contains(text, "Error while dialing: ") && strings.Contains(text, "refused"): // Windows: "actively refused it"
		return "is the backend running at this address and port" + in(c.names.Endpoint) + "?"
	case strings.Contains(text, "network is unreachable"), strings.Contains(text, "no route to host"),
		strings.Contains(text, "record lookup error"):
		return "this machine has no network, or none that leads there: check its connection, DNS and VPN"
	default:
		return ""
	}
}

// orInsecure names the setting for connections without TLS, if there is one: a
// system's users know its own names, not those of options.
func (c *ClientSet) orInsecure(set, add string) string {
	switch {
	case c.names.Insecure != "":
		return set + c.names.Insecure
	case c.names.Endpoint != "":
		return ""
	default:
		return add + "WithInsecure"
	}
}

// certificateAdvice is for the certificates of the connection.
func (c *ClientSet) certificateAdvice(err error) string {
	switch {
	case isUnknownAuthority(err):
		return c.authorityAdvice()
	case isWrongName(err):
		return "check the address" + in(c.names.Endpoint) + "; if it is right, WithServerName sets a name that is in the backend's certificate"
	case wantsCertificate(err):
		return "the backend wants a certificate of this client: WithClientCertificate, or WithClientCertificatePEM"
	case refusesCertificate(err):
		return "the backend does not accept the certificate of this client: check that of WithClientCertificate or WithClientCertificatePEM"
	default:
		return "the certificate of the backend cannot be used here"
	}
}

// loginCertificateAdvice is for those of the authorization server.
func (c *ClientSet) loginCertificateAdvice(err error) string {
	switch name := (x509.HostnameError{}); {
	case isUnknownAuthority(err):
		return c.authorityAdvice()
	case errors.As(err, &name):
		return "check the URL: the certificate of " + name.Host + " is for another name, or for names alone if that is an IP address"
	default:
		return "the certificate of the authorization server, or that of this client, cannot be used there"
	}
}

func (c *ClientSet) authorityAdvice() string {
	return "if the certificate is signed by an authority of your own, name a PEM file with it in " +
		cmp.Or(c.names.CAFile, "WithCAFile, or give WithCAPEM its certificate")
}

// proxyAdvice is for proxies that cannot be reached or refuse: gRPC names their address
// only, as if it were the backend's. A proxy that wants another login is permanent trouble.
func (c *ClientSet) proxyAdvice(text string) (advice string, permanent bool) {
	dialling := strings.Contains(text, "Error while dialing: ")
	wantsLogin := strings.Contains(text, proxyRefusal) && (dialling || !strings.Contains(text, "407 "+proxyRefusal))
	switch {
	case wantsLogin && c.proxy == nil: // on the way to the authorization server alone
		return "the proxy on the way wants a user and a password, or other ones: they are written in its URL, see WithProxyURL", true
	case wantsLogin:
		return "the proxy " + c.proxy.address + " wants a user and a password, or other ones: write them in its URL, which " +
			c.proxy.from + " sets, as in " + c.proxy.scheme + "://user:password@" + c.proxy.address, true
	case c.proxy == nil:
		return "", false
	case dialling, strings.Contains(text, "record lookup error"), strings.Contains(text, "produced zero addresses"):
		return "the connection goes through the proxy " + c.proxy.address + ", which " + c.proxy.from + " sets: check it, or do without", false
	default:
		return "", false
	}
}

// proxyRefusal is the text of HTTP status 407. From net/http, for a request by CONNECT, it
// comes alone; with the number it is the answer to a request.
const proxyRefusal = "Proxy Authentication Required"

// proxyInUse is the proxy of the connection, without its password.
type proxyInUse struct {
	scheme, address string // address: host:port
	from            string // the setting that names it
}

// in names the setting in which something is written; "" if the system has none.
func in(setting string) string {
	if setting == "" {
		return ""
	}
	return " in " + setting
}
