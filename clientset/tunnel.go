package clientset

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/proxy"

	"github.com/jetway-go/jetway/internal/peer"
)

// tunnel dials through a proxy: with CONNECT (RFC 9110 §9.3.6), or by SOCKS 5 (RFC 1928).
type tunnel struct {
	proxy  *url.URL
	tls    *tls.Config // for https:// proxies
	dialer *peer.Dialer
	agent  string
}

const tunnelTimeout = 20 * time.Second

// isProxyScheme reports whether proxies of this scheme can be used, as by net/http.
func isProxyScheme(scheme string) bool {
	switch scheme {
	case "http", "https", "socks5", "socks5h":
		return true
	default:
		return false
	}
}

func (t *tunnel) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, tunnelTimeout)
	defer cancel()
	through := t.connect
	if t.proxy.Scheme == "socks5" || t.proxy.Scheme == "socks5h" {
		through = t.socks
	}
	conn, err := through(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", proxyAddress(t.proxy), err)
	}
	return conn, nil
}

// proxyAddress is a proxy's host:port.
func proxyAddress(proxy *url.URL) string {
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

// socks leaves the resolving of the name to the proxy, as net/http does.
func (t *tunnel) socks(ctx context.Context, address string) (net.Conn, error) {
	var login *proxy.Auth
	if user := t.proxy.User; user != nil {
		password, _ := user.Password()
		login = &proxy.Auth{User: user.Username(), Password: password}
	}
	d, err := proxy.SOCKS5("tcp", proxyAddress(t.proxy), login, forward{t.dialer})
	if err != nil {
		return nil, err
	}
	with, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the SOCKS dialer takes no context")
	}
	return with.DialContext(ctx, "tcp", address)
}

// forward is how the SOCKS dialer reaches the proxy.
type forward struct{ *peer.Dialer }

func (f forward) Dial(network, address string) (net.Conn, error) {
	return f.DialContext(context.Background(), network, address) //nolint:forbidigo // part of an interface, and not called
}

func (t *tunnel) connect(ctx context.Context, address string) (net.Conn, error) {
	conn, err := t.dialer.DialContext(ctx, "tcp", proxyAddress(t.proxy))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	through, err := t.ask(ctx, conn, address)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return through, nil
}

// ask has the proxy connect to address.
func (t *tunnel) ask(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	if t.proxy.Scheme == "https" {
		cfg := t.tls.Clone()
		cfg.ServerName = t.proxy.Hostname()
		cfg.NextProtos = []string{"http/1.1"}
		secure := tls.Client(conn, cfg)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secure
	}
	request := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{"User-Agent": {t.agent}},
	}
	if user := t.proxy.User; user != nil {
		password, _ := user.Password()
		request.Header.Set(proxyHeader, "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := request.WithContext(ctx).Write(conn); err != nil {
		return nil, err
	}
	reader := bufio.NewReader(conn)
	answer, err := http.ReadResponse(reader, request)
	if err != nil {
		return nil, fmt.Errorf("CONNECT %s: %w", address, err)
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return nil, fmt.Errorf("CONNECT %s: the proxy answered %d %s", address, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return &tunnelConn{Conn: conn, reader: reader}, nil
}

// tunnelConn first reads what arrived together with the proxy's response.
type tunnelConn struct {
	net.Conn

	reader *bufio.Reader
}

func (c *tunnelConn) Read(b []byte) (int, error) { return c.reader.Read(b) }
