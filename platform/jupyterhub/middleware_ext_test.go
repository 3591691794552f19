package jupyterhub_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/jupyterhub"
	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

func TestOnlyBrowsersAreRedirectedToLogIn(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	modern, old := identifier(t, h), identifier(t, h, legacy)
	const page = "/services/svc/a/b?c=d&e=f"
	for name, tt := range map[string]struct {
		auth    *jupyterhub.Auth
		method  string
		headers []string
		want    int
		to      string
	}{
		"browser":           {modern, "GET", []string{"Accept", "text/html"}, 302, "/hub/api/oauth2/authorize?client_id=service-svc&"},
		"browser, old hub":  {old, "GET", []string{"Accept", "text/html"}, 302, "/hub/login?next=%2Fservices%2Fsvc%2Fa%2Fb%3Fc%3Dd%26e%3Df"},
		"anything accepted": {old, "GET", nil, 302, "/hub/login?next="},
		"form":              {modern, "POST", []string{"Accept", "text/html"}, 403, ""},
		"program":           {modern, "GET", []string{"Accept", "application/json"}, 403, ""},
		"script of a page":  {modern, "GET", []string{"Sec-Fetch-Mode", "cors"}, 403, ""},
		"bad token":         {modern, "GET", []string{"Accept", "text/html", "Authorization", "token unknown"}, 403, ""},
		"two headers":       {modern, "GET", []string{"Authorization", "token a", "Authorization", "token b"}, 403, ""},
		"token in the URL":  {modern, "POST", nil, 403, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := visit(tt.auth, tt.method, page, nil, tt.headers...)
			if w.status != tt.want || !strings.HasPrefix(w.header.Get("Location"), tt.to) || tt.to == "" && w.header.Get("Location") != "" {
				t.Errorf("%d, to %q", w.status, w.header.Get("Location"))
			}
			if tt.want == 403 {
				contains(t, w.body, `"message":"Forbidden"`, `"status":403`)
			}
		})
	}
	// A caller with a token needs no login, and one that is not authorized is not redirected to it.
	good, lacking := h.IssueToken("alice", 0, access), h.IssueToken("bob", 0)
	if w := visit(modern, "GET", page, nil, "Authorization", "token "+good); w.status != 200 {
		t.Error(w.status)
	}
	if w := visit(modern, "GET", page, nil, "Authorization", "Bearer "+lacking); w.status != http.StatusForbidden {
		t.Error(w.status)
	}
	// Nor is a caller accepted who adds a second header.
	if w := visit(modern, "GET", page, nil, "Authorization", "token "+good, "Authorization", "token unknown"); w.status != http.StatusForbidden {
		t.Error(w.status)
	}
	shared := &http.Cookie{Name: jupyterhub.ServicesCookie, Value: h.ServicesCookie("bob")}
	if w := visit(old, "GET", page, shared); w.status != 200 {
		t.Error(w.status)
	}
}

func TestARedirectAfterLoginStaysInTheService(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h, legacy)
	for target, want := range map[string]string{
		"//evil.example/services/svc/": "/services/svc/",
		"/other/page":                  "/services/svc/",
		`/services/svc/\\evil`:         "/services/svc/",
		"/services/svc/ok":             "/services/svc/ok",
	} {
		r := request("GET", "/services/svc/")
		r.RequestURI = target
		w := handled(a.Middleware(whoami(nil)), r)
		to, err := url.Parse(w.header.Get("Location"))
		if err != nil || to.Path != "/hub/login" || to.Query().Get("next") != want {
			t.Errorf("%s: sent to %q, want next=%s", target, w.header.Get("Location"), want)
		}
	}
}

func TestPathsMayHaveEscapes(t *testing.T) {
	t.Parallel()
	// Given a hub that puts an escaped name into its paths, as it does for people
	// whose names are addresses ...
	vars := map[string]string{
		"JUPYTERHUB_API_TOKEN": "own", "JUPYTERHUB_USER": "ana@example.com",
		"JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ana@example.com", "JUPYTERHUB_SERVICE_PREFIX": "/user/ana%40example.com/",
		"JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ana%40example.com/oauth_callback", "JUPYTERHUB_OAUTH_ACCESS_SCOPES": `["access:servers"]`,
	}
	told := &told{answer: func() (int, string) {
		return http.StatusOK, `{"access_token":"t","name":"ana","scopes":["access:servers"]}`
	}}
	config := jupyterhub.Config{LookupEnv: env(vars)}
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{Config: config, HTTP: &http.Client{Transport: told}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := jupyterhub.Service{Config: config, HTTP: a.Middleware(whoami(nil))}.Handler()
	if err != nil {
		t.Fatal(err)
	}
	open := func(target string, cookies ...*http.Cookie) answer {
		r := request("GET", target)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		return handled(h, r)
	}
	// ... and browsers that write them in either way ...
	for _, home := range []string{"/user/ana%40example.com/", "/user/ana@example.com/"} {
		// ... then a login begins, comes back, and leads to the page that was asked for.
		begun := open(home + "a%2Fb?c=d")
		to, _ := url.Parse(begun.header.Get("Location"))
		if begun.status != http.StatusFound || len(begun.cookies()) != 1 || begun.cookies()[0].Path != "/user/ana%40example.com/" {
			t.Fatalf("%s: %d, cookies %v", home, begun.status, begun.cookies())
		}
		back := open(home+"oauth_callback?"+url.Values{"code": {"c"}, "state": {to.Query().Get("state")}}.Encode(), begun.cookies()...)
		if page := back.header.Get("Location"); back.status != http.StatusFound || !strings.HasPrefix(page, "/user/ana%40example.com/a") {
			t.Fatalf("%s: %d to %q: %s", home, back.status, page, back.body)
		}
		if got := open(home+"a%2Fb?c=d", back.cookies()...); got.status != http.StatusOK || !strings.Contains(got.body, `"path":"/a/b"`) {
			t.Errorf("%s: %d %s", home, got.status, got.body)
		}
		if got := open(strings.TrimSuffix(home, "/")); got.header.Get("Location") != "/user/ana%40example.com/" {
			t.Errorf("%s without slash: %d to %q", home, got.status, got.header.Get("Location"))
		}
	}
	if got := open("/user/ana%40example.comx/"); got.status != http.StatusNotFound {
		t.Errorf("another's path: %d", got.status)
	}
}

func TestALongAddressFitsIntoItsCookie(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	target := "/services/svc/?" + strings.Repeat("&", 2000)
	w := visit(identifier(t, h), "GET", target, nil)
	if line := w.header.Get("Set-Cookie"); line == "" || len(line) > 4096 {
		t.Errorf("a cookie of %d bytes, which a browser drops", len(line))
	}
}

func TestANameThatIsNotValidForACookieIsEscaped(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.ServiceName, c.Prefix = "my svc", "/services/svc/" },
		func(c *jupyterhub.AuthConfig) {
			vars := h.ServiceEnv("svc")
			vars["JUPYTERHUB_CLIENT_ID"] = "service-my svc"
			c.LookupEnv = env(vars)
		})
	if w := visit(a, "GET", "/services/svc/", nil); w.status != http.StatusFound || len(w.cookies()) != 1 {
		t.Errorf("%d with cookies %v, want one", w.status, w.cookies())
	}
}

func TestALogoutAtTheHubEndsTheSession(t *testing.T) {
	t.Parallel()
	// Given a person who is logged in at a service ...
	h, _ := start(t, hubtest.Config{})
	addr := free(t)
	h.SetServiceURL("svc", "http://"+addr)
	a := identifier(t, h)
	seen := make(chan jupyterhub.Caller, 4)
	stop := running(t, h, jupyterhub.Service{HTTP: a.Middleware(whoami(seen))}, a)
	defer func() { _ = stop() }()
	p := newPerson(t)
	if status, body := p.open(h.URL+"/services/svc/", "alice"); status != 200 {
		t.Fatal(status, body)
	}
	// ... when the hub ends the token and the browser's session goes with it ...
	h.RevokeToken((<-seen).Credentials().AccessToken)
	u, _ := url.Parse(h.URL)
	p.http.Jar.SetCookies(u, []*http.Cookie{{Name: "jupyterhub-session-id", Path: "/", MaxAge: -1}})
	// ... then what was remembered for that session does not let it in.
	before := asked(h, "/oauth2/token")
	if status, _ := p.open(h.URL+"/services/svc/", "alice"); status != 200 || asked(h, "/oauth2/token") != before+1 {
		t.Errorf("%d after %d logins, want a new login", status, asked(h, "/oauth2/token")-before)
	}
}

func TestAUserWithoutTheScopeGetsTheReason(t *testing.T) {
	t.Parallel()
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h, func(c *jupyterhub.AuthConfig) { c.Allow = jupyterhub.Allow{Scopes: []string{}, Users: []string{"zoe"}} })
	w := visit(a, "GET", "/services/svc/", nil, "Authorization", "token "+h.IssueToken("bob", 0))
	if w.status != http.StatusForbidden {
		t.Error(w.status)
	}
	contains(t, w.body, "user bob is not allowed")
}

func TestAnUnauthorizedUserIsNotRedirectedToLogInAgain(t *testing.T) {
	t.Parallel()
	// Given a browser that is logged in as a user who is not authorized ...
	h, _ := start(t, hubtest.Config{})
	a := identifier(t, h, legacy, func(c *jupyterhub.AuthConfig) { c.Allow.Users = []string{"zoe"} })
	shared := &http.Cookie{Name: jupyterhub.ServicesCookie, Value: h.ServicesCookie("bob")}
	w := visit(a, "GET", "/services/svc/", shared, "Accept", "text/html")
	// ... then it is told so, instead of going round in circles.
	if w.status != http.StatusForbidden || w.header.Get("Location") != "" {
		t.Errorf("%d, to %q", w.status, w.header.Get("Location"))
	}
	contains(t, w.body, "user bob is not allowed")
	// Nor does trouble with the hub look like a login that is missing.
	h.Answer(hubtest.Answer{Status: http.StatusInternalServerError})
	other := &http.Cookie{Name: jupyterhub.ServicesCookie, Value: h.ServicesCookie("zoe")}
	if w := visit(a, "GET", "/services/svc/", other, "Accept", "text/html"); w.status != http.StatusBadGateway {
		t.Errorf("%d, want 502", w.status)
	}
}

func TestALoginOfAnUnauthorizedUserFailsAtTheCallback(t *testing.T) {
	t.Parallel()
	// Given a person whose token lacks the scope ...
	h := &told{answer: func() (int, string) {
		return http.StatusOK, `{"access_token":"t","name":"badger","kind":"user","scopes":[]}`
	}}
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
		Config: jupyterhub.Config{APIToken: flow.SecretValue("own"), ServiceName: "svc", LookupEnv: env(nil)},
		HTTP:   &http.Client{Transport: h},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := visit(a, "GET", "/services/svc/", nil)
	to, _ := url.Parse(w.header.Get("Location"))
	// ... when the hub sends the browser back, then it is told so and keeps no token.
	back := "/services/svc/oauth_callback?" + url.Values{"code": {"c"}, "state": {to.Query().Get("state")}}.Encode()
	got := visit(a, "GET", back, w.cookies()[0])
	if got.status != http.StatusForbidden || len(got.cookies()) != 1 || got.cookies()[0].Value != "" {
		t.Errorf("%d with cookies %v", got.status, got.cookies())
	}
	contains(t, got.body, "user badger is not allowed")
}

func TestCookiesAreForTheServicesPathOnly(t *testing.T) {
	t.Parallel()
	h := &told{answer: func() (int, string) {
		return http.StatusOK, `{"access_token":"t","name":"alice","scopes":["access:services!service=svc"]}`
	}}
	a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
		Config: jupyterhub.Config{APIToken: flow.SecretValue("own"), ServiceName: "svc", LookupEnv: env(nil)},
		HTTP:   &http.Client{Transport: h},
	})
	if err != nil {
		t.Fatal(err)
	}
	for proto, secure := range map[string]bool{"": false, "http": false, "https": true, "HTTPS, http": true} {
		w := visit(a, "GET", "/services/svc/", nil, "X-Forwarded-Proto", proto)
		to, _ := url.Parse(w.header.Get("Location"))
		back := "/services/svc/oauth_callback?" + url.Values{"code": {"c"}, "state": {to.Query().Get("state")}}.Encode()
		got := visit(a, "GET", back, w.cookies()[0], "X-Forwarded-Proto", proto)
		all := append(w.cookies(), got.cookies()...)
		if len(all) != 3 {
			t.Fatalf("%q: cookies %v, want that of the login, its end and that of the token", proto, all)
		}
		for _, c := range all {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/services/svc/" || c.Domain != "" || c.Secure != secure {
				t.Errorf("%q: %v", proto, c)
			}
		}
	}
}

func TestALoginMustBeFinishedInTime(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]int{10*time.Minute - time.Second: http.StatusFound, 10 * time.Minute: http.StatusForbidden} {
		synctest.Test(t, func(t *testing.T) {
			h := &told{answer: func() (int, string) {
				return http.StatusOK, `{"access_token":"t","name":"alice","scopes":["access:services!service=svc"]}`
			}}
			a, err := jupyterhub.NewAuth(jupyterhub.AuthConfig{
				Config: jupyterhub.Config{APIToken: flow.SecretValue("own"), ServiceName: "svc", LookupEnv: env(nil)},
				HTTP:   &http.Client{Transport: h},
			})
			if err != nil {
				t.Fatal(err)
			}
			w := visit(a, "GET", "/services/svc/", nil)
			to, _ := url.Parse(w.header.Get("Location"))
			time.Sleep(wait)
			back := "/services/svc/oauth_callback?" + url.Values{"code": {"c"}, "state": {to.Query().Get("state")}}.Encode()
			if got := visit(a, "GET", back, w.cookies()[0]); got.status != want {
				t.Errorf("after %v: %d %s, want %d", wait, got.status, got.body, want)
			}
		})
	}
}
