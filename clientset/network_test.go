package clientset

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/jetway-go/jetway/configstore"
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

// The proxy of a client that the program gives serves calls too, and so does its going without.
func TestProxyOfTheProgramsClientServesCalls(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "https://secure.example.com")
	for want, proxy := range map[string]func(*http.Request) (*url.URL, error){
		"given.example.com": http.ProxyURL(&url.URL{Scheme: "http", Host: "given.example.com"}),
		"":                  nil,
	} {
		n, err := newNetwork(newConfig([]Option{WithHTTPClient(&http.Client{Transport: &http.Transport{Proxy: proxy}})}))
		if err != nil {
			t.Fatal(err)
		}
		host := ""
		found, err := n.proxyFor("flyte.example.com:443", false)
		if found != nil {
			host = found.Host
		}
		if err != nil || host != want {
			t.Errorf("calls use %q, %v; want %q", host, err, want)
		}
	}
}

// A connection that is opened early takes no other way than the request that will use it:
// behind a proxy, without TLS, or with the program's own client, none is opened.
func TestConnectionOpenedEarlyGoesPastNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "")
	for name, tt := range map[string]struct {
		opts    []Option
		address string
		want    string
	}{
		"TLS":                  {nil, "https://login.example.com/token", "login.example.com:443"},
		"a port":               {nil, "https://login.example.com:8443/token", "login.example.com:8443"},
		"without TLS":          {nil, "http://login.example.com/token", ""},
		"a proxy":              {[]Option{WithProxyURL("http://proxy.example.com:3128")}, "https://login.example.com/token", ""},
		"the program's client": {[]Option{WithHTTPClient(&http.Client{})}, "https://login.example.com/token", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dialled := ""
				n, err := newNetwork(newConfig(append(tt.opts, WithDialTCP(func(_ context.Context, _, address string) (net.Conn, error) {
					dialled += address
					return nil, errors.New("no route")
				}))))
				if err != nil {
					t.Fatal(err)
				}
				n.warm(tt.address, nil)
				synctest.Wait()
				if dialled != tt.want {
					t.Errorf("dialled %q, want %q", dialled, tt.want)
				}
			})
		})
	}
}

// What one program finds out serves others only if all trust and reach the same servers.
func TestOnlyAnOrdinaryConnectionSharesWhatItFindsOut(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts      []Option
		plaintext bool
		want      bool
	}{
		"ordinary":            {want: true},
		"without TLS":         {plaintext: true},
		"its own TLS":         {opts: []Option{WithTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12})}},
		"another server name": {opts: []Option{WithServerName("other.example.com")}},
		"a client":            {opts: []Option{WithHTTPClient(&http.Client{})}},
		"options of dialling": {opts: []Option{WithDialOptions(grpc.WithAuthority("other.example.com"))}},
	} {
		if got := newConfig(tt.opts).isOrdinary(tt.plaintext); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// forgetful is a store that counts how often it is told to forget.
type forgetful struct{ told int }

func (*forgetful) ClientConfig(context.Context) (configstore.ClientConfig, error) {
	return configstore.ClientConfig{}, nil
}
func (f *forgetful) Invalidate() { f.told++ }

func TestAConnectionOpenedEarlyKeepsNoStoreFromForgetting(t *testing.T) {
	t.Parallel()
	f := &forgetful{}
	if s, ok := warming(f, &network{}, "", nil).(configstore.Invalidator); ok {
		s.Invalidate()
	}
	if f.told != 1 {
		t.Errorf("told to forget %d times", f.told)
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

// Another name for the backend's certificate is no name for those of other servers.
func TestServerNameIsThatOfTheBackendOnly(t *testing.T) {
	t.Parallel()
	n, err := newNetwork(newConfig([]Option{WithServerName("backend.internal")}))
	if err != nil {
		t.Fatal(err)
	}
	named, _ := n.http.Transport.(*namedTransport)
	transport, ok := named.base.(*http.Transport)
	if !ok || n.tls.ServerName != "backend.internal" || transport.TLSClientConfig.ServerName != "" {
		t.Errorf("the name is %q for the backend and %q for others", n.tls.ServerName, transport.TLSClientConfig.ServerName)
	}
}
