package hub_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/platform/jupyterhub"
)

// browser keeps cookies and follows redirects.
type browser struct {
	t     *testing.T
	hc    *http.Client
	token string // what it shows to everybody; empty: nothing
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, hc: &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}}
}

// visit opens a page, or sends a form to it, and returns where that leads.
func (b *browser) visit(address string, form url.Values) (at *url.URL, status int, body string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	method, content := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, content = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := b.hc.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.Request.URL, resp.StatusCode, string(text)
}

// login opens a page that leads to the hub's login, and logs in there.
func (b *browser) login(h *hub, name, page string) (at *url.URL, status int, body string) {
	b.t.Helper()
	at, _, _ = b.visit(page, nil)
	if at.Path != "/hub/login" {
		b.t.Fatalf("%s leads to %s, want the login page", page, at.Path)
	}
	return b.visit(at.String(), url.Values{"username": {name}, "password": {h.Password}})
}

func (b *browser) cookie(address, name string) string {
	b.t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.hc.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	b.t.Fatalf("there is no cookie %s", name)
	return ""
}

// A person logs in by way of the hub's pages and comes back to the service.
func browserLogin(t *testing.T, h *hub) {
	e := startExternal(t, h, h.External, jupyterhub.AuthConfig{})
	for name, service := range map[string]string{"whoami": h.Whoami, "external": e.url} {
		page := h.Proxy + "/services/" + name + "/deep/page?q=1"
		b := newBrowser(t)
		at, status, body := b.login(h, "alice", page)
		if at.String() != page || status != http.StatusOK || !strings.Contains(body, "alice") {
			t.Errorf("the login leads to %s, status %d: %q", at.Path, status, body)
		}
		// What the login left in the browser is good for another page, and for gRPC;
		if at, _, _ := b.visit(h.Proxy+"/services/"+name+"/", nil); at.Path != "/services/"+name+"/" {
			t.Errorf("the second page leads to %s", at.Path)
		}
		cookie := b.cookie(page, "service-"+name)
		if len(cookie) < 32 || strings.Contains(cookie, "alice") {
			t.Errorf("the cookie is %d characters", len(cookie))
		}
		who, err := whoamiByCookie(t, service, "service-"+name+"="+cookie)
		mustBe(t, "alice", who, err)
		// a broken one is not.
		_, err = whoamiByCookie(t, service, "service-"+name+"="+cookie[:len(cookie)-4]+"AAAA")
		mustFail(t, codes.Unauthenticated, err)
		// Somebody whom the hub knows and who may not come in is told so.
		_, status, body = newBrowser(t).login(h, "bob", page)
		if status != http.StatusForbidden {
			t.Errorf("bob gets status %d: %q", status, body)
		}
	}
}
