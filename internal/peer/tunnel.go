package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"
)

// Tunnel dials through a proxy: with CONNECT (RFC 9110 §9.3.6), or by SOCKS 5 (RFC 1928).
// It is safe for concurrent use, and must not be printed: the URL may hold a password.
type Tunnel struct {
	Proxy  *url.URL
	TLS    *tls.Config // for https:// proxies
	Dialer *Dialer
	Agent  string // the user agent
}

const tunnelTimeout = 20 * time.Second

// IsProxyScheme reports whether proxies of this scheme can be used, as by net/http.
func IsProxyScheme(scheme string) bool {
	switch scheme {
	case "http", "https", "socks5", "socks5h":
		return true
	default:
		return false
	}
}

// Dial connects to address through the proxy. The error names the proxy, without its
// password.
func (t *Tunnel) Dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, tunnelTimeout)
	defer cancel()
	conn, err := t.Dialer.DialContext(ctx, "tcp", ProxyAddress(t.Proxy))
	if err == nil {
		conn, err = t.Through(ctx, conn, address)
	}
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", ProxyAddress(t.Proxy), err)
	}
	return conn, nil
}

// ProxyAddress returns a proxy's host:port.
func ProxyAddress(proxy *url.URL) string {
	port := proxy.Port()
	switch {
	case port != "":
	case proxy.Scheme == "https":
		port = "443"
	case proxy.Scheme == "http":
		port = "80"
	default:
		port = "1080"
	}
	return net.JoinHostPort(proxy.Hostname(), port)
}

// Through has the proxy, which conn leads to, connect to address. It returns the connection
// to use from now on; after an error conn is closed.
func (t *Tunnel) Through(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	ask := t.ask
	if t.Proxy.Scheme == "socks5" || t.Proxy.Scheme == "socks5h" {
		ask = t.socks
	}
	through, err := ask(ctx, conn, address)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return through, nil
}

// socks leaves the resolving of the name to the proxy, as net/http does.
func (t *Tunnel) socks(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	var login *proxy.Auth
	if user := t.Proxy.User; user != nil {
		password, _ := user.Password()
		login = &proxy.Auth{User: user.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", ProxyAddress(t.Proxy), login, made{conn})
	if err != nil {
		return nil, err
	}
	with, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the SOCKS dialer takes no context")
	}
	return with.DialContext(ctx, "tcp", address)
}

// made is how the SOCKS dialer reaches the proxy: over a connection that there is already.
type made struct{ conn net.Conn }

func (m made) Dial(string, string) (net.Conn, error) { return m.conn, nil }

func (m made) DialContext(context.Context, string, string) (net.Conn, error) { return m.conn, nil }

// maxAnswer is how much of a proxy's response is read, which may have no end.
const maxAnswer = 256 << 10

// ask has the proxy connect to address.
func (t *Tunnel) ask(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	if t.Proxy.Scheme == "https" {
		cfg := t.TLS.Clone()
		cfg.ServerName = t.Proxy.Hostname()
		cfg.NextProtos = []string{"http/1.1"}
		secure := tls.Client(conn, cfg)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secure
	}
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{"User-Agent": {t.Agent}},
	}
	if user := t.Proxy.User; user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := request.WithContext(ctx).Write(conn); err != nil {
		return nil, err
	}
	limited := &io.LimitedReader{R: conn, N: maxAnswer}
	reader := bufio.NewReader(limited)
	answer, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("CONNECT %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("CONNECT %s: the proxy answered %d %s", address, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	limited.N = math.MaxInt64
	return &tunnelConn{Conn: conn, reader: reader}, nil
}

// tunnelConn first reads what arrived together with the proxy's response.
type tunnelConn struct {
	net.Conn

	reader *bufio.Reader
}

func (c *tunnelConn) Read(b []byte) (int, error) { return c.reader.Read(b) }
