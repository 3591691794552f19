package kernel_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/nublado/kernel"
)

func TestARefusedHandshakeSaysWhy(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status            int
		kind, body        string
		want              error
		contains, without string
	}{
		{401, "application/json", `{"message":"Unauthorized","reason":null}`, kernel.ErrDenied, "[HTTP 401]: Unauthorized", "reason"},
		{403, "text/plain", "no scope exec:notebook", kernel.ErrDenied, "[HTTP 403]: no scope exec:notebook", ""},
		{403, "text/html; charset=UTF-8", "<html>Forbidden</html>", kernel.ErrDenied, "[HTTP 403]", "html"},
		{404, "application/json", `{"message":"Kernel does not exist: k-1"}`, kernel.ErrNoKernel, "[HTTP 404]: Kernel does not exist: k-1", ""},
		{404, "text/html", "<h1>404</h1>", kernel.ErrNoKernel, "[HTTP 404]", "h1"},
		{424, "application/json", `{"message":"alice is not running"}`, kernel.ErrDial, "[HTTP 424]: alice is not running", ""},
		{500, "text/plain", "a\x1b[31m\nstrange\x00answer", kernel.ErrDial, "[HTTP 500]: a [31m strange answer", "\x1b"},
		{502, "text/plain", strings.Repeat("a word ", 10_000), kernel.ErrDial, "[HTTP 502]: a word", strings.Repeat("a word ", 60)},
		{200, "text/plain", "", kernel.ErrDial, "[HTTP 200]", ""},
	} {
		s := start(t, &server{check: func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", tt.kind)
			w.WriteHeader(tt.status)
			fmt.Fprint(w, tt.body)
			return false
		}})
		c, err := kernel.Dial(t.Context(), s.hc, address, nil)
		var e *kernel.Error
		if c != nil || !errors.As(err, &e) || !errors.Is(err, tt.want) || e.Status != tt.status || e.Sent || !strings.Contains(err.Error(), tt.contains) ||
			tt.without != "" && strings.Contains(err.Error(), tt.without) {
			t.Errorf("%d %q: %v", tt.status, tt.body, err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"https://login.example.com/oauth?state=gt-canary": "redirects to https://login.example.com/oauth;",
		"/user/alice/other?token=gt-canary":               "redirects to http://lab.example.com/user/alice/other;",
		"":                                                "redirects, to nowhere",
	} {
		asked := 0
		s := start(t, &server{check: func(w http.ResponseWriter, _ *http.Request) bool {
			asked++
			if location != "" {
				w.Header().Set("Location", location)
			}
			w.WriteHeader(http.StatusFound)
			return false
		}})
		_, err := kernel.Dial(t.Context(), s.hc, address, bearer("gt-canary"))
		if !errors.Is(err, kernel.ErrDenied) || asked != 1 || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v after %d requests", location, err, asked)
		}
	}
}

func TestAnAddressThatIsNoneIsRefusedWithoutShowingIt(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "lab.example.com/canary", "ftp://lab/canary", "http:///canary", "http://lab:canary/x", "ws://%zzcanary", "/user/canary", "file:///canary"} {
		if _, err := kernel.Dial(t.Context(), nil, at, nil); !errors.Is(err, kernel.ErrDial) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestTheHandshakeCarriesHeadersCookiesAndTheClientsCredentials(t *testing.T) {
	t.Parallel()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(&url.URL{Scheme: "http", Host: "lab.example.com", Path: "/"}, []*http.Cookie{{Name: "lab", Value: "from-the-jar"}})
	for _, at := range []string{address, strings.Replace(address, "http", "ws", 1)} {
		var got http.Header
		s := start(t, &server{form: v1, execute: echo, check: func(_ http.ResponseWriter, r *http.Request) bool {
			got = r.Header
			return true
		}})
		hc := &http.Client{Jar: jar, Timeout: time.Minute, Transport: adding{s.hc.Transport}}
		c, err := kernel.Dial(t.Context(), hc, at, http.Header{"X-Xsrftoken": {"xsrf"}})
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if got.Get("Cookie") != "lab=from-the-jar" || got.Get("X-Xsrftoken") != "xsrf" || got.Get("Authorization") != "Bearer of-the-transport" ||
			got.Get("Sec-WebSocket-Protocol") != v1 || got.Get("Origin") != "" {
			t.Errorf("%s: %v", at, got)
		}
	}
}

// adding is a transport that attaches credentials.
type adding struct{ next http.RoundTripper }

func (a adding) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer of-the-transport")
	return a.next.RoundTrip(r)
}

func TestTheHandshakeHasALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &server{check: func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }})
		for _, tt := range []struct {
			opts  []kernel.Option
			ctx   time.Duration
			limit time.Duration
			text  string
		}{
			{nil, time.Hour, time.Minute, "no answer within 1m0s"},
			{[]kernel.Option{kernel.WithOpenTimeout(5 * time.Second)}, time.Hour, 5 * time.Second, "WithOpenTimeout"},
			{[]kernel.Option{kernel.WithOpenTimeout(-1)}, 2 * time.Second, 2 * time.Second, "context deadline exceeded"},
		} {
			ctx, cancel := context.WithTimeout(t.Context(), tt.ctx)
			begun := time.Now()
			_, err := kernel.Dial(ctx, s.hc, address, nil, tt.opts...)
			if took := time.Since(begun); !errors.Is(err, kernel.ErrDial) || !errors.Is(err, context.DeadlineExceeded) || took != tt.limit || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%v after %v, want %v", err, took, tt.limit)
			}
			cancel()
		}
	})
}

func TestAnOpenConnectionOutlivesItsHandshakesLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &server{form: v1, execute: echo})
		s.hc.Timeout = time.Minute
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		c, err := kernel.Dial(ctx, s.hc, address, nil, kernel.WithOpenTimeout(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		time.Sleep(time.Hour)
		cancel()
		if r, err := c.Run(t.Context(), "x"); err != nil || r.Stdout != "x" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

var errNetwork = errors.New("no route to host")

type failing struct{ text func(*http.Request) string }

func (f failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%s: %w", f.text(r), errNetwork)
}

// Servers, proxies and networks repeat what they were sent; errors do not.
func TestErrorsShowNoCredentials(t *testing.T) {
	t.Parallel()
	const token, cookie, query, xsrf, password = "gt-canary-token", "canary-cookie-value", "canary-query-token", "canary-xsrf-value", "canary-password"
	secret := func(t *testing.T, err error) {
		t.Helper()
		if err == nil {
			t.Fatal("no error")
		}
		var e *kernel.Error
		if !errors.As(err, &e) {
			t.Fatalf("%T", err)
		}
		for _, text := range []string{err.Error(), fmt.Sprintf("%v %s", e, e.Detail), fmt.Sprint(errors.Unwrap(e.Err), e.Err)} {
			for _, s := range []string{token, cookie, query, xsrf, password} {
				for _, form := range secrettest.Forms(s) {
					if strings.Contains(text, form.Text) {
						t.Errorf("%s shows a secret, %s", text, form.Name)
					}
				}
			}
		}
	}
	at := "http://alice:" + password + "@lab.example.com/user/alice/api/kernels/k-1/channels?token=" + query
	header := http.Header{
		"Authorization": {"Bearer " + token}, "Cookie": {"jupyterhub-user-alice=\"" + cookie + "\"; other=1"}, "X-Xsrftoken": {xsrf}, "Accept": {"*/*"},
	}
	echoed := func(r *http.Request) string {
		return fmt.Sprint(r.URL.String(), r.Header, r.URL.Query(), url.QueryEscape(query), password)
	}
	network := &http.Client{Transport: failing{echoed}}
	_, err := kernel.Dial(t.Context(), network, at, header)
	if secret(t, err); !errors.Is(err, errNetwork) {
		t.Errorf("%v is not the network's error", err)
	}
	answer := start(t, &server{check: func(w http.ResponseWriter, r *http.Request) bool {
		http.Error(w, echoed(r), http.StatusForbidden)
		return false
	}})
	_, err = kernel.Dial(t.Context(), answer.hc, at, header)
	secret(t, err)
	farewell := start(t, &server{form: v1, execute: func(k *link, _ request) { k.ws.Close(4000, "bye "+token+" "+cookie) }})
	c, err := kernel.Dial(t.Context(), farewell.hc, at, header)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Run(t.Context(), "x")
	if secret(t, err); !strings.Contains(err.Error(), "[close code 4000]: bye") {
		t.Error(err)
	}
}

func TestAServerThatSpeaksNoWebsocketIsAnError(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]http.Header{
		"no accept":         {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Accept": {"wrong"}},
		"another protocol":  {"Connection": {"Upgrade"}, "Upgrade": {"h2c"}},
		"another message":   {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Protocol": {"v9"}},
		"an extension more": {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Extensions": {"x-other"}},
	} {
		s := start(t, &server{check: func(w http.ResponseWriter, _ *http.Request) bool {
			maps.Copy(w.Header(), headers)
			w.WriteHeader(http.StatusSwitchingProtocols)
			return false
		}})
		if _, err := kernel.Dial(t.Context(), s.hc, address, nil); !errors.Is(err, kernel.ErrProtocol) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
