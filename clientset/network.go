package clientset

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/jetway-go/jetway/internal/endpoint"
	"github.com/jetway-go/jetway/internal/peer"
)

const httpTimeout = 30 * time.Second

// network holds the settings that the connection, the login and discovery share.
type network struct {
	tls    *tls.Config
	proxy  func(*http.Request) (*url.URL, error)
	from   string // the setting that names the proxy; "" for the environment
	dialer *peer.Dialer
	agent  string
	http   *http.Client
	own    bool // the connections of http were made here

	early *earlyTLS // of http; nil when the program gave its own
}

func newNetwork(c *config) (*network, error) {
	n := &network{proxy: peer.ProxyFromEnvironment(), dialer: peer.NewDialer(c.deadPath), agent: c.agent()}
	var base *tls.Config
	if c.httpClient != nil {
		if given, _ := c.httpClient.Transport.(*http.Transport); given != nil {
			base, n.proxy, n.from = given.TLSClientConfig, given.Proxy, "the http.Client"
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
		n.from = cmp.Or(c.proxyName, "WithProxyURL")
	}
	hc := c.httpClient
	if hc == nil {
		hc, n.own = newHTTPClient(n, c.dialTCP), true
	}
	n.http = withAgent(hc, n.agent)
	return n, nil
}

// newHTTPClient makes the client for OAuth and discovery.
func newHTTPClient(n *network, dial dialTCP) *http.Client {
	t := peer.Transport()
	t.Proxy = n.proxy
	t.ProxyConnectHeader = http.Header{"User-Agent": {n.agent}}
	t.TLSClientConfig = n.tls.Clone() // for connections through a proxy
	t.TLSClientConfig.ServerName = "" // that of the backend; other hosts have other names
	if dial != nil {
		t.DialContext = dial
	}
	peer.SecureProxies(t)
	n.early = newEarlyTLS(t.DialContext, t.TLSClientConfig)
	t.DialTLSContext = n.early.DialTLS
	return &http.Client{
		Timeout:       httpTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     t,
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
	case !peer.IsProxyScheme(u.Scheme):
		return nil, fmt.Errorf("WithProxyURL: scheme %q is not supported, only http, https and socks5 are", u.Scheme)
	}
	return func(r *http.Request) (*url.URL, error) {
		if endpoint.IsLoopback(r.URL.Hostname()) {
			return nil, nil //nolint:nilnil // what net/http means by "no proxy"
		}
		return u, nil
	}, nil
}

// proxyVariable is the environment variable that names the proxy, in the case in which
// it is written there.
func proxyVariable(plaintext bool) string {
	upper, lower := "HTTPS_PROXY", "https_proxy"
	if plaintext {
		upper, lower = "HTTP_PROXY", "http_proxy"
	}
	if os.Getenv(upper) == "" && os.Getenv(lower) != "" {
		return lower
	}
	return upper
}
