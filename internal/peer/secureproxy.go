package peer

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// secureMark ends the name of a proxy that is reached over TLS, between the Proxy and the
// DialContext of a transport. No host has such a name (RFC 6761).
const secureMark = ".tls-proxy.invalid"

// SecureProxies makes t, which is complete, speak HTTP/1.1 to https proxies. By itself
// net/http offers them HTTP/2 too, and then cannot read the answer of one that takes it. So
// DialContext does the TLS handshake, and net/http takes the proxy for one without TLS.
func SecureProxies(t *http.Transport) {
	choose, dial, limit := t.Proxy, t.DialContext, cmp.Or(t.TLSHandshakeTimeout, handshakeLimit)
	if choose == nil {
		return
	}
	if dial == nil {
		dial = NewDialer(DefaultLimit).DialContext
	}
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		u, err := choose(r)
		if err != nil || u == nil || u.Scheme != "https" {
			return u, err
		}
		marked := *u
		marked.Scheme, marked.Host = "http", net.JoinHostPort(u.Hostname()+secureMark, cmp.Or(u.Port(), "443"))
		return &marked, nil
	}
	cfg := t.TLSClientConfig
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, _ := net.SplitHostPort(address)
		name, secure := strings.CutSuffix(host, secureMark)
		if !secure {
			return dial(ctx, network, address)
		}
		raw, err := dial(ctx, network, net.JoinHostPort(name, port))
		if err != nil {
			return nil, err
		}
		ours := &tls.Config{}
		if cfg != nil {
			ours = cfg.Clone()
		}
		ours.ServerName, ours.NextProtos = name, []string{"http/1.1"}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		conn := tls.Client(raw, ours)
		if err := conn.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, err
		}
		return conn, nil
	}
}
