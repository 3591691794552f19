package console_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/console"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestAttachRefusesWhatOtherMachinesReach(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]mockserver.Option{
		"HTTP side on every address": {mockserver.WithHTTPAddress("0.0.0.0:0")},
		"calls on every address":     {mockserver.WithAddress(":0")},
		"IPv6":                       {mockserver.WithHTTPAddress("[::]:0")},
	} {
		s := mocktest.New(t, opts...)
		if _, err := console.Attach(s); !errors.Is(err, console.ErrNotLoopback) {
			t.Errorf("%s: %v", name, err)
		}
		resp, _ := (&visitor{http: s.HTTPClient()}).get(t, strings.NewReplacer("[::]", "127.0.0.1", "0.0.0.0", "127.0.0.1").Replace(s.HTTPURL())+console.Path)
		if resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: the console is there: %s", name, resp.Status)
		}
	}
	for name, opts := range map[string][]mockserver.Option{
		"a unix socket": {mockserver.WithUnixSocket(t.TempDir() + "/s")}, "memory": {mockserver.WithInMemory()}, "TLS": {mockserver.WithTLS()},
	} {
		s, c := attached(t, opts...)
		v := visit(t, s, c)
		if resp, _ := v.get(t, s.HTTPURL()+console.Path); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}

func TestConsoleIsOffUnlessAttached(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	if resp, _ := (&visitor{http: s.HTTPClient()}).get(t, s.HTTPURL()+console.Path); resp.StatusCode != http.StatusNotFound {
		t.Errorf("%s", resp.Status)
	}
}

func TestAddressServesOnceAndLeavesNoCode(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	address := c.Address()
	plain := &http.Client{Transport: s.HTTPClient().Transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	v := &visitor{http: plain, base: s.HTTPURL()}
	resp, _ := v.get(t, address)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != console.Path {
		t.Errorf("first: %s to %q", resp.Status, resp.Header.Get("Location"))
	}
	cookies := resp.Cookies
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	cookie := cookies[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || cookie.Path != console.Path || cookie.Domain != "" ||
		strings.Contains(address, cookie.Value) {
		t.Errorf("cookie %v", cookie)
	}
	if port := s.HTTPURL()[strings.LastIndexByte(s.HTTPURL(), ':')+1:]; !strings.HasSuffix(cookie.Name, port) {
		t.Errorf("cookie %q is that of any port", cookie.Name)
	}
	if resp, body := v.get(t, address); resp.StatusCode != http.StatusUnauthorized || len(resp.Cookies) > 0 || strings.Contains(body, "csrf") {
		t.Errorf("second: %s, %v", resp.Status, resp.Cookies)
	}
	for name, headers := range map[string][]string{"no cookie": nil, "another cookie": {"Cookie", cookie.Name + "=X"}} {
		for _, path := range []string{"", "/events"} {
			if resp, body := v.get(t, s.HTTPURL()+console.Path+path, headers...); resp.StatusCode != http.StatusUnauthorized || strings.Contains(body, s.Issuer()) {
				t.Errorf("%s, %q: %s", name, path, resp.Status)
			}
		}
	}
	if resp, _ := v.get(t, s.HTTPURL()+console.Path, "Cookie", cookie.Name+"="+cookie.Value); resp.StatusCode != http.StatusOK {
		t.Errorf("with the cookie: %s", resp.Status)
	}
	old := c.Address()
	for range 8 {
		c.Address()
	}
	if resp, _ := v.get(t, old); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("an address before the eight latest: %s", resp.Status)
	}
}

func TestEveryNameOfThisMachineServes(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{http: &http.Client{Transport: s.HTTPClient().Transport, Jar: jar}}
	if resp, _ := v.get(t, strings.Replace(c.Address(), "127.0.0.1", "localhost", 1)); resp.StatusCode != http.StatusOK {
		t.Errorf("localhost: %s", resp.Status)
	}
}

func TestPortOfTheCallsServesItWithAFront(t *testing.T) {
	t.Parallel()
	for _, front := range []bool{true, false} {
		var opts []mockserver.Option
		if front {
			opts = append(opts, mockserver.WithHTTPFront())
		}
		s, c := attached(t, opts...)
		v := visit(t, s, c)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+console.Path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := v.http.Do(r)
		if err == nil {
			_ = resp.Body.Close()
		}
		if served := err == nil && resp.StatusCode == http.StatusOK; served != front {
			t.Errorf("with a front %t: %t, %v", front, served, err)
		}
	}
}

// A reload of the printed address in a browser that is logged in does no harm.
func TestAddressIsForgottenByThePage(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	if resp, _ := v.get(t, s.HTTPURL()+console.Path+"?code=USED"); resp.StatusCode != http.StatusOK || resp.URL.RawQuery != "" {
		t.Errorf("%s at %s", resp.Status, resp.URL)
	}
}

func TestNewAddressIsShownToTheOwnerOnly(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t)
	shown := make(chan string, 10)
	c, err := console.Attach(s, console.WithReopen(func(address string) { shown <- address }))
	if err != nil {
		t.Fatal(err)
	}
	old := c.Address()
	v := &visitor{http: s.HTTPClient(), base: s.HTTPURL()}
	for range 3 {
		resp, body := v.get(t, s.HTTPURL()+console.Path)
		if resp.StatusCode != http.StatusUnauthorized || strings.Contains(body, "code=") {
			t.Errorf("%s", resp.Status)
		}
	}
	if len(shown) != 1 {
		t.Fatalf("%d addresses were shown", len(shown))
	}
	if resp, _ := v.get(t, old); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("the old address: %s", resp.Status)
	}
	if resp, _ := v.get(t, <-shown); resp.URL.Path != console.Path || resp.URL.RawQuery != "" {
		t.Errorf("the new address led to %s", resp.URL)
	}
}

// What a page of another origin, or a host name that leads to this machine, can send.
func TestOthersCanNeitherReadNorPost(t *testing.T) {
	t.Parallel()
	s, c := attached(t, mockserver.WithHTTPFront())
	v := visit(t, s, c)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.HTTPURL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	for name, headers := range map[string][]string{
		"a rebinding host name":             {"Host", "evil.example:" + port},
		"this machine with another port":    {"Host", "127.0.0.1:1"},
		"a host name without a port":        {"Host", "localhost"},
		"a host name that begins well":      {"Host", "localhost:" + port + ".evil.example"},
		"a page of another site":            {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a page of another port":            {"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:1"},
		"a link on a page of another site":  {"Sec-Fetch-Site", "cross-site", "Origin", ""},
		"an old browser, from another page": {"Sec-Fetch-Site", "", "Origin", "https://evil.example"},
		"an old browser, from a sandbox":    {"Sec-Fetch-Site", "", "Origin", "null"},
		"a subdomain":                       {"Sec-Fetch-Site", "same-origin", "Origin", "http://x.localhost:" + port},
		"the same host by another scheme":   {"Sec-Fetch-Site", "same-origin", "Origin", "https://127.0.0.1:" + port},
	} {
		for _, path := range []string{"", "/events", "/console.js", "?code=X"} {
			resp, body := v.get(t, s.HTTPURL()+console.Path+path, headers...)
			if resp.StatusCode != http.StatusForbidden || len(body) > 250 || len(resp.Header.Values("Access-Control-Allow-Origin")) > 0 {
				t.Errorf("%s read %q: %s", name, path, resp.Status)
			}
		}
		if resp, _ := v.press(t, "start:token-endpoint-down", headers...); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s posted: %s", name, resp.Status)
		}
		preflight := append([]string{"Access-Control-Request-Method", "POST"}, headers...)
		if resp, _ := v.send(t, http.MethodOptions, s.HTTPURL()+"/console/do", "", preflight...); resp.StatusCode < 400 || len(resp.Header.Values("Access-Control-Allow-Origin")) > 0 {
			t.Errorf("%s asked first: %s", name, resp.Status)
		}
	}
	for name, headers := range map[string][]string{
		"typed into the address bar, as if it were a form": {"Sec-Fetch-Site", "none", "Origin", ""},
		"a program that sends no headers of a browser":     {"Sec-Fetch-Site", "", "Origin", ""},
	} {
		if resp, _ := v.press(t, "start:token-endpoint-down", headers...); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s posted: %s", name, resp.Status)
		}
	}
	if on := s.Script().TokenEndpoint().On(); len(on) > 0 {
		t.Errorf("the faults %v are on", on)
	}

	// The page itself may, also as a plain form and in a browser that tells no site.
	for _, headers := range [][]string{nil, {"Origin", "null"}, {"Sec-Fetch-Site", ""}} {
		v.press(t, "reset")
		if resp, body := v.press(t, "start:token-endpoint-down", append(headers, "Accept", "application/json")...); resp.StatusCode != http.StatusOK {
			t.Errorf("the page with %v: %s, %s", headers, resp.Status, body)
		}
		if on := s.Script().TokenEndpoint().On(); len(on) != 1 {
			t.Errorf("after the page with %v: %v", headers, on)
		}
	}
}

func TestEveryFormNeedsTheTokenOfItsSession(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v, other := visit(t, s, c), visit(t, s, c)
	own := v.csrf
	for name, token := range map[string]string{"none": "", "a wrong one": "WRONG", "that of another session": other.csrf} {
		v.csrf = token
		if resp, _ := v.press(t, "start:token-endpoint-down"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
	v.csrf = own
	if resp, _ := v.get(t, s.HTTPURL()+"/console/do?csrf="+own+"&do=reset"); resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %s", resp.Status)
	}
	resp, _ := v.send(t, http.MethodPost, s.HTTPURL()+"/console/do?csrf="+own+"&do=start:token-endpoint-down", "x=1", "Sec-Fetch-Site", "same-origin")
	if resp.StatusCode != http.StatusForbidden || len(s.Script().TokenEndpoint().On()) > 0 {
		t.Errorf("a token in the address: %s", resp.Status)
	}
	stranger := &visitor{http: &http.Client{Transport: s.HTTPClient().Transport}, base: s.HTTPURL(), csrf: own}
	if resp, _ := stranger.press(t, "reset"); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a cookie: %s", resp.Status)
	}
	if resp, _ := v.press(t, "start:no-such-fault"); resp.StatusCode != http.StatusConflict {
		t.Errorf("an unknown button: %s", resp.Status)
	}
	if resp, _ := v.press(t, strings.Repeat("x", 10<<10)); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("a huge form: %s", resp.Status)
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	t.Parallel()
	s, c := attached(t)
	v := visit(t, s, c)
	own := s.HTTPURL() + "/console/"
	for _, path := range []string{"", "/console.css", "/console.js", "/icon.svg", "/nothing", "/do", "?code=WRONG"} {
		resp, body := v.get(t, s.HTTPURL()+console.Path+path)
		h := resp.Header
		policy := h.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src " + own + "console.js;", "style-src " + own + "console.css;", "connect-src " + own + ";",
			"form-action " + own + ";", "frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%q: policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%q: policy %q", path, policy)
		}
		for name, want := range map[string]string{
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%q: %s is %q", path, name, got)
			}
		}
		if path != "" {
			continue
		}
		for _, inline := range []string{"<style", " style=", "onclick", "<script>", "javascript:"} {
			if strings.Contains(body, inline) {
				t.Errorf("the page has %q in it", inline)
			}
		}
		for _, link := range regexp.MustCompile(`(?:src|href|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if l := link[1]; !strings.HasPrefix(l, "/console") && !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, s.HTTPURL()) {
				t.Errorf("the page leads to %q", l)
			}
		}
	}
}

// A page that a client has uploaded is of another origin than the console.
func TestObjectsAreInASandbox(t *testing.T) {
	t.Parallel()
	s, _ := attached(t)
	resp, _ := (&visitor{http: s.HTTPClient()}).get(t, s.HTTPURL()+"/objects/nothing")
	if got := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "sandbox") || strings.Contains(got, "allow-same-origin") {
		t.Errorf("policy %q", got)
	}
	without := mocktest.New(t)
	resp, _ = (&visitor{http: without.HTTPClient()}).get(t, without.HTTPURL()+"/objects/nothing")
	if got := resp.Header.Get("Content-Security-Policy"); got != "" {
		t.Errorf("without a console: policy %q", got)
	}
}
