package nubladotest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

// visitor is a client written for the fake alone.
type visitor struct {
	t     *testing.T
	hc    *http.Client
	base  string
	token string
}

func visit(t *testing.T, s *nubladotest.Server, user string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	hc := *s.Client()
	hc.Jar = jar
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{t, &hc, s.URL, s.Gafaelfawr.IssueToken(user, 0, nubladotest.NotebookScope)}
}

// do makes a request and returns status, location and body. Headers are "name: value".
func (v *visitor) do(method, path, body string, headers ...string) (status int, location, text string) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.base+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := v.hc.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Location"), string(content)
}

// browse follows redirects as a browser does.
func (v *visitor) browse(path string) int {
	v.t.Helper()
	for range 10 {
		status, location, _ := v.do(http.MethodGet, path, "", "Sec-Fetch-Mode: navigate")
		if status != http.StatusFound {
			return status
		}
		path = location
	}
	v.t.Fatal("too many redirects")
	return 0
}

func (v *visitor) xsrf(path string) string {
	at, err := url.Parse(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, c := range v.hc.Jar.Cookies(at) {
		if c.Name == "_xsrf" {
			return c.Value
		}
	}
	return ""
}

const form = "Content-Type: application/x-www-form-urlencoded"

func TestTheFakeHubIsAsStrictAsAHub(t *testing.T) {
	t.Parallel()
	for name, strict := range map[string]bool{"before 4": false, "from 4.1": true} {
		s := nubladotest.NewServer()
		t.Cleanup(s.Close)
		s.Nublado.Set(nubladotest.Settings{XSRF: strict})
		v := visit(t, s, "ada")
		step := func(what string, want int, method, path, body string, headers ...string) {
			t.Helper()
			if got, to, text := v.do(method, path, body, headers...); got != want {
				t.Errorf("%s, %s: %d %s %s, want %d", name, what, got, to, text, want)
			}
		}
		if v.browse("/nb/hub/home") != http.StatusOK {
			t.Fatal("no login")
		}
		referer, token := "Referer: "+s.URL+"/nb/hub/home", "X-XSRFToken: "+v.xsrf("/nb/hub/x")
		sameOrigin := "Sec-Fetch-Mode: same-origin"
		reads := map[bool]int{false: 200, true: 403}[strict]
		step("no Referer", 403, "GET", "/nb/hub/api/users/ada", "", token, sameOrigin)
		step("a foreign Referer", 403, "GET", "/nb/hub/api/users/ada", "", token, sameOrigin, "Referer: https://evil.example.com/nb/hub/home")
		step("no XSRF value to read", reads, "GET", "/nb/hub/api/users/ada", "", referer, sameOrigin)
		step("a wrong one", reads, "GET", "/nb/hub/api/users/ada", "", referer, sameOrigin, "X-XSRFToken: x")
		step("all that is needed", 200, "GET", "/nb/hub/api/users/ada", "", referer, sameOrigin, token)
		step("the form without XSRF value", 403, "POST", "/nb/hub/spawn", "image_tag=x&size=Large", form)
		step("the form with a wrong one", 403, "POST", "/nb/hub/spawn", "image_tag=x&size=Large", form, "X-XSRFToken: x")
		step("a lab that does not run", 302, "GET", "/nb/user/ada/lab", "", "Sec-Fetch-Mode: navigate")
		step("a delete without XSRF value", 403, "DELETE", "/nb/hub/api/users/ada/server", "", referer)
		step("the form", 302, "POST", "/nb/hub/spawn", "image_tag=x&size=Large", form, token, sameOrigin)
		step("the form again", 400, "POST", "/nb/hub/spawn", "image_tag=x&size=Large", form, token, sameOrigin)
		step("a session without login", 403, "POST", "/nb/user/ada/api/sessions", "{}", token)
		if v.browse("/nb/user/ada/lab") != http.StatusOK {
			t.Fatal("no login at the lab")
		}
		lab := "X-XSRFToken: " + v.xsrf("/nb/user/ada/x")
		const console = `{"kernel":{"name":"lsst"},"path":"x","type":"console"}`
		step("a session with the hub's XSRF value", 403, "POST", "/nb/user/ada/api/sessions", console, token)
		step("a session of no kernel", 500, "POST", "/nb/user/ada/api/sessions", `{"kernel":{"name":"no-such"},"path":"x","type":"console"}`, lab)
		step("no session", 400, "POST", "/nb/user/ada/api/sessions", "{}", lab)
		step("a session", 201, "POST", "/nb/user/ada/api/sessions", console, lab)
		if n := s.Nublado.Sessions("ada"); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		step("a session that is none", 404, "DELETE", "/nb/user/ada/api/sessions/x", "", lab)
		step("a kernel that is none", 404, "POST", "/nb/user/ada/api/kernels/x/interrupt", "", lab)
		step("no such page", 404, "GET", "/nb/hub/x", "", token, sameOrigin)
		step("not Nublado", 404, "GET", "/nb/x", "")
		if bad := s.Nublado.Violations(); len(bad) != 0 {
			t.Errorf("%s: violations %q", name, bad)
		}
	}
}

func TestTheFakeNotesWhatACorrectClientDoesNotSend(t *testing.T) {
	t.Parallel()
	s := nubladotest.NewServer()
	defer s.Close()
	ada, eve := visit(t, s, "ada"), visit(t, s, "eve")
	ada.browse("/nb/hub/home")
	eve.hc.Jar = ada.hc.Jar
	for what, ask := range map[string]func() int{
		"a cookie of ada":         func() int { n, _, _ := eve.do("GET", "/nb/hub/home", ""); return n },
		"the lab of another user": func() int { n, _, _ := ada.do("GET", "/nb/user/eve/lab", ""); return n },
		"a lab that does not run": func() int { n, _, _ := ada.do("GET", "/nb/hub/user/ada/lab", ""); return n },
		"unknown field y": func() int {
			n, _, _ := ada.do("POST", "/nb/hub/spawn", "image_tag=x&size=Large&y=1", form, "X-XSRFToken: "+ada.xsrf("/nb/hub/x"))
			return n
		},
		"one image and a size": func() int {
			n, _, _ := ada.do("POST", "/nb/hub/spawn", "size=Large", form, "X-XSRFToken: "+ada.xsrf("/nb/hub/x"))
			return n
		},
		"no such size": func() int {
			n, _, _ := ada.do("POST", "/nb/hub/spawn", "image_tag=x&size=large", form, "X-XSRFToken: "+ada.xsrf("/nb/hub/x"))
			return n
		},
		"a login at a lab with another": func() int { n, _, _ := ada.do("GET", "/nb/hub/api/oauth2/authorize?state=x", ""); return n },
	} {
		before := len(s.Nublado.Violations())
		status := ask()
		if bad := s.Nublado.Violations(); len(bad) != before+1 || !strings.Contains(bad[before], what) {
			t.Errorf("%s: status %d, violations %q", what, status, bad[before:])
		}
	}
}

func TestTheIngressLetsTokensWithTheScopeThroughOnly(t *testing.T) {
	t.Parallel()
	s := nubladotest.NewServer()
	defer s.Close()
	v := visit(t, s, "ada")
	good := v.token
	for token, want := range map[string]int{
		good: http.StatusFound, good + "x": http.StatusUnauthorized, "": http.StatusUnauthorized,
		s.Gafaelfawr.IssueToken("ada", 0, "read:tap"): http.StatusForbidden,
	} {
		v.token = token
		if got, _, _ := v.do("GET", "/nb/hub/home", ""); got != want {
			t.Errorf("status %d, want %d", got, want)
		}
	}
	v.token = good
	s.Gafaelfawr.RevokeTokens("ada")
	if got, _, _ := v.do("GET", "/nb/hub/home", ""); got != http.StatusUnauthorized {
		t.Errorf("status %d of a revoked token", got)
	}
}
