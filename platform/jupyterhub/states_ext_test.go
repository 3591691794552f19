package jupyterhub_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// tab is a browser that has pages of a service open, and follows no redirect.
type tab struct {
	t    *testing.T
	http *http.Client
	url  *url.URL // of the service
}

func newTab(t *testing.T, a *jupyterhub.Auth) *tab {
	t.Helper()
	s := httptest.NewServer(a.Middleware(whoami(nil)))
	t.Cleanup(s.Close)
	c := client(t)
	c.Jar, _ = cookiejar.New(nil)
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	u, err := url.Parse(s.URL + "/services/svc/")
	if err != nil {
		t.Fatal(err)
	}
	return &tab{t, c, u}
}

// get requests a path below the service with these headers.
func (b *tab) get(path string, headers ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url.String()+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return answer{status: resp.StatusCode, header: resp.Header}
}

// begin opens a page and returns the state of the login that begins.
func (b *tab) begin(page string) string {
	b.t.Helper()
	got := b.get(page, "Accept", "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Site", "none")
	to, err := url.Parse(got.header.Get("Location"))
	if err != nil || got.status != http.StatusFound {
		b.t.Fatalf("%d to %q", got.status, got.header.Get("Location"))
	}
	return to.Query().Get("state")
}

// states returns how many logins are in progress, and the size of all cookies.
func (b *tab) states() (n, size int) {
	for _, c := range b.http.Jar.Cookies(b.url) {
		if strings.Contains(c.Name, "-oauth-state-") {
			n++
		}
		size += len(c.String()) + len("; ")
	}
	return n, size
}

func TestAPollIsAnsweredInJSONWithoutRedirectAndCookie(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	for name, headers := range map[string][]string{
		"fetch":                   {"Accept", "*/*", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty", "Sec-Fetch-Site", "same-origin"},
		"fetch that wants HTML":   {"Accept", "text/html", "Sec-Fetch-Mode", "same-origin"},
		"no mode":                 {"Accept", "text/html", "Sec-Fetch-Site", "same-origin"},
		"image":                   {"Accept", "image/avif,image/webp,*/*;q=0.8", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"},
		"older browser":           {"Accept", "*/*"},
		"older browser, image":    {"Accept", "image/webp,*/*;q=0.8"},
		"older browser, jQuery":   {"Accept", "text/html, */*; q=0.01", "X-Requested-With", "XMLHttpRequest"},
		"websocket":               {"Upgrade", "websocket", "Connection", "Upgrade", "Sec-Fetch-Mode", "websocket"},
		"older browser, socket":   {"Upgrade", "websocket", "Connection", "Upgrade"},
		"program with any accept": {"Accept", "application/json, */*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newTab(t, identifier(t, h))
			for i := range 300 {
				got := b.get("api/status", headers...)
				if got.status != http.StatusForbidden || got.header.Get("Content-Type") != "application/json" ||
					got.header.Get("Location") != "" || len(got.cookies()) != 0 {
					t.Fatalf("poll %d: %d to %q with cookies %v", i, got.status, got.header.Get("Location"), got.cookies())
				}
			}
			if n, size := b.states(); n != 0 || size != 0 {
				t.Errorf("%d logins and %d bytes of cookies after 300 polls", n, size)
			}
		})
	}
}

func TestABrowserThatAsksForAPageIsRedirected(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h)
	for name, headers := range map[string][]string{
		"browser":       {"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
		"frame":         {"Accept", "text/html,*/*;q=0.8", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"},
		"older browser": {"Accept", "text/html, application/xhtml+xml, */*"},
		"capitals":      {"Accept", "Text/HTML"},
	} {
		w := visit(a, "GET", "/services/svc/", nil, headers...)
		if w.status != http.StatusFound || len(w.cookies()) != 1 {
			t.Errorf("%s: %d with cookies %v, want a redirect and one", name, w.status, w.cookies())
		}
	}
}

func TestABrowserKeepsAFewLoginsInProgress(t *testing.T) {
	t.Parallel()
	h := &told{answer: func() (int, string) {
		return http.StatusOK, `{"access_token":"t","name":"alice","scopes":["access:services!service=svc"]}`
	}}
	for name, page := range map[string]string{"short": "page", "long": "page?" + strings.Repeat("q", 1500)} {
		a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
			Config: jupyterhub.Config{ServiceName: "svc", LookupEnv: env(map[string]string{"JUPYTERHUB_API_TOKEN": "own"})},
			HTTP:   &http.Client{Transport: h},
		})
		if err != nil {
			t.Fatal(err)
		}
		// Given a page that is loaded again and again and never logged in ...
		b := newTab(t, a)
		var begun []string
		for range 300 {
			begun = append(begun, b.begin(page))
			if n, size := b.states(); n > 5 || size > 8<<10 {
				t.Fatalf("%s: %d logins in %d bytes of cookies", name, n, size)
			}
		}
		// ... then the last logins can be finished, in any order, and each ends its own cookie.
		before, _ := b.states()
		for i, state := range []string{begun[298], begun[299]} {
			got := b.get("oauth_callback?" + url.Values{"code": {"c"}, "state": {state}}.Encode())
			if got.status != http.StatusFound || got.header.Get("Location") != "/services/svc/"+page {
				t.Errorf("%s: callback %d: %d to %q", name, i, got.status, got.header.Get("Location"))
			}
			if n, _ := b.states(); n != before-1-i {
				t.Errorf("%s: %d logins in progress after callback %d, want %d", name, n, i, before-1-i)
			}
		}
		if got := b.get("oauth_callback?" + url.Values{"code": {"c"}, "state": {begun[0]}}.Encode()); got.status != http.StatusForbidden {
			t.Errorf("%s: a login that was dropped: %d", name, got.status)
		}
	}
}

func TestManyOldStateCookiesAreDropped(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	b := newTab(t, identifier(t, h))
	var old []*http.Cookie
	for i := range 60 {
		old = append(old, &http.Cookie{Name: "service-svc-oauth-state-" + strings.Repeat("x", i+1), Value: "unreadable", Path: "/services/svc/"})
	}
	old = append(old, &http.Cookie{Name: "another", Value: "stays", Path: "/services/svc/"})
	b.http.Jar.SetCookies(b.url, old)
	for range 4 { // an answer can delete some only
		b.begin("page")
	}
	if n, _ := b.states(); n != 4 {
		t.Errorf("%d logins in progress, want the new ones", n)
	}
	if len(b.http.Jar.Cookies(b.url)) != 5 {
		t.Errorf("cookies %v, want another one's too", b.http.Jar.Cookies(b.url))
	}
}

func TestALoginThatTheHubRejectsEndsItsOwnStateOnly(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	b := newTab(t, identifier(t, h))
	first := b.begin("one")
	b.begin("two")
	for _, state := range []string{first[:8] + "AAAA", "", "unknown-state"} {
		b.get("oauth_callback?" + url.Values{"error": {"access_denied"}, "state": {state}}.Encode())
		if n, _ := b.states(); n != 2 {
			t.Errorf("%q: %d logins in progress, want both", state, n)
		}
	}
	got := b.get("oauth_callback?" + url.Values{"error": {"access_denied"}, "state": {first}}.Encode())
	if n, _ := b.states(); n != 1 || got.status != http.StatusBadRequest {
		t.Errorf("%d, %d logins in progress, want the other one", got.status, n)
	}
}
