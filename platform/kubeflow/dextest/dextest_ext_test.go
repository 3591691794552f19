package dextest_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

// browser follows redirects and keeps cookies.
type browser struct {
	t    *testing.T
	http *http.Client
}

type page struct {
	code int
	at   *url.URL
	body string
}

func start(t *testing.T, c dextest.Config) (*dextest.Server, *browser) {
	t.Helper()
	s := dextest.NewServer(c)
	t.Cleanup(s.Close)
	jar, _ := cookiejar.New(nil)
	return s, &browser{t, &http.Client{Transport: s.Client().Transport, Jar: jar}}
}

func (b *browser) get(address string, headers ...string) page {
	b.t.Helper()
	return b.do(http.MethodGet, address, nil, headers)
}

func (b *browser) post(address string, form url.Values) page {
	b.t.Helper()
	return b.do(http.MethodPost, address, form, []string{"Content-Type", "application/x-www-form-urlencoded"})
}

func (b *browser) do(method, address string, form url.Values, headers []string) page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, address, strings.NewReader(form.Encode()))
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
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return page{resp.StatusCode, resp.Request.URL, string(body)}
}

func credentials(user, password string) url.Values {
	return url.Values{"login": {user}, "password": {password}}
}

func TestALoginLeadsToASession(t *testing.T) {
	t.Parallel()
	s, b := start(t, dextest.Config{})
	form := b.get(s.URL + "/pipeline")
	if form.code != 200 || form.at.Path != "/dex/auth/local/login" {
		t.Fatalf("%d at %s", form.code, form.at)
	}
	if p := b.post(form.at.String(), credentials(dextest.Username, "wrong")); p.code != 401 || p.at.Path != form.at.Path {
		t.Errorf("wrong password: %d at %s", p.code, p.at)
	}
	if p := b.post(form.at.String(), credentials(dextest.Username, dextest.Password)); p.code != 200 || p.at.Path != "/pipeline" {
		t.Errorf("%d at %s", p.code, p.at)
	}
	if p := b.get(s.URL + "/pipeline"); p.at.Path != "/pipeline" || b.get(s.URL+"/oauth2/auth").code != 202 {
		t.Errorf("the session does not count: %s", p.at)
	}
	s.ExpireSessions()
	if p := b.get(s.URL + "/pipeline"); p.at.Path == "/pipeline" || b.get(s.URL+"/oauth2/auth").code != 401 {
		t.Error("the session did not end")
	}
}

func TestRequestsOutOfOrderAreRejected(t *testing.T) {
	t.Parallel()
	s, b := start(t, dextest.Config{Connectors: []string{"ldap", "local"}, Approval: true, SignInPage: true})
	if p := b.get(s.URL + "/"); p.code != 403 || !strings.Contains(p.body, "/oauth2/start") {
		t.Errorf("sign-in page: %d", p.code)
	}
	if p := b.get(s.URL+"/", "Accept", "application/json"); p.code != 401 {
		t.Errorf("for a program: %d", p.code)
	}
	if p := b.get(s.URL + "/oauth2/start?rd=//evil.example"); p.code != 400 {
		t.Errorf("open redirect: %d", p.code)
	}
	choice := b.get(s.URL + "/oauth2/start?rd=/")
	if choice.code != 200 || choice.at.Path != "/dex/auth" {
		t.Fatalf("%d at %s", choice.code, choice.at)
	}
	at := func(path string) string {
		u := *choice.at
		u.Path = path
		return u.String()
	}
	if p := b.get(at("/dex/auth/github")); p.code != 400 {
		t.Errorf("unknown connector: %d", p.code)
	}
	form := b.get(at("/dex/auth/local"))
	more := credentials(dextest.Username, dextest.Password)
	more.Set("more", "x")
	for name, values := range map[string]url.Values{"more": more, "less": {"login": {"x"}}, "twice": {"login": {"x", "y"}, "password": {"z"}}} {
		if p := b.post(form.at.String(), values); p.code != 400 {
			t.Errorf("form with %s: %d", name, p.code)
		}
	}
	if p := b.post(s.URL+"/dex/auth/local/login?state=unknown", credentials(dextest.Username, dextest.Password)); p.code != 400 {
		t.Errorf("unknown state: %d", p.code)
	}
	asks := b.post(form.at.String(), credentials(dextest.Username, dextest.Password))
	if asks.at.Path != "/dex/approval" {
		t.Fatalf("at %s", asks.at)
	}
	forged := *asks.at
	forged.RawQuery = url.Values{"req": {asks.at.Query().Get("req")}, "hmac": {"x"}}.Encode()
	if p := b.post(forged.String(), url.Values{"approval": {"approve"}}); p.code != 401 {
		t.Errorf("forged approval: %d", p.code)
	}
	// Another browser cannot finish what this one began.
	other := &browser{t, &http.Client{Transport: b.http.Transport}}
	if p := other.post(asks.at.String(), url.Values{"approval": {"approve"}}); p.code != 403 || !strings.Contains(p.body, "CSRF") {
		t.Errorf("another browser: %d", p.code)
	}
	if s.Logins() != 0 {
		t.Errorf("%d sessions", s.Logins())
	}
}
