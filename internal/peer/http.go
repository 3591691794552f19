package peer

import (
	"net/http"
	"net/url"
	"time"

	"golang.org/x/net/http/httpproxy"
)

const (
	connectLimit   = 10 * time.Second
	handshakeLimit = 10 * time.Second
	// pingAfter and pingLimit together are how long a dead HTTP/2 connection is used.
	pingAfter = 5 * time.Second
	pingLimit = 5 * time.Second
)

// Transport returns a transport of its own that uses the proxies of the environment.
// HTTP/2 connections on which nothing arrives are pinged, and end within ten seconds of
// the peer's death; the others end by the limits of a [Dialer].
func Transport() *http.Transport {
	once := netDialer(DefaultLimit)
	once.Timeout = connectLimit
	d := &Dialer{once.DialContext}
	return &http.Transport{
		Proxy:                 ProxyFromEnvironment(),
		DialContext:           d.DialContext,
		TLSHandshakeTimeout:   handshakeLimit,
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingLimit},
		MaxIdleConnsPerHost:   4,
		IdleConnTimeout:       90 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// Client returns a copy of given. If that is nil, it returns a client that keeps no
// connections between requests: there would be no moment at which to close them.
func Client(given *http.Client) http.Client {
	if given != nil {
		return *given
	}
	t := Transport()
	t.DisableKeepAlives = true
	SecureProxies(t)
	return http.Client{Transport: t}
}

// ProxyFromEnvironment reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY now, and returns a
// function for http.Transport.Proxy. It is http.ProxyFromEnvironment without its memory,
// which holds the variables of the first request of the process.
func ProxyFromEnvironment() func(*http.Request) (*url.URL, error) {
	find := httpproxy.FromEnvironment().ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return find(r.URL) }
}
