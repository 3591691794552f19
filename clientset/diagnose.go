package clientset

import (
	"cmp"
	"errors"
	"net"
	"strings"

	"google.golang.org/grpc/connectivity"

	"github.com/jetway-go/jetway/internal/advice"
)

// diagnose says what to do about a connection that could not be made, and whether
// that is the only way: permanent trouble stays until a setting changes. Empty
// advice means that there is none.
func (c *ClientSet) diagnose(err error) (what string, permanent bool) {
	text := err.Error()
	if last := c.handshakes.failure(); last != nil && strings.Contains(text, last.Error()) && !c.isReady() {
		return c.words().Certificate(last), true
	}
	if advice.IsPermanent(err) { // of the authorization server: a call's own error is only text
		return c.words().LoginCertificate(err), true
	}
	if what, permanent := c.proxyAdvice(text); what != "" {
		return what, permanent
	}
	if strings.Contains(text, "missing selected ALPN property") {
		return c.words().NoALPN(), !c.isReady()
	}
	if isWebServer(text) {
		return c.words().WebServer(), !c.isReady()
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound { // that of the authorization server
		return advice.Settings{}.NoAddress(unknown.Name), false
	}
	return c.connectionAdvice(text), false
}

// words are the advice in this system's own words.
func (c *ClientSet) words() advice.Settings {
	n := c.names
	return advice.Settings{Endpoint: n.Endpoint, Insecure: n.Insecure, CAFile: n.CAFile, ProxyURL: n.ProxyURL}
}

// isReady reports whether there is a connection, and an error is the server's own.
func (c *ClientSet) isReady() bool { return c.conn != nil && c.conn.GetState() == connectivity.Ready }

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
		return c.words().NoTLS()
	case c.plaintext && (strings.Contains(text, "error reading server preface: EOF") ||
		strings.Contains(text, "error reading server preface: ") && strings.Contains(text, "connection reset by peer")):
		return c.words().WantsTLS()
	case strings.Contains(text, "certificate signed by unknown authority"): // of a proxy, say
		return c.words().Authority()
	case strings.Contains(text, "name resolver error: produced zero addresses"),
		strings.Contains(text, "lookup "+c.endpoint.Host+": no such host"):
		return c.words().NoAddress(cmp.Or(c.endpoint.Host, c.Endpoint()))
	case strings.Contains(text, "Error while dialing: ") && strings.Contains(text, "refused"): // Windows: "actively refused it"
		return c.words().Refused()
	case strings.Contains(text, "network is unreachable"), strings.Contains(text, "no route to host"),
		strings.Contains(text, "record lookup error"):
		return advice.NoNetwork()
	default:
		return ""
	}
}

// proxyAdvice is for proxies that cannot be reached or refuse: gRPC names their address
// only, as if it were the backend's. A proxy that wants another login is permanent trouble.
func (c *ClientSet) proxyAdvice(text string) (what string, permanent bool) {
	dialling := strings.Contains(text, "Error while dialing: ")
	wantsLogin := strings.Contains(text, proxyRefusal) && (dialling || !strings.Contains(text, "407 "+proxyRefusal))
	switch {
	case wantsLogin && c.proxy == nil: // on the way to the authorization server alone
		return advice.ProxyElsewhereWantsLogin(), true
	case wantsLogin:
		return c.proxy.WantsLogin(), true
	case c.proxy == nil:
		return "", false
	case dialling, strings.Contains(text, "record lookup error"), strings.Contains(text, "produced zero addresses"):
		return c.proxy.Check(), false
	default:
		return "", false
	}
}

// proxyRefusal is the text of HTTP status 407. From net/http, for a request by CONNECT, it
// comes alone; with the number it is the answer to a request.
const proxyRefusal = "Proxy Authentication Required"
