package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

// started opens an authorization request up to the login page.
func started(t *testing.T, s http.Handler, changes ...string) (page answer, cookie *http.Cookie) {
	t.Helper()
	first := show(t, s, authorization(changes...))
	cookies := (&http.Response{Header: first.header}).Cookies()
	if len(cookies) != 1 {
		t.Fatalf("cookies: %v", cookies)
	}
	return show(t, s, issuer+location(t, first).String(), cookies[0]), cookies[0]
}

func submit(t *testing.T, s http.Handler, path string, values url.Values, cookies ...*http.Cookie) answer {
	t.Helper()
	return post(t, s, path, values, func(r *http.Request) {
		for _, c := range cookies {
			r.AddCookie(c)
		}
	})
}

func TestPagesHaveAStrictPolicyAndCookie(t *testing.T) {
	t.Parallel()
	page, cookie := started(t, newPeople(t, nil))

	policy := page.header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self' http://127.0.0.1:41999;"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %q", policy, want)
		}
	}
	if strings.Contains(page.body, "<script") || strings.Contains(policy, "unsafe") {
		t.Error("the page runs scripts or allows to")
	}
	if page.header.Get("Cache-Control") != "no-store" || page.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("headers: %v", page.header)
	}
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.Secure {
		t.Errorf("cookie: %+v", cookie)
	}
}

func TestSessionCookieIsSecureOverTLS(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) { c.Issuer = strings.Replace(issuer, "http", "https", 1) })
	if _, cookie := started(t, s); !cookie.Secure {
		t.Errorf("cookie: %+v", cookie)
	}
}

// A client's ID and scopes are text on the page, never markup.
func TestPagesEscapeNamesOfClientsAndScopes(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) {
		c.Clients = append(c.Clients, oauth.Client{ID: "<b>x</b>", Scopes: []string{"<i>"}, RedirectURIs: []string{callback}})
	})
	b := newBrowser(s)
	mustCode(t, b)
	b.StopAt = issuer + "/oauth2/consent"
	page := visit(t, b, authorization("client_id", "<b>x</b>", "scope", "<i>"))
	b.StopAt, b.Deny = callback, true
	b.HTTP = &http.Client{Transport: recording{direct{s}, func(body string) {
		if strings.Contains(body, "<b>x") || strings.Contains(body, "<i>") {
			t.Errorf("markup got through: %s", body)
		}
		if strings.Contains(body, "Allow access") && !strings.Contains(body, "&lt;b&gt;x") {
			t.Errorf("the client is not named: %s", body)
		}
	}}}
	visit(t, b, page.URL.String())
}

type recording struct {
	direct
	see func(body string)
}

func (c recording) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.h.ServeHTTP(w, r)
	c.see(w.Body.String())
	return w.Result(), nil
}

// The server accepts a form only with the token of its session, with that session's cookie,
// and once.
func TestFormsCannotBeForged(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	page, cookie := started(t, s)
	request, csrf := hidden(t, page.body, "request"), hidden(t, page.body, "csrf")
	otherPage, otherCookie := started(t, s)
	login := func(request, csrf string) url.Values {
		return form("request", request, "csrf", csrf, "login", "ada", "password", password)
	}
	for name, tt := range map[string]struct {
		values url.Values
		cookie *http.Cookie
		status int
	}{
		"no token":                {login(request, ""), cookie, http.StatusForbidden},
		"another session's token": {login(request, hidden(t, otherPage.body, "csrf")), cookie, http.StatusForbidden},
		"another browser":         {login(request, csrf), otherCookie, http.StatusBadRequest},
		"no request":              {login("", csrf), cookie, http.StatusBadRequest},
		"no cookie":               {login(request, csrf), &http.Cookie{Name: "x", Value: "y"}, http.StatusBadRequest},
	} {
		if a := submit(t, s, "/oauth2/login", tt.values, tt.cookie); a.status != tt.status || a.header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", name, a.status, a.header.Get("Location"))
		}
	}
	early := form("request", request, "csrf", csrf, "decision", "allow")
	if to := location(t, submit(t, s, "/oauth2/consent", early, cookie)); to.Path != "/oauth2/login" {
		t.Errorf("consent without a login leads to %s", to)
	}

	in := submit(t, s, "/oauth2/login", login(request, csrf), cookie)
	fresh := (&http.Response{Header: in.header}).Cookies()
	if len(fresh) != 1 || fresh[0].Value == cookie.Value {
		t.Fatalf("the login did not change the cookie: %v", fresh)
	}
	if a := show(t, s, issuer+location(t, in).String(), cookie); a.status != http.StatusBadRequest {
		t.Errorf("the cookie from before the login is still good: %d", a.status)
	}
	consent := show(t, s, issuer+location(t, in).String(), fresh[0])
	decide := func(csrf, decision string) answer {
		return submit(t, s, "/oauth2/consent", form("request", request, "csrf", csrf, "decision", decision), fresh[0])
	}
	if a := decide(csrf, "allow"); a.status != http.StatusForbidden {
		t.Errorf("the token from before the login is still good: %d", a.status)
	}
	csrf = hidden(t, consent.body, "csrf")
	if a := decide(csrf, "perhaps"); a.status != http.StatusBadRequest {
		t.Errorf("neither yes nor no: %d", a.status)
	}
	if a := decide(csrf, "allow"); location(t, a).Query().Get("code") == "" {
		t.Errorf("allowed: %s", location(t, a))
	}
	if a := decide(csrf, "allow"); a.header.Get("Location") != "" {
		t.Error("one consent gave two codes")
	}
}

func TestLoginPageNamesTheClientAndKeepsTheLogin(t *testing.T) {
	t.Parallel()
	s := newPeople(t, nil)
	page, cookie := started(t, s)
	if !strings.Contains(page.body, "<strong>app</strong> asks you to log in.") {
		t.Errorf("the page does not name the client:\n%s", page.body)
	}
	again := submit(t, s, "/oauth2/login", form("request", hidden(t, page.body, "request"), "csrf", hidden(t, page.body, "csrf"),
		"login", `ada"x`, "password", "wrong-password"), cookie)
	if !strings.Contains(again.body, `name="login" value="ada&#34;x"`) || strings.Contains(again.body, "wrong-password") {
		t.Errorf("after a wrong password:\n%s", again.body)
	}
}

func TestConsentPageSaysScopesInWords(t *testing.T) {
	t.Parallel()
	s := newPeople(t, func(c *oauth.Config) {
		c.Clients = append(c.Clients, oauth.Client{
			ID: "notebook", RedirectURIs: []string{callback}, Scopes: []string{"email", "offline_access", "special"},
		})
	})
	b := newBrowser(s)
	mustCode(t, b)
	var shown string
	b.HTTP = &http.Client{Transport: recording{direct{s}, func(body string) {
		if strings.Contains(body, "Allow access?") {
			shown = body
		}
	}}}
	visit(t, b, authorization("client_id", "notebook", "scope", "email offline_access special"))
	for _, want := range []string{
		"<strong>notebook</strong> asks to act for <strong>ada</strong>.", "<h2>It will be able to</h2>",
		"See your email address <code>email</code>", "Stay logged in while you are away <code>offline_access</code>",
		"<code>special</code>",
	} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page lacks %q:\n%s", want, shown)
		}
	}
}

func TestUnfinishedLoginsExpire(t *testing.T) {
	t.Parallel()
	clock := newClock()
	s := newPeople(t, func(c *oauth.Config) { c.Now = clock.Now })
	page, cookie := started(t, s)
	clock.advance(time.Hour)
	a := submit(t, s, "/oauth2/login", form("request", hidden(t, page.body, "request"), "csrf", hidden(t, page.body, "csrf"),
		"login", "ada", "password", password), cookie)
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, "Start it again") {
		t.Errorf("an hour later: %d", a.status)
	}
}
