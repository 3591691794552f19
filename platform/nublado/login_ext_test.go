package nublado_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

func (s *site) count(method, path string) int {
	n := 0
	for _, r := range s.Nublado.Requests() {
		if r.Method == method && r.Path == path {
			n++
		}
	}
	return n
}

func TestManyFirstCallsAreOneLogin(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	ready(t, s.client(t, "ada"))
	before := s.count(http.MethodGet, "/nb/hub/login")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := c.RunNotebook(t.Context(), nublado.Notebook{Content: "{}"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, m := s.count(http.MethodGet, "/nb/hub/login")-before, s.count(http.MethodGet, "/nb/user/ada/oauth_callback"); n != 1 || m != 1 {
		t.Errorf("%d logins at the hub and %d at the lab, want 1 and 1", n, m)
	}
}

// A hub that was restarted knows neither cookies nor XSRF values of before.
func TestALoginThatIsOverIsBegunAnew(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]nubladotest.Settings{"before 4": {}, "from 4.1": {XSRF: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, settings)
			c := s.client(t, "ada")
			ctx := t.Context()
			ready(t, c)
			if err := c.AuthToLab(ctx); err != nil {
				t.Fatal(err)
			}
			s.Nublado.EndLogins("ada")
			if _, err := c.LabStopped(ctx); !errors.Is(err, nublado.ErrNotLoggedIn) {
				t.Errorf("%v, want ErrNotLoggedIn", err)
			}
			if err := c.AuthToHub(ctx); err != nil {
				t.Fatal(err)
			}
			if stopped, err := c.LabStopped(ctx); err != nil || stopped {
				t.Errorf("%v, %v", stopped, err)
			}
			// The lab is logged in to again after it has refused the cookies.
			n := nublado.Notebook{Content: "{}"}
			if _, err := c.RunNotebook(ctx, n); err != nil {
				t.Fatal(err)
			}
			s.Nublado.LogOutOfLab("ada")
			if _, err := c.RunNotebook(ctx, n); !errors.Is(err, nublado.ErrNotLoggedIn) {
				t.Errorf("%v, want ErrNotLoggedIn", err)
			}
			if _, err := c.RunNotebook(ctx, n); err != nil {
				t.Errorf("afterwards: %v", err)
			}
			// A new lab knows no cookie of the one before.
			if err := errors.Join(c.Stop(ctx), c.WaitForStop(ctx)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.RunNotebook(ctx, n); !errors.Is(err, nublado.ErrLabNotRunning) {
				t.Errorf("%v, want ErrLabNotRunning", err)
			}
			ready(t, c)
			if _, err := c.RunNotebook(ctx, n); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAFailedLoginLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	if err := c.AuthToHub(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Nublado.Answer("ada", nubladotest.Login, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	if err := c.AuthToHub(t.Context()); !errors.Is(err, nublado.ErrServer) {
		t.Errorf("%v, want ErrServer", err)
	}
	if _, err := c.LabStopped(t.Context()); err != nil {
		t.Errorf("with the login of before: %v", err)
	}
}

func TestAPageThatIsNotTheEndOfALoginIsNoLogin(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") }
	to := func(location string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusFound)
		}
	}
	for name, tt := range map[string]struct {
		on     nubladotest.Action
		answer http.HandlerFunc
		want   error
	}{
		"the hub's form":            {nubladotest.Login, page, nublado.ErrToken},
		"a lab instead of the hub":  {nubladotest.Home, to("/nb/user/ada/lab"), nublado.ErrNotLoggedIn},
		"Gafaelfawr's login":        {nubladotest.Home, to("/login?rd=https://x&state=canary"), nublado.ErrToken},
		"another provider's login":  {nubladotest.Home, to("https://idp.example.com/a?client_id=x&response_type=code&state=canary"), nublado.ErrToken},
		"a loop":                    {nubladotest.Home, to("/nb/hub/home"), nublado.ErrRedirect},
		"a loop that is never same": {nubladotest.Home, func(w http.ResponseWriter, r *http.Request) { to("/nb/hub/home?x="+r.URL.RawQuery+"y")(w, r) }, nublado.ErrRedirect},
		"away":                      {nubladotest.Home, to("https://evil.example.com/nb/hub/home"), nublado.ErrRedirect},
		"no address":                {nubladotest.Home, to("https://%zz/?state=canary"), nublado.ErrNoAnswer},
		"no location":               {nubladotest.Home, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFound) }, nublado.ErrRedirect},
		"not modified":              {nubladotest.Home, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }, nublado.ErrAnswer},
		"the lab, consent":          {nubladotest.Authorize, page, nublado.ErrNotLoggedIn},
		"the lab, away":             {nubladotest.Callback, to("//evil.example.com/"), nublado.ErrRedirect},
		"the lab, down":             {nubladotest.LabPage, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, nublado.ErrLabNotRunning},
		"the lab, 424":              {nubladotest.LabPage, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusFailedDependency) }, nublado.ErrLabNotRunning},
		"the lab, another user's":   {nubladotest.LabPage, to("/nb/user/eve/lab"), nublado.ErrRedirect},
		"the lab, spawn pending":    {nubladotest.LabPage, to("/nb/hub/spawn-pending/ada"), nublado.ErrLabNotRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, nubladotest.Settings{XSRF: true})
			ready(t, s.client(t, "ada"))
			c := s.client(t, "ada")
			s.Nublado.Answer("ada", tt.on, tt.answer)
			err := c.AuthToLab(t.Context())
			own, ok := errors.AsType[*nublado.APIError](err)
			if !ok || !errors.Is(own.Kind, tt.want) || strings.Contains(err.Error(), "canary") || strings.ContainsAny(own.URL, "?#") {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// Hub and lab have XSRF values of their own, even if a careless one sets it for all paths.
func TestARequestRepeatsTheXSRFValueOfItsOwnPath(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	sent := map[string]string{}
	answer := func(r *http.Request) *http.Response {
		mu.Lock()
		defer mu.Unlock()
		cookie := ""
		if first, err := r.Cookie("_xsrf"); err == nil {
			cookie = first.Value
		}
		if got := r.Header.Get("X-Xsrftoken"); got != cookie {
			t.Errorf("%s: %q does not repeat %q", r.URL.Path, got, cookie)
		}
		key := r.Method + " " + r.URL.Path
		sent[key] = r.Header.Get("X-Xsrftoken") + " " + r.Header.Get("Sec-Fetch-Mode") + " " + r.Header.Get("Referer")
		h, status, body := http.Header{}, http.StatusOK, `{"name":"ada","servers":{"":{}},"notebook":""}`
		set := func(path, value string) { h.Add("Set-Cookie", "_xsrf="+value+"; Path="+path) }
		to := func(at string) { h.Set("Location", at); status = http.StatusFound }
		switch key {
		case "GET /nb/hub/home":
			if cookie != "" {
				set("/nb/hub/", "hub-2") // of the login
				break
			}
			set("/nb/hub/", "hub-1") // of a visitor
			to("/nb/hub/login")
		case "GET /nb/hub/login":
			to("/nb/hub/home")
		case "GET /nb/hub/spawn":
			set("/nb/hub/spawn", "form")
		case "POST /nb/hub/spawn":
			to("spawn-pending/ada")
		case "GET /nb/user/ada/lab":
			if cookie == "" {
				set("/nb/user/ada/", "lab-1")
				to("/nb/user/ada/oauth_callback")
			}
		case "GET /nb/user/ada/oauth_callback":
			set("/nb/user/ada/", "lab-2")
			to("/nb/user/ada/lab")
		}
		return reply(r, status, h, body)
	}
	c := nublado.NewClient(&http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) { return answer(r), nil })}, "https://nb.test/nb", "ada")
	ctx := t.Context()
	if _, err := c.RunNotebook(ctx, nublado.Notebook{Content: "x", Kernel: "k", ClearLocalSitePackages: true}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Spawn(ctx, nublado.Lab{}), c.Stop(ctx)); err != nil {
		t.Fatal(err)
	}
	const referer = "https://nb.test/nb/hub/home"
	for key, want := range map[string]string{
		"GET /nb/hub/home":                    "hub-1 navigate ",
		"POST /nb/user/ada/rubin/execution":   "lab-2 same-origin ",
		"GET /nb/hub/api/users/ada":           "hub-2 same-origin " + referer,
		"DELETE /nb/hub/api/users/ada/server": "hub-2 same-origin " + referer,
		"GET /nb/hub/spawn":                   "hub-2 navigate ",
		"POST /nb/hub/spawn":                  "form same-origin ",
		"GET /nb/hub/spawn-pending/ada":       "hub-2 same-origin ",
		"GET /nb/user/ada/lab":                "lab-2 navigate ",
	} {
		if sent[key] != want {
			t.Errorf("%s: sent %q, want %q", key, sent[key], want)
		}
	}
	// A login anew sends nothing of the one before.
	clear(sent)
	if err := c.AuthToHub(ctx); err != nil || sent["GET /nb/hub/login"] != "hub-1 navigate " {
		t.Errorf("%v, %q", err, sent)
	}
}

func TestALabThatWasReplacedIsLoggedInTo(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	c, other := s.client(t, "ada"), s.client(t, "ada")
	ctx := t.Context()
	ready(t, c)
	if err := c.AuthToLab(ctx); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.Stop(ctx), other.WaitForStop(ctx)); err != nil {
		t.Fatal(err)
	}
	ready(t, c)
	if _, err := c.RunNotebook(ctx, nublado.Notebook{Content: "{}"}); err != nil {
		t.Error(err)
	}
}

// The form is sent once, and not followed to a login, which would lose it.
func TestAFormIsNotSentToWhereARedirectLeads(t *testing.T) {
	t.Parallel()
	for location, tt := range map[string]struct {
		status int
		want   error
	}{
		"/nb/hub/home":               {http.StatusTemporaryRedirect, nublado.ErrRedirect},
		"/nb/hub/spawn-pending/ada":  {http.StatusPermanentRedirect, nublado.ErrRedirect},
		"/nb/hub/login?next=x":       {http.StatusFound, nublado.ErrNotLoggedIn},
		"https://evil.example.com/x": {http.StatusFound, nublado.ErrRedirect},
	} {
		s := newSite(t, nubladotest.Settings{})
		c := s.client(t, "ada")
		var after []nubladotest.HubRequest
		s.Nublado.Answer("ada", nubladotest.Spawn, func(w http.ResponseWriter, _ *http.Request) {
			after = s.Nublado.Requests()
			w.Header().Set("Location", location)
			w.WriteHeader(tt.status)
		})
		err := c.Spawn(t.Context(), nublado.Lab{})
		if all := s.Nublado.Requests(); !errors.Is(err, tt.want) || len(all) != len(after) {
			t.Errorf("%d to %s: %v, then %v", tt.status, location, err, all[len(after):])
		}
	}
}

// A code of a login is known from the redirect that brought it.
func TestACodeThatAServerRepeatsIsNotShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{})
	c := s.client(t, "ada")
	ready(t, c)
	code := ""
	s.Nublado.Answer("ada", nubladotest.Callback, func(w http.ResponseWriter, r *http.Request) {
		code = r.URL.Query().Get("code")
		http.Error(w, "the grant "+code+" is not good", http.StatusBadRequest)
	})
	if err := c.AuthToLab(t.Context()); code == "" || !errors.Is(err, nublado.ErrRefused) || !strings.Contains(err.Error(), "the grant [redacted] is not good") {
		t.Errorf("%v", err)
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func reply(r *http.Request, status int, h http.Header, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// Every name ends at the server of the test.
func (s *site) everywhere() *http.Client {
	t, _ := s.Client().Transport.(*http.Transport)
	t = t.Clone()
	at, _ := url.Parse(s.URL)
	t.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, at.Host)
	}
	return &http.Client{Transport: t}
}

func TestALabAtAHostOfItsOwnIsFoundByRedirects(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true, Subdomains: true})
	s.Repertoire.Set(nubladotest.Document("http://nb.test/nb"))
	r := nublado.ForToken("ada", s.Gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope))
	r.LookupEnv, r.UserSubdomains = env(repertoire.EnvBaseURL, s.DiscoveryURL()), true
	hc := s.everywhere()
	defer hc.CloseIdleConnections()
	cs, err := clientset.For(t.Context(), r, clientset.WithHTTPClient(hc), clientset.WithPlaintextCredentials())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	c := nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), "ada", nublado.WithUserSubdomains())
	ready(t, c)
	lab := session(t, c)
	if got, err := lab.Run(t.Context(), "print(1+1)"); err != nil || got.Stdout != "2\n" {
		t.Errorf("%q, %v", got.Stdout, err)
	}
	if err := lab.Close(t.Context()); err != nil {
		t.Error(err)
	}
	without := nublado.NewClient(cs.HTTPClient(), cs.HTTPURL(""), "ada")
	if err := without.AuthToLab(t.Context()); !errors.Is(err, nublado.ErrRedirect) || !strings.Contains(err.Error(), "WithUserSubdomains") {
		t.Errorf("%v, want advice", err)
	}
}

func TestTheFormArrivesAsTheHubReadsIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{XSRF: true})
	c := s.client(t, "ada")
	if err := c.Spawn(t.Context(), nublado.Lab{Image: nublado.Image{Tag: "w_1"}, Size: nublado.Small, Debug: true}); err != nil {
		t.Fatal(err)
	}
	var forms []string
	for _, r := range s.Nublado.Requests() {
		if r.Form != nil {
			forms = append(forms, r.Form.Encode())
		}
	}
	if !slices.Equal(forms, []string{"enable_debug=true&image_tag=w_1&size=Small"}) {
		t.Errorf("the hub got %q", forms)
	}
	if err := c.Spawn(t.Context(), nublado.Lab{}); !errors.Is(err, nublado.ErrRefused) || !strings.Contains(err.Error(), "already running") {
		t.Errorf("a second lab: %v", err)
	}
	if err := c.Spawn(t.Context(), nublado.Lab{Size: "big"}); !errors.Is(err, nublado.ErrInvalid) {
		t.Errorf("no such size: %v", err)
	}
}

func TestALabThatDoesNotStartSaysWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t, nubladotest.Settings{SpawnError: "no room on any node"})
	c := s.client(t, "ada")
	if err := c.Spawn(t.Context(), nublado.Lab{}); err != nil {
		t.Fatal(err)
	}
	err := c.WaitForSpawn(t.Context())
	own, ok := errors.AsType[*nublado.APIError](err)
	if !ok || !errors.Is(err, nublado.ErrSpawn) || !strings.Contains(err.Error(), "no room on any node") || len(own.Log) != 3 || own.Log[0] != "Server requested" {
		t.Errorf("%v", err)
	}
	// The hub shows its form again when it does not take it.
	s.Nublado.Answer("ada", nubladotest.Spawn, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<head><title>x</title></head><script>x</script><p class="e">Error: you have no <b>quota</b> &amp; no image</p>`))
	})
	if err := c.Spawn(t.Context(), nublado.Lab{}); !errors.Is(err, nublado.ErrSpawn) || !strings.Contains(err.Error(), "Error: you have no quota & no image") {
		t.Errorf("the form again: %v", err)
	}
}
