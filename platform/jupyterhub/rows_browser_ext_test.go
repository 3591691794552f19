package jupyterhub_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/internal/secrettest"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

// whoami answers with the caller's name, and hands on its credentials.
func whoami(seen chan<- jupyterhub.Caller) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := jupyterhub.CallerFromContext(r.Context())
		id, _ := serverauth.IdentityFromContext(r.Context())
		if seen != nil {
			seen <- c
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"name": c.User.Name, "subject": id.Subject, "path": r.URL.Path})
	})
}

// running starts svc where the hub expects it, and returns how to stop it.
func running(t *testing.T, h *hubtest.Server, s jupyterhub.Service, a *jupyterhub.Auth) (stop func() error) {
	t.Helper()
	s.Config = jupyterhub.Config{LookupEnv: env(h.ServiceEnv("svc"))}
	if s.GRPC == nil && a != nil {
		s.GRPC = newService(a).Server
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := s.Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// free returns an address that is not in use.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestJupyterHubRow07_AManagedServiceServesBothAndComesBack(t *testing.T) {
	t.Parallel()
	// Given a hub that knows where its service is to listen ...
	h, _ := start(t, hubtest.Config{BaseURL: "/nb/"})
	addr := free(t)
	h.SetServiceURL("svc", "http://"+addr)
	a := identifier(t, h)
	token := h.IssueToken("alice", 0, access)
	person := newPerson(t)
	page := h.URL + "/services/svc/some/page?q=1"

	// ... when the service is started there, twice, then each time its pages are
	// under the prefix, through the proxy, and its gRPC face is reached directly.
	for range 2 {
		stop := running(t, h, jupyterhub.Service{HTTP: a.Middleware(whoami(nil))}, a)
		if status, body := person.open(page, "alice"); status != http.StatusOK || !strings.Contains(body, `"name":"alice"`) ||
			!strings.Contains(body, `"path":"/some/page"`) {
			t.Errorf("%d %s", status, body)
		}
		if err := check(t.Context(), as(t, addr, token)); err != nil {
			t.Error(err)
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if got := person.do(http.MethodGet, page, nil, ""); got.status != http.StatusServiceUnavailable {
			t.Errorf("while it is down: %d", got.status)
		}
	}
	// The login outlived the restart.
	var logins int
	for _, path := range person.visited {
		if strings.Contains(path, "/hub/login") {
			logins++
		}
	}
	if n := asked(h, "/oauth2/token"); n != 1 || logins != 2 { // the page, and its form
		t.Errorf("%d tokens and %d visits to the login page, want one login", n, logins)
	}
}

func TestJupyterHubRow07_PathsOutsideThePrefixAreNotFound(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	addr := free(t)
	h.SetServiceURL("svc", "http://"+addr)
	stop := running(t, h, jupyterhub.Service{HTTP: whoamiWithoutLogin()}, nil)
	defer func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	p := newPerson(t)
	for path, want := range map[string]int{
		"/services/svc/": 200, "/services/svc": 200, "/services/svcx": 404, "/": 404, "/services/svc/../x": 404,
	} {
		if got := p.do(http.MethodGet, "http://"+addr+path, nil, ""); got.status != want {
			t.Errorf("%s: %d, want %d", path, got.status, want)
		}
	}
}

func whoamiWithoutLogin() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) })
}

func TestJupyterHubRow08_CodeFlowWithStateAndPKCE(t *testing.T) {
	t.Parallel()
	// Given a hub that insists on PKCE, and a service behind its proxy ...
	h, own := start(t, hubtest.Config{RequirePKCE: true})
	addr := free(t)
	h.SetServiceURL("svc", "http://"+addr)
	var log secrettest.Sink
	a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Logger = log.Logger() })
	seen := make(chan jupyterhub.Caller, 10)
	stop := running(t, h, jupyterhub.Service{HTTP: a.Middleware(whoami(seen)), Logger: log.Logger()}, a)
	defer func() { _ = stop() }()

	// ... when a person opens a page ...
	p := newPerson(t)
	status, body := p.open(h.URL+"/services/svc/deep?x=y", "alice")
	if status != http.StatusOK || !strings.Contains(body, `"subject":"alice"`) || !strings.Contains(body, `"path":"/deep"`) {
		t.Fatalf("%d %s", status, body)
	}
	// ... then the browser came by way of the hub, state and challenge in hand, and back to that page.
	all := strings.Join(p.visited, "\n")
	contains(t, all, "/hub/login?next=", "/hub/api/oauth2/authorize?", "code_challenge_method=S256", "state=", "/services/svc/oauth_callback?code=")
	if last := p.visited[len(p.visited)-1]; last != "/services/svc/deep?x=y" {
		t.Errorf("ended at %s", last)
	}
	for _, r := range h.Requests() {
		if want := "client_id client_secret code code_verifier grant_type redirect_uri"; r.Path == "/oauth2/token" && strings.Join(r.Form, " ") != want {
			t.Errorf("token request with %v", r.Form)
		}
	}
	// The person's token serves on calls too.
	c := (<-seen).Credentials()
	if err := check(t.Context(), with(t, addr, c)); err != nil {
		t.Error(err)
	}
	// Nothing secret is in the log, in the caller, or readable in the cookies.
	u, _ := url.Parse(h.URL + "/services/svc/")
	for _, cookie := range p.http.Jar.Cookies(u) {
		if strings.Contains(cookie.Value, c.AccessToken) {
			t.Errorf("cookie %s holds the token", cookie.Name)
		}
		if strings.Contains(cookie.Name, "oauth-state") {
			t.Errorf("cookie %s is still there", cookie.Name)
		}
	}
	for _, secret := range []string{c.AccessToken, own} {
		if strings.Contains(log.String()+fmt.Sprintf("%v %+v %#v", c, c, c), secret) {
			t.Error("a secret was logged or printed")
		}
	}
}

func TestJupyterHubRow08_CallbacksOfNoLoginAreRejected(t *testing.T) {
	t.Parallel()
	h, own := start(t, hubtest.Config{})
	var log secrettest.Sink
	a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Logger = log.Logger() })
	const callback = "/services/svc/oauth_callback"
	// begin starts a login and returns its state and cookie.
	begin := func() (state string, cookie *http.Cookie) {
		w := visit(a, "GET", "/services/svc/", nil)
		to, _ := url.Parse(w.header.Get("Location"))
		return to.Query().Get("state"), w.cookies()[0]
	}
	state, cookie := begin()
	otherState, otherCookie := begin()
	tampered := *cookie
	tampered.Value = "A" + cookie.Value[1:]
	if cookie.Value[0] == 'A' {
		tampered.Value = "B" + cookie.Value[1:]
	}
	renamed := *otherCookie
	renamed.Name = cookie.Name
	for name, tt := range map[string]struct {
		query  url.Values
		cookie *http.Cookie
		want   int
	}{
		"nothing":              {nil, cookie, http.StatusBadRequest},
		"no state":             {url.Values{"code": {"canary"}}, cookie, http.StatusBadRequest},
		"no code":              {url.Values{"state": {state}}, cookie, http.StatusBadRequest},
		"an error":             {url.Values{"error": {"access_denied"}, "state": {state}}, cookie, http.StatusBadRequest},
		"no cookie":            {url.Values{"code": {"canary"}, "state": {state}}, nil, http.StatusForbidden},
		"another's cookie":     {url.Values{"code": {"canary"}, "state": {state}}, otherCookie, http.StatusForbidden},
		"another's, renamed":   {url.Values{"code": {"canary"}, "state": {state}}, &renamed, http.StatusForbidden},
		"tampered cookie":      {url.Values{"code": {"canary"}, "state": {state}}, &tampered, http.StatusForbidden},
		"state of that cookie": {url.Values{"code": {"canary"}, "state": {otherState[:8] + state[8:]}}, otherCookie, http.StatusForbidden},
		"unknown code":         {url.Values{"code": {"canary"}, "state": {state}}, cookie, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			w := visit(a, "GET", callback+"?"+tt.query.Encode(), tt.cookie)
			if w.status != tt.want {
				t.Errorf("%d %s, want %d", w.status, w.body, tt.want)
			}
			if strings.Contains(w.body+log.String(), "canary") || strings.Contains(log.String(), own) {
				t.Error("the code is told")
			}
		})
	}

	// A service whose own token was refused says so; a hub in trouble is upstream trouble.
	for _, tt := range []struct {
		answer hubtest.Answer
		want   int
		text   string
	}{
		{hubtest.Answer{Status: 401, Body: `{"error":"invalid_client"}`}, 500, "may need a new token"},
		{hubtest.Answer{Status: 502, Body: `<html>`}, 502, "upstream problem"},
		{hubtest.Answer{Status: 400, Body: `{"error":"canary-code echoed"}`}, 500, "Unknown error"},
		{hubtest.Answer{Status: 200, Body: `{"access_token":"a b"}`}, 500, "contains no token"},
		{hubtest.Answer{Status: 200, Body: `{"access_token":"unknown"}`}, 500, "identifies no user"},
	} {
		h.Answer(tt.answer)
		w := visit(a, "GET", callback+"?"+url.Values{"code": {"canary-code"}, "state": {state}}.Encode(), cookie)
		if w.status != tt.want {
			t.Errorf("%v: %d, want %d", tt.answer, w.status, tt.want)
		}
		contains(t, w.body, tt.text)
	}
}

// visit sends one request of a browser through the middleware.
func visit(a *jupyterhub.Auth, method, target string, cookie *http.Cookie, headers ...string) answer {
	r := request(method, target)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	return handled(a.Middleware(whoami(nil)), r)
}
