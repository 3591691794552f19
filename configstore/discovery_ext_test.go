package configstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
)

const (
	oauthPath  = "/.well-known/oauth-authorization-server"
	openidPath = "/.well-known/openid-configuration"
)

// site is an HTTP server with fixed pages that remembers what was asked.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func newSite(t *testing.T, pages map[string]http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		if page, ok := pages[r.URL.Path]; ok {
			page(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p []string
	for _, r := range s.asked {
		p = append(p, r.URL.Path)
	}
	return p
}

// document answers a metadata document; %s in it becomes the server's address.
func document(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.ReplaceAll(text, "%s", "http://"+r.Host))
	}
}

func page(code int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

func TestDiscoveryTriesTheURLsInOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, path, at string
		asked          []string
	}{
		{"no path, RFC 8414", "", oauthPath, []string{oauthPath}},
		{"no path, OpenID", "", openidPath, []string{oauthPath, openidPath}},
		{"path, RFC 8414 inserted", "/realms/a", oauthPath + "/realms/a", []string{oauthPath + "/realms/a"}},
		{"path, OpenID appended", "/realms/a", "/realms/a" + openidPath, []string{oauthPath + "/realms/a", "/realms/a" + openidPath}},
		{"path, RFC 8414 appended", "/realms/a", "/realms/a" + oauthPath,
			[]string{oauthPath + "/realms/a", "/realms/a" + openidPath, "/realms/a" + oauthPath}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]http.HandlerFunc{c.at: document(`{"issuer":"%s` + c.path + `","token_endpoint":"%s/token"}`)})
			got, err := configstore.Discovery(s.URL+c.path, s.Client()).ClientConfig(t.Context())
			want := configstore.ClientConfig{Issuer: s.URL + c.path, TokenEndpoint: s.URL + "/token"}
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
			if diff := cmp.Diff(c.asked, s.paths()); diff != "" {
				t.Errorf("asked: %s", diff)
			}
		})
	}
}

func TestDiscoveryFollowsTheNamedIssuerOnce(t *testing.T) {
	t.Parallel()
	// Given an identity provider, and a Flyte host that publishes its document
	// in camelCase,
	idp := newSite(t, map[string]http.HandlerFunc{"/dex" + openidPath: document(`{"issuer":"%s/dex","token_endpoint":"%s/dex/token"}`)})
	host := newSite(t, map[string]http.HandlerFunc{
		oauthPath: document(fmt.Sprintf(`{"issuer":%q,"tokenEndpoint":"https://not-believed.example/token"}`, idp.URL+"/dex"))})
	// when the host is asked
	got, err := configstore.Discovery(host.URL, idp.Client()).ClientConfig(t.Context())
	// then the provider's own word counts.
	want := configstore.ClientConfig{Issuer: idp.URL + "/dex", TokenEndpoint: idp.URL + "/dex/token"}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}

	// A second hop is refused, even a loop back.
	loop := newSite(t, map[string]http.HandlerFunc{oauthPath: document(fmt.Sprintf(`{"issuer":%q,"token_endpoint":"%%s/t"}`, host.URL))})
	_, err = configstore.Discovery(loop.URL, loop.Client()).ClientConfig(t.Context())
	if !errors.Is(err, configstore.ErrInvalid) || !strings.Contains(err.Error(), "8414") || !strings.Contains(err.Error(), idp.URL) {
		t.Errorf("got %v", err)
	}
	if n := len(idp.paths()); n != 2 {
		t.Errorf("the provider was asked %d times, want 2", n)
	}
}

func TestDiscoveryIgnoresATrailingSlash(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{oauthPath: document(`{"issuer":"%s/","token_endpoint":"%s/token"}`)})
	for _, issuer := range []string{s.URL, s.URL + "/"} {
		got, err := configstore.Discovery(issuer, s.Client()).ClientConfig(t.Context())
		if err != nil || got.Issuer != s.URL+"/" {
			t.Errorf("%s: %+v, %v", issuer, got, err)
		}
	}
}

func TestDiscoveryRefusesBadAnswers(t *testing.T) {
	t.Parallel()
	const canary = "hunter2-canary"
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		is     error // nil: passing trouble
		code   codes.Code
		want   string
	}{
		{"not there", http.NotFound, configstore.ErrNotFound, codes.Unimplemented, "404"},
		{"not configured", page(501, "text/plain", canary), configstore.ErrNotFound, codes.Unimplemented, "501"},
		{"HTML", page(200, "text/html", "<html>"+canary), configstore.ErrInvalid, codes.FailedPrecondition, "web page"},
		{"HTML unlabelled", page(200, "", "\n <!doctype html>"+canary), configstore.ErrInvalid, codes.FailedPrecondition, "web page"},
		{"text", page(200, "text/plain", canary), configstore.ErrInvalid, codes.FailedPrecondition, "not a JSON document"},
		{"JSON of another kind", page(200, "application/json", `{"token":"`+canary+`"}`), configstore.ErrInvalid, codes.FailedPrecondition, "names no issuer"},
		{"no token endpoint", document(`{"issuer":"%s"}`), configstore.ErrInvalid, codes.FailedPrecondition, "no token_endpoint"},
		{"plaintext endpoint", document(`{"issuer":"%s","token_endpoint":"http://idp.example/` + canary + `"}`), configstore.ErrInvalid, codes.FailedPrecondition, "plain http"},
		{"password in endpoint", document(`{"issuer":"%s","token_endpoint":"https://u:` + canary + `@h/"}`), configstore.ErrInvalid, codes.FailedPrecondition, "password"},
		{"hop to plaintext", document(`{"issuer":"http://idp.example","token_endpoint":"%s/token"}`), configstore.ErrInvalid, codes.FailedPrecondition, "the issuer named by"},
		{"hop to a query", document(`{"issuer":"%s/?x","token_endpoint":"%s/token"}`), configstore.ErrInvalid, codes.FailedPrecondition, "query"},
		{"too large", page(200, "application/json", strings.Repeat(" ", 1<<20+1)), configstore.ErrInvalid, codes.FailedPrecondition, "larger than 1048576 bytes"},
		{"refused", page(403, "text/plain", canary), configstore.ErrInvalid, codes.FailedPrecondition, "403"},
		{"sent to nonsense", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://"+strings.Repeat("h", 5000)+"/")
			w.WriteHeader(http.StatusFound)
		}, configstore.ErrInvalid, codes.FailedPrecondition, "the server redirects (HTTP 302)"},
		{"no content", page(204, "", ""), configstore.ErrInvalid, codes.FailedPrecondition, "204"},
		{"down", page(503, "text/plain", canary), nil, codes.Unavailable, "503"},
		{"busy", page(429, "text/plain", canary), nil, codes.Unavailable, "429"},
		{"cut off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, canary)
		}, nil, codes.Unavailable, "unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, map[string]http.HandlerFunc{oauthPath: c.answer})
			got, err := configstore.Discovery(s.URL, s.Client()).ClientConfig(t.Context())
			var e *configstore.Error
			if !errors.As(err, &e) || e.Op != "discover" || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %+v, %v; want an error that says %q", got, err, c.want)
			}
			for _, sentinel := range []error{configstore.ErrInvalid, configstore.ErrNotFound, configstore.ErrNoLogin} {
				if errors.Is(err, sentinel) != errors.Is(c.is, sentinel) {
					t.Errorf("%v: errors.Is(%v) = %v", err, sentinel, errors.Is(err, sentinel))
				}
			}
			if status.Code(err) != c.code || strings.Contains(err.Error(), canary) || len(err.Error()) > 400 {
				t.Errorf("%v: %v", status.Code(err), err)
			}
		})
	}
}

func TestDiscoveryReturnsTheErrorThatSaysMost(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{"/a" + openidPath: page(503, "text/plain", "")})
	_, err := configstore.Discovery(s.URL+"/a", s.Client()).ClientConfig(t.Context())
	if err == nil || !strings.Contains(err.Error(), "503") || errors.Is(err, configstore.ErrNotFound) || len(s.paths()) != 3 {
		t.Errorf("asked %v, got %v", s.paths(), err)
	}
}

func TestDiscoveryFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 303, 307, 308} {
		for _, where := range []string{"same host", "other host", "https to http"} {
			t.Run(fmt.Sprintf("%d/%s", code, where), func(t *testing.T) {
				t.Parallel()
				// Given a server that sends every request on to a page that would serve,
				var asked, arrived atomic.Int32
				believed := func(w http.ResponseWriter, r *http.Request) {
					arrived.Add(1)
					document(`{"issuer":"%s","token_endpoint":"%s/token"}`)(w, r)
				}
				other := httptest.NewServer(http.HandlerFunc(believed))
				defer other.Close()
				target := other.URL
				mux := http.NewServeMux()
				mux.HandleFunc("/elsewhere", believed)
				mux.HandleFunc("/.well-known/", func(w http.ResponseWriter, r *http.Request) {
					asked.Add(1)
					http.Redirect(w, r, target+"/elsewhere?code=hunter2", code)
				})
				start := httptest.NewServer
				if where == "https to http" {
					start = httptest.NewTLSServer
				}
				s := start(mux)
				defer s.Close()
				if where == "same host" {
					target = s.URL
				}
				// and a client that would follow,
				_, err := configstore.Discovery(s.URL, s.Client()).ClientConfig(t.Context())
				// then nothing arrives there and the error names the host and no more.
				if asked.Load() != 2 || arrived.Load() != 0 {
					t.Errorf("asked in %d places, %d requests arrived elsewhere", asked.Load(), arrived.Load())
				}
				if !errors.Is(err, configstore.ErrInvalid) || !strings.Contains(err.Error(), fmt.Sprintf("%q (HTTP %d)", target, code)) ||
					strings.Contains(err.Error(), "hunter2") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestDiscoverySendsNoCredentials(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{oauthPath: document(`{"issuer":"%s","token_endpoint":"%s/token"}`)})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := url.Parse(s.URL)
	jar.SetCookies(u, []*http.Cookie{{Name: "session", Value: "hunter2"}})
	hc := s.Client()
	hc.Jar = jar
	if _, err := configstore.Discovery(s.URL, hc).ClientConfig(t.Context()); err != nil {
		t.Fatal(err)
	}
	if h := s.asked[0].Header; h.Get("Cookie") != "" || h.Get("Authorization") != "" || h.Get("Accept") != "application/json" {
		t.Errorf("headers %v", h)
	}
	if hc.Jar == nil || hc.CheckRedirect != nil || hc.Timeout != 0 {
		t.Error("the caller's client was changed")
	}
	// An address with a password is refused before anything is sent.
	_, err = configstore.Discovery(strings.Replace(s.URL, "//", "//u:hunter2@", 1), nil).ClientConfig(t.Context())
	if !errors.Is(err, configstore.ErrInvalid) || strings.Contains(err.Error(), "hunter2") || len(s.paths()) != 1 {
		t.Errorf("got %v", err)
	}
}

func TestDiscoveryAsksAnUnreachableHostOnce(t *testing.T) {
	t.Parallel()
	var dialled []string
	hc := &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, _, addr string) (net.Conn, error) {
		dialled = append(dialled, addr)
		return nil, errors.New("network is unreachable")
	}}}
	_, err := configstore.Discovery("https://idp.example/a", hc).ClientConfig(t.Context())
	if err == nil || status.Code(err) != codes.Unavailable || !slices.Equal(dialled, []string{"idp.example:443"}) {
		t.Errorf("dialled %v, got %v", dialled, err)
	}
}

func TestDiscoveryHasATimeLimit(t *testing.T) {
	t.Parallel()
	silent := func(client *http.Client) *http.Client {
		client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		return client
	}
	for _, c := range []struct {
		name        string
		client      *http.Client
		caller      time.Duration
		want        time.Duration
		code        codes.Code
		isCtxsError bool
	}{
		{"the caller's deadline", &http.Client{}, 2 * time.Second, 2 * time.Second, codes.DeadlineExceeded, true},
		{"the default limit", &http.Client{}, time.Hour, 30 * time.Second, codes.Unavailable, false},
		{"the client's own limit", &http.Client{Timeout: 5 * time.Second}, time.Hour, 5 * time.Second, codes.Unavailable, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), c.caller)
				defer cancel()
				start := time.Now()
				_, err := configstore.Discovery("https://idp.example", silent(c.client)).ClientConfig(ctx)
				if d := time.Since(start); d != c.want || status.Code(err) != c.code || errors.Is(err, context.DeadlineExceeded) != c.isCtxsError {
					t.Errorf("after %v: %v", d, err)
				}
			})
		})
	}
}

// Whatever comes of an answer, its connection is free again.
func TestDiscoveryClosesEveryAnswer(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 302, 404, 503} {
		var opened, closed int
		hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			opened++
			return &http.Response{StatusCode: code, Request: r, Header: http.Header{}, Body: closer{strings.NewReader("{}"), &closed}}, nil
		})}
		if _, err := configstore.Discovery("https://idp.example", hc).ClientConfig(t.Context()); err == nil {
			t.Errorf("HTTP %d: no error", code)
		}
		if opened != 2 || closed != opened {
			t.Errorf("HTTP %d: %d of %d answers were closed", code, closed, opened)
		}
	}
}

// closer is a body that counts how often it is closed.
type closer struct {
	io.Reader
	n *int
}

func (c closer) Close() error { *c.n++; return nil }

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDiscoveryWithoutClientHasOneOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{oauthPath: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": "http://" + r.Host, "token_endpoint": "https://idp.example/token"})
	}})
	got, err := configstore.Discovery(s.URL, nil).ClientConfig(t.Context())
	if err != nil || got.TokenEndpoint != "https://idp.example/token" {
		t.Errorf("got %+v, %v", got, err)
	}
}
