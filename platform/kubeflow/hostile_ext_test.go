package kubeflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/platform/kubeflow"
)

const canary = "canary-password"

func dex() kubeflow.Dex {
	return kubeflow.Dex{Username: "u", Password: flow.SecretValue(canary)}
}

// site serves handlers by path, and fails the test if the password arrives where
// it must not.
func site(t *testing.T, pages map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range pages {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func to(code int, address string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", address)
		w.WriteHeader(code)
	}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(text)) }
}

const form = `<form method=post><input name=login><input NAME='password' TYPE=PassWord></form>`

func TestUnexpectedAnswersDuringALoginAreNamed(t *testing.T) {
	t.Parallel()
	// Where a stranger listens for passwords.
	thief := site(t, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) {
		if r.ParseForm() == nil && strings.Contains(fmt.Sprint(r.Form, r.Header), canary) {
			t.Error("the password reached a stranger")
		}
	}})
	for name, tt := range map[string]struct {
		pages map[string]http.HandlerFunc
		want  string
	}{
		"a loop":               {map[string]http.HandlerFunc{"/": to(302, "/")}, "redirects more than"},
		"to nowhere":           {map[string]http.HandlerFunc{"/": to(302, "")}, "redirects to an invalid address"},
		"to no URL":            {map[string]http.HandlerFunc{"/": to(302, "http://[::1")}, "redirects to an invalid address"},
		"to another scheme":    {map[string]http.HandlerFunc{"/": to(302, "file:///etc/passwd")}, `"file"`},
		"to plaintext":         {map[string]http.HandlerFunc{"/": to(302, "http://203.0.113.9/dex/auth/local/login")}, "without TLS"},
		"with a user name":     {map[string]http.HandlerFunc{"/": to(302, "http://a:b@127.0.0.1/")}, "redirects to an invalid address"},
		"not to Dex":           {map[string]http.HandlerFunc{"/{$}": to(302, "/dashboard"), "/dashboard": says("welcome")}, "not Dex's login form"},
		"no connector":         {map[string]http.HandlerFunc{"/{$}": to(302, "/dex/auth"), "/dex/auth": says("choose")}, "HTTP status code '404' for GET against: "},
		"form is gone":         {map[string]http.HandlerFunc{"/{$}": to(302, "/dex/auth/local"), "/dex/auth/local": to(302, "/gone")}, "HTTP status code '404'"},
		"form in trouble":      {login(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }), "HTTP status code '500' for POST against: "},
		"form passes it on":    {login(to(307, thief.URL)), "redirects the login form to another address"},
		"form passes it on, 2": {login(to(308, thief.URL)), "redirects the login form to another address"},
		"no cookie at all":     {login(to(303, "/done")), "cookies: none"},
		"only old cookies":     {withCookie(login(to(303, "/done")), "sticky", "1"), "cookies: sticky"},
		"only a new note": {withCookie(login(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "_oauth2_proxy_csrf", Value: "2", Path: "/"})
			to(303, "/done")(w, r)
		}), "_oauth2_proxy_csrf", "1"), "cookies: _oauth2_proxy_csrf"},
		"approval refused": {login(to(303, "/approval")), "HTTP status code '404'"},
		"no server":        {map[string]http.HandlerFunc{"/{$}": to(302, "http://127.0.0.1:1/auth/x/login")}, "cannot be reached"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site(t, tt.pages)
			_, err := dex().Login(t.Context(), s.Client(), s.URL)
			var e *kubeflow.Error
			if !errors.As(err, &e) || status.Code(err) == codes.OK {
				t.Fatalf("%v", err)
			}
			contains(t, err.Error(), tt.want)
			if strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "?") && strings.Contains(err.Error(), "state=") {
				t.Errorf("the error shows too much: %v", err)
			}
		})
	}
}

// login is a deployment whose form is answered by submit.
func login(submit http.HandlerFunc) map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"/{$}":                       to(302, "/dex/auth/local/login?state=secret"),
		"GET /dex/auth/local/login":  says(form),
		"POST /dex/auth/local/login": submit,
		"/done":                      says("done"),
	}
}

func withCookie(pages map[string]http.HandlerFunc, name, value string) map[string]http.HandlerFunc {
	front := pages["/{$}"]
	pages["/{$}"] = func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: name, Value: value})
		front(w, r)
	}
	return pages
}

func TestAnyFormWithAPasswordFieldOnTheEndpointsHostIsUsed(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{
		"/{$}":         to(302, "/sign/in"),
		"GET /sign/in": says(form),
		"POST /sign/in": func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "a", Value: "1", Path: "/", MaxAge: 60})
			http.SetCookie(w, &http.Cookie{Name: "b", Value: "2", Path: "/"})
			http.SetCookie(w, &http.Cookie{Name: "elsewhere", Value: "3", Path: "/sign"})
			http.Redirect(w, r, "/done", http.StatusSeeOther)
		},
		"/done": says("done"),
	})
	session, err := dex().Login(t.Context(), s.Client(), s.URL)
	if err != nil || session.Cookie != "a=1; b=2" || !session.Secured {
		t.Errorf("%q, %v", session.Cookie, err)
	}
	if left := time.Until(session.Expiry); left > time.Minute || left < 0 {
		t.Errorf("the session ends in %v, want within a minute", left)
	}
}

func TestTheFormOfAnotherProviderGetsNoPassword(t *testing.T) {
	t.Parallel()
	// Given a Dex that hands over to another provider, whose page asks for a password too ...
	for path, body := range map[string]string{
		"/login?return_to=x": form,
		"/auth/realms/kf/login-actions/authenticate?session_code=x": form,
		"/auth/login?state=x":       form,
		"/auth/local/login?state=x": `<form method=post><input name=email><input name=password type=password></form>`,
		"/auth/local/login?req=x":   "welcome",
	} {
		stranger := site(t, map[string]http.HandlerFunc{"GET /": says(body), "POST /": func(http.ResponseWriter, *http.Request) {
			t.Errorf("%s: something was sent", path)
		}})
		s := site(t, map[string]http.HandlerFunc{"/{$}": to(302, "/dex/auth/github"), "/dex/auth/github": to(302, stranger.URL+path)})
		// ... then it is not told that of Dex.
		_, err := dex().Login(t.Context(), s.Client(), s.URL)
		if err == nil {
			t.Fatalf("%s: no error", path)
		}
		contains(t, err.Error(), stranger.URL, "not Dex's login form")
	}
}

func TestDexMayBeOnAnotherHost(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/dex/auth/local/login?back=&state=x", "/dex/auth/local?req=x"} {
		var s *httptest.Server
		idp := site(t, map[string]http.HandlerFunc{"GET /": says(form), "POST /": func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("password") == canary {
				http.Redirect(w, r, s.URL+"/callback", http.StatusSeeOther)
			}
		}})
		s = site(t, map[string]http.HandlerFunc{
			"/{$}": func(w http.ResponseWriter, r *http.Request) {
				if !strings.HasPrefix(r.Header.Get("Accept"), "text/html") {
					t.Error("the proxy takes this for a program, which it shows no login")
				}
				to(302, idp.URL+path)(w, r)
			},
			"/callback": func(w http.ResponseWriter, _ *http.Request) {
				for i := range 3 { // too large for one cookie
					http.SetCookie(w, &http.Cookie{Name: fmt.Sprint("session_", i), Value: fmt.Sprint(i), Path: "/"})
				}
			},
		})
		session, err := dex().Login(t.Context(), s.Client(), s.URL)
		if err != nil || session.Cookie != "session_0=0; session_1=1; session_2=2" {
			t.Errorf("%s: %q, %v", path, session.Cookie, err)
		}
	}
}

func TestA403WithoutASignInPageIsNotTakenForUnsecured(t *testing.T) {
	t.Parallel()
	// Given an endpoint that refuses, and a page for everything that shows no login ...
	s := site(t, map[string]http.HandlerFunc{
		"/pipeline": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
		"/":         says("an application"),
	})
	// ... then it is not called unsecured.
	session, err := dex().Login(t.Context(), s.Client(), s.URL+"/pipeline")
	if err == nil {
		t.Fatalf("%v", session)
	}
	contains(t, err.Error(), "/oauth2/start", "not Dex's login form")
}

func TestARedirectToATrailingSlashIsNotALogin(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{"/pipeline": to(301, "/pipeline/"), "/pipeline/": says("the UI")})
	session, err := dex().Login(t.Context(), s.Client(), s.URL+"/pipeline")
	if err != nil || session.Secured {
		t.Errorf("%v, %v", session, err)
	}
}

func TestALoginEndsWithItsContext(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	s := site(t, map[string]http.HandlerFunc{"/": func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}})
	defer close(hang)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := dex().Login(ctx, s.Client(), s.URL)
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v (%v)", err, status.Code(err))
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestALoginHasATimeLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		deaf := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		began := time.Now()
		_, err := dex().Login(t.Context(), deaf, "https://kf.example")
		if waited := time.Since(began); err == nil || waited > time.Minute {
			t.Errorf("%v after %v, want an error within a minute", err, waited)
		}
	})
}

func TestAHugePageIsNotRead(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{
		"/{$}": to(302, "/x"),
		"/x":   says(strings.Repeat("<input type=text>", 1<<17)),
	})
	if _, err := dex().Login(t.Context(), s.Client(), s.URL); err == nil {
		t.Error("a page of inputs was taken for Dex's form")
	}
}

func TestALoginWithMissingSettingsMakesNoRequest(t *testing.T) {
	t.Parallel()
	s := site(t, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) { t.Error("a request was made") }})
	for name, tt := range map[string]struct {
		dex     kubeflow.Dex
		address string
		want    string
	}{
		"no user":     {kubeflow.Dex{Password: flow.SecretValue("x")}, s.URL, "Dex.Username"},
		"no password": {kubeflow.Dex{Username: "u"}, s.URL, "Dex.Password"},
		"its error":   {kubeflow.Dex{Username: "u", Password: flow.SecretEnv("JETWAY_NO_SUCH")}, s.URL, "JETWAY_NO_SUCH"},
		"plaintext":   {dex(), "http://203.0.113.9", "without TLS"},
		"no address":  {dex(), "", "has no host"},
	} {
		_, err := tt.dex.Login(t.Context(), s.Client(), tt.address)
		if err == nil {
			t.Fatalf("%s: no error", name)
		}
		contains(t, err.Error(), tt.want)
	}
}
