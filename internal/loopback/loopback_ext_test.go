package loopback_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/loopback"
)

// open starts a listener whose answers are counted.
func open(t *testing.T, uri string, ports ...int) (*loopback.Server, *atomic.Int64) {
	t.Helper()
	s, err := loopback.Listen(t.Context(), uri, ports)
	if err != nil {
		t.Fatal(err)
	}
	var answered atomic.Int64
	s.Serve(func(_ context.Context, q url.Values) loopback.Page {
		answered.Add(1)
		return loopback.Page{Title: "Got <it>", Text: "code of " + strconv.Itoa(len(q.Get("code"))) + " characters"}
	})
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, &answered
}

// Browsers apply a style only if the policy has the hash of its text.
func TestPageNamesTheProgramAndMayUseItsStyle(t *testing.T) {
	t.Parallel()
	s, _ := open(t, "")
	page := fetch(t, http.MethodGet, s.RedirectURI()+"?code=1", "")
	if program := filepath.Base(os.Args[0]); !strings.Contains(page.body, "<strong>"+program+"</strong>, a program on this computer") {
		t.Errorf("the page does not name %s:\n%s", program, page.body)
	}
	_, text, _ := strings.Cut(page.body, "<style>")
	text, _, found := strings.Cut(text, "</style>")
	sum := sha256.Sum256([]byte(text))
	if want := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !found ||
		!strings.Contains(page.header.Get("Content-Security-Policy"), want) {
		t.Errorf("the policy %q does not allow the style", page.header.Get("Content-Security-Policy"))
	}
}

// shown is a page as a browser gets it.
type shown struct {
	status int
	closes bool // the connection ends with it
	header http.Header
	body   string
}

func fetch(t *testing.T, method, address, host string) shown {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = host
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	resp, err := (&http.Client{Transport: tr}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return shown{resp.StatusCode, resp.Close, resp.Header, string(body)}
}

func TestOnlyTheRedirectGetsThrough(t *testing.T) {
	t.Parallel()
	s, answered := open(t, "http://127.0.0.1/callback")
	base := strings.TrimSuffix(s.RedirectURI(), "/callback")
	tests := map[string]struct {
		method, path, host string
		want               int
	}{
		"another path":       {"GET", "/", "", 404},
		"favicon":            {"GET", "/favicon.ico", "", 404},
		"path below":         {"GET", "/callback/x?code=1", "", 404},
		"slash at the end":   {"GET", "/callback/?code=1", "", 404},
		"path in upper case": {"GET", "/CALLBACK?code=1", "", 404},
		"dots":               {"GET", "/x/../callback?code=1", "", 404},
		"POST":               {"POST", "/callback?code=1", "", 405},
		"HEAD":               {"HEAD", "/callback?code=1", "", 405},
		"OPTIONS":            {"OPTIONS", "/callback?code=1", "", 405},
		"another name":       {"GET", "/callback?code=1", "evil.example", 403},
		"localhost":          {"GET", "/callback?code=1", "localhost", 403},
		"no port":            {"GET", "/callback?code=1", "127.0.0.1", 403},
		"two codes":          {"GET", "/callback?code=1&code=2", "", 400},
		"two of anything":    {"GET", "/callback?code=1&x=2&x=2", "", 400},
		"broken escape":      {"GET", "/callback?code=%zz", "", 400},
		"semicolon":          {"GET", "/callback?code=1;state=2", "", 400},
	}
	for name, tc := range tests {
		got := fetch(t, tc.method, base+tc.path, tc.host)
		if got.status != tc.want || answered.Load() != 0 {
			t.Errorf("%s: HTTP %d and %d answered, want %d and none: %s", name, got.status, answered.Load(), tc.want, got.body)
		}
		safe(t, got.header)
	}

	got := fetch(t, "GET", base+"/callback?code=1234", "")
	if got.status != http.StatusOK || answered.Load() != 1 || !strings.Contains(got.body, "code of 4 characters") {
		t.Errorf("HTTP %d, %d answered: %s", got.status, answered.Load(), got.body)
	}
	if !got.closes {
		t.Error("the browser may keep a connection to a server that is about to end")
	}
	if strings.Contains(got.body, "<it>") || !strings.Contains(got.body, "Got &lt;it&gt;") {
		t.Errorf("the title is not escaped: %s", got.body)
	}
	safe(t, got.header)
}

func safe(t *testing.T, h http.Header) {
	t.Helper()
	if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'; style-src 'sha256-") ||
		strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("policy %q", csp)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "DENY",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if h.Get("Access-Control-Allow-Origin") != "" {
		t.Error("other origins may read the page")
	}
}

// Servers compare redirect URIs letter by letter, and a browser asks for / where
// there is no path.
func TestRedirectURIWithoutPathStaysSo(t *testing.T) {
	t.Parallel()
	s, answered := open(t, "http://127.0.0.1")
	if uri := s.RedirectURI(); strings.HasSuffix(uri, "/") {
		t.Errorf("redirect URI %q has a path that the program did not register", uri)
	}
	if got := fetch(t, "GET", s.RedirectURI()+"?code=1", ""); got.status != http.StatusOK || answered.Load() != 1 {
		t.Errorf("HTTP %d, %d answered", got.status, answered.Load())
	}
}

// localhost leads a browser to either family, so both are ours or none.
func TestLocalhostListensOnBothFamilies(t *testing.T) {
	t.Parallel()
	s, answered := open(t, "http://localhost/callback")
	u, err := url.Parse(s.RedirectURI())
	if err != nil || u.Hostname() != "localhost" || u.Port() == "0" {
		t.Fatalf("redirect URI %q", s.RedirectURI())
	}
	families := []string{"127.0.0.1"}
	if l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "[::1]:0"); err == nil {
		_ = l.Close()
		families = append(families, "::1")
	}
	for _, ip := range families {
		got := fetch(t, "GET", "http://"+net.JoinHostPort(ip, u.Port())+"/callback?code=1", u.Host)
		if got.status != http.StatusOK {
			t.Errorf("%s: HTTP %d: %s", ip, got.status, got.body)
		}
	}
	if int(answered.Load()) != len(families) {
		t.Errorf("%d answered, want %d", answered.Load(), len(families))
	}
}

func TestFirstFreePortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	t.Run("the next one is taken", func(t *testing.T) {
		s, _ := open(t, "http://127.0.0.1:1/callback", port, 0)
		if strings.Contains(s.RedirectURI(), ":"+strconv.Itoa(port)+"/") {
			t.Errorf("listens on %s, which another program has", s.RedirectURI())
		}
	})
	t.Run("none is free", func(t *testing.T) {
		_, err := loopback.Listen(t.Context(), "http://127.0.0.1:"+strconv.Itoa(port)+"/callback", nil)
		if err == nil || !strings.Contains(err.Error(), "no port to listen on is free") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("another program has one family", func(t *testing.T) {
		_, err := loopback.Listen(t.Context(), "http://localhost:"+strconv.Itoa(port)+"/callback", nil)
		if err == nil {
			t.Error("listens beside another program")
		}
	})
	t.Run("no port at all", func(t *testing.T) {
		if _, err := loopback.Listen(t.Context(), "", []int{70000}); err == nil || !strings.Contains(err.Error(), "70000 is not a port number") {
			t.Errorf("got %v", err)
		}
	})
}

// A page that is being made when the server closes still arrives.
func TestCloseLetsAPageUnderWayArrive(t *testing.T) {
	t.Parallel()
	s, err := loopback.Listen(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	asked, release := make(chan struct{}), make(chan struct{})
	s.Serve(func(context.Context, url.Values) loopback.Page {
		close(asked)
		<-release
		return loopback.Page{Title: "Logged in"}
	})
	page := make(chan string, 1)
	go func() {
		page <- fetch(t, "GET", s.RedirectURI()+"?code=1", "").body
	}()
	<-asked
	go close(release)
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if body := <-page; !strings.Contains(body, "Logged in") {
		t.Errorf("the page is %q", body)
	}
}

// Connections that say nothing, as browsers open in advance, hold nothing up.
func TestCloseDoesNotWaitForIdleConnections(t *testing.T) {
	t.Parallel()
	s, err := loopback.Listen(t.Context(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(func(context.Context, url.Values) loopback.Page { return loopback.Page{} })
	u, err := url.Parse(s.RedirectURI())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // and does not wait at all once its context is done
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is still open")
	}
}

func TestCloseWithoutServeClosesTheListener(t *testing.T) {
	t.Parallel()
	s, err := loopback.Listen(t.Context(), "http://localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	uri := s.RedirectURI()
	again, err := loopback.Listen(t.Context(), uri, nil)
	if err != nil {
		t.Fatalf("the port is not free again: %v", err)
	}
	_ = again.Close(t.Context())
}
