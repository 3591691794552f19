package clientset

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// tunnel dials through an HTTP proxy with CONNECT (RFC 9110 §9.3.6).
type tunnel struct {
	proxy *url.URL
	tls   *tls.Config // for https:// proxies
}

const tunnelTimeout = 20 * time.Second

func (t *tunnel) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, tunnelTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", t.address())
	if err != nil {
		return nil, fmt.Errorf("proxy %s: %w", t.address(), err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	through, err := t.connect(ctx, conn, address)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("proxy %s: %w", t.address(), err)
	}
	return through, nil
}

// address is the proxy's host:port.
func (t *tunnel) address() string {
	port := t.proxy.Port()
	switch {
	case port != "":
	case t.proxy.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(t.proxy.Hostname(), port)
}

func (t *tunnel) connect(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
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
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user := t.proxy.User; user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
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
