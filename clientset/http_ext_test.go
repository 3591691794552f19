package clientset_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/platform"
)

// web is a client of an HTTP API without gRPC, with a fixed token.
func webClient(tb testing.TB, base string, opts ...clientset.Option) *clientset.ClientSet {
	tb.Helper()
	opts = append([]clientset.Option{
		clientset.WithHTTPBase(base), clientset.WithoutStore(), clientset.WithFlow(flow.StaticToken(canaryToken)),
	}, opts...)
	return made(tb)(clientset.ForEndpoint("", opts...))
}

// get reads an answer to its end.
func get(ctx context.Context, cs *clientset.ClientSet, path string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cs.HTTPURL(path), nil)
	if err != nil {
		return 0, "", err
	}
	answer, err := cs.HTTPClient().Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// api serves f.
func api(tb testing.TB, f http.HandlerFunc) *httptest.Server {
	tb.Helper()
	s := httptest.NewServer(f)
	tb.Cleanup(s.Close)
	return s
}

// Ten thousand calls, gRPC and HTTP in turn, find their token revoked, twice in a row.
func TestARevocationStormOfGRPCAndHTTPIsOneTokenRequest(t *testing.T) {
	t.Parallel()
	s := quiet(t, silent(), mockserver.WithInMemory(), mockserver.WithRequestLog(0))
	few, ok := s.HTTPClient().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the mock's client has another transport")
	}
	few = few.Clone()
	few.MaxConnsPerHost = 100 // for the memory of the machine, and so that a login must not wait for a rejected request's
	t.Cleanup(few.CloseIdleConnections)
	cs := connect(t, s, clientset.WithHTTPBase(s.HTTPURL()), clientset.WithHTTPClient(&http.Client{Transport: few}))
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience)
	defer cancel()
	whoAmI := func() error {
		code, _, err := get(ctx, cs, "/oauth2/userinfo")
		if err == nil && code != http.StatusOK {
			err = errors.New(http.StatusText(code))
		}
		return err
	}
	if err := errors.Join(list(ctx, cs), whoAmI()); err != nil {
		t.Fatal(err)
	}
	var turn sync.Mutex
	n := 0
	for storm := range 2 {
		s.Script().RevokeTokens()
		s.ResetRequests()
		failed := 0
		for _, err := range atOnce(10_000, func() error {
			turn.Lock()
			n++
			odd := n%2 == 1
			turn.Unlock()
			if odd {
				return whoAmI()
			}
			return list(ctx, cs)
		}) {
			if err != nil {
				if failed++; failed == 1 {
					t.Errorf("storm %d: %v", storm+1, err)
				}
			}
		}
		if n := s.TokenRequests(); n != 1 || failed != 0 {
			t.Errorf("storm %d: %d token requests and %d failed calls, want 1 and 0", storm+1, n, failed)
		}
	}
}

func TestTheSideThatIsMissingIsAClearError(t *testing.T) {
	t.Parallel()
	grpcOnly := made(t)(clientset.ForEndpoint("flyte.example.com", clientset.WithoutStore()))
	_, _, err := get(t.Context(), grpcOnly, "/x")
	if !errors.Is(err, clientset.ErrNoHTTP) || !strings.Contains(err.Error(), "WithHTTPBase") {
		t.Errorf("%v, want ErrNoHTTP", err)
	}
	if _, _, err = get(t.Context(), clientset.ForConn(nil), "/x"); err == nil || !strings.Contains(err.Error(), "ForConn") {
		t.Errorf("%v, want an error that names ForConn", err)
	}
	httpOnly := webClient(t, "https://hub.example.com/hub")
	err = list(t.Context(), httpOnly)
	if !errors.Is(err, clientset.ErrNoGRPC) || status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "HTTPClient") {
		t.Errorf("%v, want ErrNoGRPC", err)
	}
	if _, err = httpOnly.Run().WatchRuns(t.Context(), nil); !errors.Is(err, clientset.ErrNoGRPC) {
		t.Errorf("%v, want ErrNoGRPC of a stream", err)
	}
	if err := httpOnly.Login(t.Context()); err != nil {
		t.Errorf("login without gRPC: %v", err)
	}
	if got := httpOnly.Endpoint(); got != "hub.example.com:443" {
		t.Errorf("the endpoint is %q", got)
	}
	_, err = clientset.For(t.Context(), platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
		return platform.Target{}, nil
	}))
	if err == nil {
		t.Error("a target without any side is taken")
	}
}

func TestHTTPURLJoinsBaseAndPath(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"https://h.test":     "https://h.test/a/b%2Fc?x=1",
		"https://h.test/":    "https://h.test/a/b%2Fc?x=1",
		"https://h.test:1/p": "https://h.test:1/p/a/b%2Fc?x=1",
	} {
		cs := webClient(t, base)
		for _, path := range []string{"/a/b%2Fc?x=1", "a/b%2Fc?x=1"} {
			if got := cs.HTTPURL(path); got != want {
				t.Errorf("%s and %s: %s, want %s", base, path, got, want)
			}
		}
		if got := cs.HTTPURL("?x"); got != strings.TrimSuffix(base, "/")+"?x" {
			t.Errorf("%s and a query: %s", base, got)
		}
		if got := cs.HTTPURL(""); got != strings.TrimSuffix(base, "/") {
			t.Errorf("%s alone: %s", base, got)
		}
	}
}

func TestAWrongHTTPBaseIsAnErrorOfTheConstructor(t *testing.T) {
	t.Parallel()
	for base, origins := range map[string][]string{
		"hub.example.com":                 nil,
		"ftp://hub.example.com":           nil,
		"https://u:secret@h.example.com":  nil,
		"https://h.example.com/?x=secret": nil,
		"https://h.example.com":           {"ada.example.com"},
	} {
		for _, address := range []string{"", "flyte.example.com"} {
			_, err := clientset.ForEndpoint(address, clientset.WithHTTPBase(base, origins...), clientset.WithoutStore())
			own, ok := errors.AsType[*clientset.Error](err)
			if !ok || own.Op != "configure" || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v, want an Error of configure", base, err)
			}
		}
	}
}

func TestATargetBringsItsHTTPSide(t *testing.T) {
	t.Parallel()
	var seen []string
	other := api(t, func(_ http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
	})
	home := api(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		if r.Header.Get("Authorization") != "Bearer second" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	tokens := []string{"first", "second"}
	next := flow.Func{Name: "tokens", Login: func(context.Context, auth.Env, *auth.Credentials) (*auth.Credentials, error) {
		token := tokens[0]
		tokens = tokens[1:]
		return &auth.Credentials{AccessToken: token}, nil
	}}
	cs := made(t)(clientset.For(t.Context(), platform.ResolverFunc(func(context.Context, *http.Client) (platform.Target, error) {
		return platform.Target{
			HTTPBase: home.URL, Origins: []string{other.URL}, Flow: next,
			Rejected: func(_ *http.Request, answer *http.Response) bool { return answer.StatusCode == http.StatusTeapot },
		}, nil
	}), clientset.WithoutStore()))
	if code, _, err := get(t.Context(), cs, "/"); err != nil || code != http.StatusOK {
		t.Errorf("%d, %v", code, err)
	}
	answer, err := cs.HTTPClient().Get(other.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if want := "Bearer first Bearer second Bearer second"; strings.Join(seen, " ") != want {
		t.Errorf("sent %q, want %q", seen, want)
	}
}

func TestRequestsCarryUserAgentAndRequestID(t *testing.T) {
	t.Parallel()
	var seen http.Header
	s := api(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })
	for _, tt := range []struct {
		opts  []clientset.Option
		agent string
		id    bool
	}{
		{nil, "jetway/" + clientset.Version, true},
		{[]clientset.Option{clientset.WithUserAgent("nightly/2"), clientset.WithoutRequestID()}, "nightly/2 jetway/" + clientset.Version, false},
	} {
		if _, _, err := get(t.Context(), webClient(t, s.URL, tt.opts...), "/"); err != nil {
			t.Fatal(err)
		}
		if seen.Get("User-Agent") != tt.agent || (seen.Get("X-Request-ID") != "") != tt.id || seen.Get("Authorization") != "Bearer "+canaryToken {
			t.Errorf("sent %v, want the user agent %q", seen, tt.agent)
		}
	}
}

func TestOnlyReadsFollowRedirectsAndOnlyAtHome(t *testing.T) {
	t.Parallel()
	stranger := api(t, func(http.ResponseWriter, *http.Request) { t.Error("the stranger was asked") })
	friend := api(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Header.Get("Authorization")) })
	home := api(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	cs := webClient(t, home.URL, clientset.WithHTTPBase(home.URL, friend.URL))
	for _, tt := range []struct {
		method, to string
		code       int
	}{
		{"GET", friend.URL, 200},
		{"HEAD", friend.URL, 200},
		{"POST", friend.URL, 302},
		{"DELETE", friend.URL, 302},
		{"GET", stranger.URL, 302},
		{"GET", "https://" + strings.TrimPrefix(friend.URL, "http://"), 302},
		{"GET", "/?to=" + url.QueryEscape("/?to=/"), 302},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, cs.HTTPURL("?to="+url.QueryEscape(tt.to)), nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := cs.HTTPClient().Do(r)
		if err != nil {
			t.Errorf("%s to %s: %v", tt.method, tt.to, err)
			continue
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != tt.code || tt.method == "GET" && tt.code == 200 && string(text) != "Bearer "+canaryToken {
			t.Errorf("%s to %s: %s %q, want %d", tt.method, tt.to, answer.Status, text, tt.code)
		}
	}
}

func TestWithoutTLSNoRequestCarriesCredentials(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"http://hub.test", "https://hub.test"} {
		cs := webClient(t, base, clientset.WithHTTPBase(base, "http://hub.test"), clientset.WithoutRetry())
		answer, err := cs.HTTPClient().Get("http://hub.test/")
		if err == nil {
			_ = answer.Body.Close()
		}
		if !errors.Is(err, clientset.ErrPlaintext) || !errors.Is(err, httpauth.ErrPlaintext) {
			t.Errorf("%s: %v, want ErrPlaintext", base, err)
		}
	}
	if err := webClient(t, "http://hub.test").Login(t.Context()); !errors.Is(err, clientset.ErrPlaintext) {
		t.Errorf("login: %v, want ErrPlaintext", err)
	}
}

func TestRequestsHaveTheTLSAndProxySettings(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}))
	t.Cleanup(secure.Close)
	if _, _, err := get(t.Context(), webClient(t, secure.URL), "/"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v, want an error about the certificate, at once", err)
	}
	trusting := webClient(t, secure.URL, clientset.WithInsecureSkipVerify())
	if _, text, err := get(t.Context(), trusting, "/"); err != nil || text != "Bearer "+canaryToken {
		t.Errorf("%q, %v", text, err)
	}
	proxy := api(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "for "+r.URL.Host) })
	cs := webClient(t, "http://hub.test", clientset.WithProxyURL(proxy.URL), clientset.WithPlaintextCredentials())
	if _, text, err := get(t.Context(), cs, "/"); err != nil || text != "for hub.test" {
		t.Errorf("%q, %v, want the proxy's answer", text, err)
	}
}

func TestAProxysCredentialsGoWithHTTPRequestsToo(t *testing.T) {
	t.Parallel()
	var seen http.Header
	s := api(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })
	cluster := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", s.Listener.Addr().String())
	}}
	t.Cleanup(cluster.CloseIdleConnections)
	for base, opts := range map[string][]clientset.Option{
		s.URL:                          nil,
		"http://hub.cluster.internal/": {clientset.WithPlaintextCredentials(), clientset.WithHTTPClient(&http.Client{Transport: cluster})},
	} {
		seen = nil
		cs := webClient(t, base, append(opts, clientset.WithProxyFlow(flow.StaticToken(canaryProxy), nil))...)
		if _, _, err := get(t.Context(), cs, "/"); err != nil {
			t.Fatal(err)
		}
		if seen.Get("Proxy-Authorization") != "Bearer "+canaryProxy || seen.Get("Authorization") != "Bearer "+canaryToken {
			t.Errorf("%s: sent %v", base, seen)
		}
	}
}

func TestRequestsOfAClientWithoutALoginCarryNone(t *testing.T) {
	t.Parallel()
	var seen http.Header
	s := api(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })
	cs := made(t)(clientset.ForEndpoint("", clientset.WithHTTPBase(s.URL), clientset.WithoutStore(), clientset.WithoutAuth()))
	if _, _, err := get(t.Context(), cs, "/"); err != nil || seen.Get("Authorization") != "" {
		t.Errorf("%v, sent %v", err, seen)
	}
}
