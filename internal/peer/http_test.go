package peer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory whose connections can be cut without a word.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}

	mu   sync.Mutex
	dead []*atomic.Bool
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.over); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	gone := new(atomic.Bool)
	p.mu.Lock()
	p.dead = append(p.dead, gone)
	p.mu.Unlock()
	p.conns <- &mortal{there, gone}
	return &mortal{here, gone}, nil
}

// kill loses from now on all that is sent on the connections made so far.
func (p *pipes) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, d := range p.dead {
		d.Store(true)
	}
}

type mortal struct {
	net.Conn

	dead *atomic.Bool
}

func (m *mortal) Write(b []byte) (int, error) {
	if m.dead.Load() {
		return len(b), nil
	}
	return m.Conn.Write(b)
}

// A connection whose peer died in silence is given up after ten seconds, not after a
// quarter of an hour; a slow peer is waited for.
func TestDeadHTTP2ConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), over: make(chan struct{})}
		var only http.Protocols
		only.SetUnencryptedHTTP2(true)
		server := &http.Server{Protocols: &only, ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				time.Sleep(time.Minute)
			}
			_, _ = io.WriteString(w, "done")
		})}
		go func() { _ = server.Serve(l) }()
		transport := Transport()
		transport.Proxy, transport.DialContext, transport.Protocols = nil, l.dial, &only
		hc := &http.Client{Transport: transport}
		get := func(path string) error {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://example.com"+path, nil)
			if err != nil {
				return err
			}
			answer, err := hc.Do(r)
			if err != nil {
				return err
			}
			_, err = io.ReadAll(answer.Body)
			return errors.Join(err, answer.Body.Close())
		}
		for _, path := range []string{"/", "/slow"} {
			if err := get(path); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}

		l.kill()
		begun := time.Now()
		if err := get("/"); err == nil || time.Since(begun) > pingAfter+pingLimit {
			t.Errorf("on a dead connection: %v after %v, want an error within %v", err, time.Since(begun), pingAfter+pingLimit)
		}
		if err := get("/"); err != nil {
			t.Errorf("the request after that: %v", err)
		}

		transport.CloseIdleConnections()
		_ = server.Close()
	})
}

// A client that was not given leaves nothing behind that would have to be closed.
func TestClientThatWasNotGivenPingsAndKeepsNoConnections(t *testing.T) {
	t.Parallel()
	c := Client(nil)
	transport, ok := c.Transport.(*http.Transport)
	if !ok || !transport.DisableKeepAlives || transport.HTTP2 == nil || transport.HTTP2.SendPingTimeout != pingAfter {
		t.Errorf("the transport is %#v", c.Transport)
	}
	given := &http.Client{Timeout: time.Second}
	if c := Client(given); c.Transport != nil || c.Timeout != time.Second {
		t.Errorf("%#v, want a copy of what was given", c)
	}
}

// A proxy that is reached over TLS, and that takes HTTP/2 where it is offered, is asked in
// HTTP/1.1; a server behind it is still asked in HTTP/2.
func TestSecureProxyIsAskedInHTTP1(t *testing.T) {
	t.Parallel()
	target := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Proto)
	}))
	target.EnableHTTP2 = true
	target.StartTLS()
	t.Cleanup(target.Close)
	var asked []string
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host+" "+r.Header.Get("Proxy-Authorization"))
		there, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", target.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		defer there.Close()
		here, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); _ = there.Close() }()
		_, _ = io.Copy(here, there)
	}))
	proxy.EnableHTTP2 = true
	proxy.StartTLS()
	t.Cleanup(proxy.Close)
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("user", "secret")

	transport := Transport()
	transport.Proxy = http.ProxyURL(u)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	SecureProxies(transport)
	t.Cleanup(transport.CloseIdleConnections)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://login.example.com/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != "HTTP/2.0" || !slices.Equal(asked, []string{"CONNECT login.example.com:443 Basic dXNlcjpzZWNyZXQ="}) {
		t.Errorf("answered over %s; the proxy was asked %q", text, asked)
	}
}
