package clientset_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
)

const (
	proxyUser, proxyPassword = "user", "pass:word"

	backendName, loginName, issuerName = "flyte.example.com:443", "login.example.com:443", "issuer.example.com:443"
)

// tapped records all that clients send to a listener.
type tapped struct {
	net.Listener

	mu   sync.Mutex
	sent bytes.Buffer
}

func (l *tapped) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &tappedConn{conn, l}, err
}

// shows reports whether any of texts was sent as it is.
func (l *tapped) shows(texts ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(l.sent.Bytes(), []byte(text)) })
}

type tappedConn struct {
	net.Conn

	tap *tapped
}

func (c *tappedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.tap.mu.Lock()
	defer c.tap.mu.Unlock()
	c.tap.sent.Write(b[:n])
	return n, err
}

// startProxy starts a proxy of a kind, and returns its URL.
func startProxy(t *testing.T, kind string, p *tunnelProxy) (string, *tapped) {
	t.Helper()
	tap := &tapped{Listener: listening(t)}
	switch kind {
	case "socks5":
		go p.serveSOCKS(t.Context(), tap)
	default:
		front := httptest.NewUnstartedServer(p)
		_ = front.Listener.Close()
		front.Listener = tap
		if kind == "https" {
			front.EnableHTTP2 = true // if it is offered
			front.StartTLS()
		} else {
			front.Start()
		}
		t.Cleanup(front.Close)
	}
	u := url.URL{Scheme: kind, User: url.UserPassword(proxyUser, proxyPassword), Host: tap.Addr().String()}
	return u.String(), tap
}

// serveSOCKS serves SOCKS 5 (RFC 1928) with user and password (RFC 1929).
func (p *tunnelProxy) serveSOCKS(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go p.socks(ctx, conn)
	}
}

func (p *tunnelProxy) socks(ctx context.Context, here net.Conn) {
	defer here.Close()
	field := func(after int) string { // a text that its length precedes, behind other bytes
		head := make([]byte, after+1)
		if _, err := io.ReadFull(here, head); err != nil {
			return ""
		}
		text := make([]byte, head[after])
		_, _ = io.ReadFull(here, text)
		return string(text)
	}
	field(1) // the methods
	_, _ = here.Write([]byte{5, 2})
	user, password := field(1), field(0)
	_, _ = here.Write([]byte{1, 0})
	host, port := field(4), make([]byte, 2)
	_, _ = io.ReadFull(here, port)
	asked := net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(port))))
	p.mu.Lock()
	p.asked = append(p.asked, asked)
	p.password = append(p.password, "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	p.mu.Unlock()
	there, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.routes[asked])
	if err != nil {
		_, _ = here.Write([]byte{5, 4, 0, 1, 0, 0, 0, 0, 0, 0})
		return
	}
	defer there.Close()
	_, _ = here.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	go func() {
		_, _ = io.Copy(there, here)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
}

// One reading of the proxy serves calls, login, discovery and HTTP requests, whichever kind it is and
// whatever names it. An https proxy is given the password inside TLS, the others alone see
// it, and no server behind them does.
func TestEveryProxyServesCallsLoginAndDiscovery(t *testing.T) {
	s := quiet(t, mockserver.WithTLS())
	oauthHost := strings.TrimPrefix(s.HTTPURL(), "https://")
	for _, kind := range []string{"http", "https", "socks5"} {
		for _, from := range []string{"environment", "option"} {
			t.Run(kind+"/"+from, func(t *testing.T) {
				proxy := &tunnelProxy{routes: map[string]string{backendName: s.Endpoint(), loginName: oauthHost, issuerName: oauthHost}}
				at, tap := startProxy(t, kind, proxy)
				opts := []clientset.Option{
					clientset.WithInsecureSkipVerify(), clientset.WithoutStore(), clientset.WithoutRetry(),
					clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s)}),
					clientset.WithConfigStore(configstore.Discovery("https://issuer.example.com", nil)),
				}
				given := clientset.WithClientConfig(configstore.ClientConfig{
					TokenEndpoint: "https://login.example.com" + strings.TrimPrefix(s.TokenURL(), s.HTTPURL()),
				})
				t.Setenv("NO_PROXY", "")
				if from == "option" {
					t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
					opts = append(opts, clientset.WithProxyURL(at))
				} else {
					t.Setenv("HTTPS_PROXY", at)
				}
				s.ResetRequests()

				cs := made(t)(clientset.ForEndpoint("flyte.example.com", append(opts, given)...))
				if err := list(t.Context(), cs); err != nil {
					t.Fatal(err)
				}
				asking := made(t)(clientset.ForEndpoint("flyte.example.com", opts...)) // for the token endpoint
				if err := list(t.Context(), asking); err != nil {
					t.Errorf("with what discovery found: %v", err)
				}

				requesting := made(t)(clientset.ForEndpoint("flyte.example.com", append(opts, given, clientset.WithHTTPBase("https://login.example.com"))...))
				if code, _, err := get(t.Context(), requesting, "/oauth2/userinfo"); err != nil || code != http.StatusOK {
					t.Errorf("an HTTP request: %d, %v", code, err)
				}

				if got := proxy.askedFor(); !slices.Equal(got, []string{backendName, issuerName, loginName}) {
					t.Errorf("asked the proxy for %v, want all three names", got)
				}
				secret := base64.StdEncoding.EncodeToString([]byte(proxyUser + ":" + proxyPassword))
				proxy.mu.Lock()
				defer proxy.mu.Unlock()
				for _, got := range proxy.password {
					if got != "Basic "+secret {
						t.Errorf("the proxy was given %q, want the user and the password", got)
					}
				}
				for _, agent := range proxy.agents {
					if !strings.HasPrefix(agent, "jetway/") {
						t.Errorf("the proxy was asked by the user agent %q", agent)
					}
				}
				if shown := tap.shows(proxyPassword, secret); shown != (kind != "https") {
					t.Errorf("the password in clear on the wire to the proxy: %t", shown)
				}
				for _, r := range s.Requests() {
					if slices.Contains(r.Keys, "proxy-authorization") {
						t.Errorf("%s carried the proxy's password beyond the proxy", r.Method)
					}
				}
			})
		}
	}
}

// The variables are read when a client is made, not once for the process.
func TestProxyVariablesAreReadForEachClient(t *testing.T) {
	s := quiet(t, mockserver.WithTLS(), mockserver.WithoutLogin())
	t.Setenv("NO_PROXY", "")
	for range 2 {
		proxy := &tunnelProxy{routes: map[string]string{backendName: s.Endpoint()}}
		at, _ := startProxy(t, "http", proxy)
		t.Setenv("HTTPS_PROXY", at)
		cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithInsecureSkipVerify(), clientset.WithoutAuth(), clientset.WithoutRetry()))
		if err := list(t.Context(), cs); err != nil || len(proxy.askedFor()) != 1 {
			t.Errorf("%v, asked the proxy for %v", err, proxy.askedFor())
		}
	}
}
