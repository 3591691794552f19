package clientset_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/mockserver"
)

// tunnelProxy is an HTTP proxy that resolves names which DNS does not know.
type tunnelProxy struct {
	routes map[string]string

	mu       sync.Mutex
	asked    []string
	password []string
	agents   []string
}

func (p *tunnelProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Host)
	p.password = append(p.password, r.Header.Get("Proxy-Authorization"))
	p.agents = append(p.agents, r.UserAgent())
	p.mu.Unlock()
	to, ok := p.routes[r.Host]
	if r.Method != http.MethodConnect || !ok {
		http.Error(w, "no way there", http.StatusForbidden)
		return
	}
	var d net.Dialer
	there, err := d.DialContext(r.Context(), "tcp", to)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer there.Close()
	here, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer here.Close()
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		_, _ = io.Copy(there, buffered)
		_ = there.Close()
	}()
	_, _ = io.Copy(here, there)
}

func (p *tunnelProxy) askedFor() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Compact(slices.Sorted(slices.Values(p.asked)))
}

func TestOneProxyServesCallsAndLogin(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithTLS())
	oauthHost := strings.TrimPrefix(s.HTTPURL(), "https://")
	proxy := &tunnelProxy{routes: map[string]string{"flyte.example.com:443": s.Endpoint(), "login.example.com:443": oauthHost}}
	for name, start := range map[string]func(http.Handler) *httptest.Server{"http": httptest.NewServer, "https": httptest.NewTLSServer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			front := start(proxy)
			t.Cleanup(front.Close)
			at, err := url.Parse(front.URL)
			if err != nil {
				t.Fatal(err)
			}
			at.User = url.UserPassword("user", "pass:word")
			// Names that only the proxy can resolve lead to both sides of the mock.
			opts := []clientset.Option{
				clientset.WithProxyURL(at.String()), clientset.WithInsecureSkipVerify(),
				clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: flow.SecretValue(s.ClientSecret())}),
				clientset.WithClientConfig(configstore.ClientConfig{TokenEndpoint: "https://login.example.com" + strings.TrimPrefix(s.TokenURL(), s.HTTPURL())}),
			}
			cs := made(t)(clientset.ForEndpoint("flyte.example.com", opts...))
			if err := list(t.Context(), cs); err != nil {
				t.Fatal(err)
			}
			if got := proxy.askedFor(); !slices.Equal(got, []string{"flyte.example.com:443", "login.example.com:443"}) {
				t.Errorf("asked the proxy for %v, want both names", got)
			}
			want := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:pass:word"))
			proxy.mu.Lock()
			defer proxy.mu.Unlock()
			for _, got := range proxy.password {
				if got != want {
					t.Errorf("the proxy was given %q, want %q", got, want)
				}
			}
		})
	}
}

func TestRefusalOfTheProxyIsUnavailable(t *testing.T) {
	t.Parallel()
	front := httptest.NewServer(&tunnelProxy{})
	t.Cleanup(front.Close)
	cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL(front.URL), clientset.WithoutAuth(), clientset.WithoutRetry()))
	err := list(t.Context(), cs)
	if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "403 Forbidden") {
		t.Errorf("%v, want Unavailable with the proxy's answer", err)
	}
}

func TestProxyThatHangsDoesNotOutlastTheCall(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	asked := make(chan struct{})
	var once sync.Once
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
				once.Do(func() { close(asked) })
			}
			t.Cleanup(func() { _ = conn.Close() }) // and not before
		}
	}()
	cs := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithProxyURL("http://"+l.Addr().String()), clientset.WithoutAuth()))
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	go func() {
		select {
		case <-asked:
		case <-ctx.Done():
		}
		cancel()
	}()
	if err := list(ctx, cs); status.Code(err) != codes.Canceled {
		t.Errorf("%v, want Canceled", err)
	}
}

func TestLoopbackIsReachedWithoutTheProxy(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := made(t)(clientset.ForAPIKey(s.APIKey(), clientset.WithInsecure(), clientset.WithProxyURL("http://127.0.0.1:1")))
	if err := list(t.Context(), cs); err != nil {
		t.Error(err)
	}
	hc := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: "127.0.0.1:1"})}}
	cs = made(t)(clientset.ForEndpoint("http://"+s.Endpoint(), clientset.WithoutAuth(), clientset.WithHTTPClient(hc)))
	if err := list(t.Context(), cs); status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want the server's Unauthenticated", err)
	}
}

// counting is a flow without a person that gives another token each time.
type counting struct{ n atomic.Int64 }

func (c *counting) Obtain(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
	return &auth.Credentials{AccessToken: fmt.Sprintf("proxy-token-%d", c.n.Add(1))}, nil
}

func TestProxyFlowHasCredentialsOfItsOwn(t *testing.T) {
	t.Parallel()
	s := quiet(t, mockserver.WithHTTPFront())
	proxy := &counting{}
	cs := made(t)(clientset.ForAPIKey(s.APIKey(), clientset.WithInsecure(), clientset.WithProxyFlow(proxy, nil)))
	// Given a proxy that refuses its credential twice: of a call, and of a login.
	s.Script().TokenEndpoint().FailNext(1, refusedByProxy())
	if err := s.Script().AnswerHTTP(listProjects, 1, mockserver.HTTPAnswer{Status: http.StatusProxyAuthRequired}); err != nil {
		t.Fatal(err)
	}
	if err := list(t.Context(), cs); err != nil {
		t.Fatal(err)
	}
	if n := proxy.n.Load(); n != 3 {
		t.Errorf("%d logins at the proxy, want 3: one at first, one for each refusal", n)
	}
	// Then everything carries it, discovery and login included, and the calls both.
	for _, r := range s.Requests() {
		if !slices.Contains(r.Keys, "proxy-authorization") {
			t.Errorf("%s did not carry the proxy's credential", r.Method)
		}
		if r.Method == listProjects && r.Authorizations != 1 {
			t.Errorf("%s carried %d tokens of the backend, want 1", r.Method, r.Authorizations)
		}
	}
	if n := s.TokenRequests(); n != 2 {
		t.Errorf("%d token requests, want 2: the proxy refused the first", n)
	}
}

func TestErrorOfProxyFlowNamesTheProxy(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	cs := made(t)(clientset.ForAPIKey(s.APIKey(), clientset.WithInsecure(), clientset.WithProxyFlow(flow.Static{}, nil)))
	if err := list(t.Context(), cs); !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
		t.Errorf("%v, want the proxy login's ErrRejected", err)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests arrived without the proxy's credential", n)
	}
}
