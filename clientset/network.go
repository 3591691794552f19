package clientset

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/jetway-go/jetway/internal/endpoint"
)

const httpTimeout = 30 * time.Second

// network holds the TLS and proxy settings that the connection, the login and
// discovery share.
type network struct {
	tls   *tls.Config
	proxy func(*http.Request) (*url.URL, error) // nil: as gRPC reads the environment
	http  *http.Client
	own   bool // http was made here

	dialer *tlsDialer // of http; nil when the program gave its own
}

func newNetwork(c *config) (*network, error) {
	n := &network{http: c.httpClient}
	var given *http.Transport
	var base *tls.Config
	if c.httpClient != nil {
		if given, _ = c.httpClient.Transport.(*http.Transport); given != nil {
			base, n.proxy = given.TLSClientConfig, given.Proxy
			if n.proxy == nil {
				n.proxy = direct
			}
		}
	}
	var err error
	if n.tls, err = c.tls.build(base); err != nil {
		return nil, err
	}
	if n.tls.InsecureSkipVerify {
		c.logger.Warn("TLS certificates are not verified: any machine on the way can read and change all traffic, tokens included")
	}
	if c.proxyURL != "" {
		if n.proxy, err = fixedProxy(c.proxyURL); err != nil {
			return nil, err
		}
	}
	if n.http == nil {
		n.http, n.own = newHTTPClient(n, c.dialTCP), true
	}
	return n, nil
}

// newHTTPClient makes the client for OAuth and discovery.
func newHTTPClient(n *network, dial dialTCP) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialLimit, KeepAlive: 30 * time.Second}).DialContext
	}
	cfg := n.tls.Clone()
	cfg.ServerName = "" // that of the backend; other hosts have other names
	proxy := n.proxy
	if proxy == nil {
		proxy = http.ProxyFromEnvironment
	}
	n.dialer = newTLSDialer(dial, cfg)
	return &http.Client{
		Timeout:       httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                 proxy,
			DialContext:           dial,
			DialTLSContext:        n.dialer.DialTLS,
			TLSClientConfig:       cfg, // for connections through a proxy
			TLSHandshakeTimeout:   handshakeLimit,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   4,
			IdleConnTimeout:       90 * time.Second,
			ExpectContinueTimeout: time.Second,
		},
	}
}

func direct(*http.Request) (*url.URL, error) { return nil, nil } //nolint:nilnil // what net/http means by "no proxy"

// fixedProxy sends everything but loopback addresses through one proxy. Errors
// never show the URL, which may hold a password.
func fixedProxy(text string) (func(*http.Request) (*url.URL, error), error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "":
		return nil, errors.New("WithProxyURL: not a URL such as http://proxy.example.com:3128")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("WithProxyURL: scheme %q is not supported, only http and https are", u.Scheme)
	}
	return func(r *http.Request) (*url.URL, error) {
		if endpoint.IsLoopback(r.URL.Hostname()) {
			return nil, nil //nolint:nilnil // what net/http means by "no proxy"
		}
		return u, nil
	}, nil
}
