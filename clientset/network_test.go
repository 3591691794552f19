package clientset

import (
	"net/http"
	"testing"
	"time"
)

// Which variable counts, and for which addresses, is as net/http has it.
func TestProxyOfTheEnvironmentIsThatOfNetHTTP(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "https://secure.example.com")
	t.Setenv("HTTP_PROXY", "http://plain.example.com:3128")
	t.Setenv("NO_PROXY", "10.0.0.0/8,.internal.example.com,exact.example.com:8443")
	n, err := newNetwork(newConfig(nil))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		address   string
		plaintext bool
		want      string // host of the proxy; empty for none
	}{
		{"flyte.example.com:443", false, "secure.example.com"},
		{"flyte.example.com:80", true, "plain.example.com:3128"},
		{"10.1.2.3:443", false, ""},
		{"11.1.2.3:443", false, "secure.example.com"},
		{"a.internal.example.com:443", false, ""},
		{"exact.example.com:8443", false, ""},
		{"exact.example.com:443", false, "secure.example.com"},
		{"localhost:443", false, ""},
		{"127.0.0.1:443", false, ""},
		{"[::1]:443", false, ""},
	} {
		host := ""
		proxy, err := n.proxyFor(tt.address, tt.plaintext)
		if proxy != nil {
			host = proxy.Host
		}
		if err != nil || host != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.address, host, err, tt.want)
		}
	}
}

// The client for logging in and discovery finds out that its peer is gone.
func TestOwnHTTPClientPingsItsConnections(t *testing.T) {
	t.Parallel()
	n, err := newNetwork(newConfig(nil))
	if err != nil {
		t.Fatal(err)
	}
	named, _ := n.http.Transport.(*namedTransport)
	transport, ok := named.base.(*http.Transport)
	if !ok || transport.HTTP2 == nil || transport.HTTP2.SendPingTimeout <= 0 ||
		transport.HTTP2.SendPingTimeout+transport.HTTP2.PingTimeout > n.http.Timeout/2 {
		t.Errorf("the transport %#v, want pings well within %v", transport, n.http.Timeout)
	}
	if n.http.Timeout > time.Minute {
		t.Error("a request may take minutes")
	}
}
