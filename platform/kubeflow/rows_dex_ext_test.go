package kubeflow_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

func TestKubeflowRow04_DexLoginThroughEveryFront(t *testing.T) {
	t.Parallel()
	for _, signIn := range []bool{false, true} {
		for _, approval := range []bool{false, true} {
			for _, old := range []bool{false, true} {
				for _, connectors := range [][]string{{"local"}, {"ldap"}, {"ldap", "local"}} {
					config := dextest.Config{SignInPage: signIn, Approval: approval, OldDex: old, Connectors: connectors}
					t.Run(fmt.Sprintf("403=%v,approval=%v,old=%v,%v", signIn, approval, old, connectors), func(t *testing.T) {
						t.Parallel()
						logsIn(t, config)
					})
				}
			}
		}
	}
}

func logsIn(t *testing.T, front dextest.Config) {
	t.Helper()
	// Given a deployment, when a user calls its API ...
	proxy, a := behind(t, front)
	cs := made(t, user(proxy))
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	// ... then the call carried the session, and no authorization ...
	md := a.Calls()[0]
	if len(md["cookie"]) != 1 || !strings.HasPrefix(md["cookie"][0], dextest.SessionCookie+"=") || strings.Contains(md["cookie"][0], ";") {
		t.Errorf("cookie = %d values, want the session alone", len(md["cookie"]))
	}
	if len(md["authorization"]) != 0 {
		t.Error("there is an authorization header")
	}
	// ... after one login, which showed the password once.
	var passwords int
	for _, r := range proxy.Requests() {
		if slices.Contains(r.Form, "password") {
			passwords++
		}
	}
	if proxy.Logins() != 1 || passwords != 1 {
		t.Errorf("%d sessions and %d passwords, want one of each", proxy.Logins(), passwords)
	}
	if cs.Authenticator().Status().Expiry.IsZero() {
		t.Error("the session has no expiry, although its cookie has one")
	}
	if approved := approvals(proxy); approved != front.Approval {
		t.Errorf("approval sent: %v, want %v", approved, front.Approval)
	}
}

func approvals(proxy *dextest.Server) bool {
	return slices.ContainsFunc(proxy.Requests(), func(r dextest.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/approval") && slices.Contains(r.Form, "approval")
	})
}

func TestKubeflowRow04_ASessionDescribesTheLogin(t *testing.T) {
	t.Parallel()
	proxy, _ := behind(t, dextest.Config{Connectors: []string{"local", "ldap"}})
	config := user(proxy)
	s, err := config.Dex.Login(t.Context(), nil, proxy.URL+"/pipeline/")
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	if s.EndpointURL != proxy.URL+"/pipeline" || !s.Secured || s.Expiry.IsZero() ||
		!strings.HasPrefix(s.RedirectURL, proxy.URL+"/dex/auth?") ||
		!strings.HasPrefix(s.LoginURL, proxy.URL+"/dex/auth/local/login?") ||
		!strings.HasPrefix(s.Cookie, dextest.SessionCookie+"=") {
		t.Errorf("session = %q, %q, %q, %v", s.EndpointURL, s.RedirectURL, s.LoginURL, s.Secured)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, "session-") || strings.Contains(text, "state=") {
			t.Errorf("%s shows a secret: %s", verb, text)
		}
	}
}

func TestKubeflowRow05_WrongPasswordIsNamed(t *testing.T) {
	t.Parallel()
	for name, front := range map[string]dextest.Config{
		"401":                       {},
		"200 without redirect":      {OldDex: true},
		"401 behind a sign-in page": {SignInPage: true, Connectors: []string{"local", "ldap"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy, a := behind(t, front)
			config := user(proxy)
			config.Dex.Password = flow.SecretValue("canary-password")
			err := listRuns(t.Context(), made(t, config), "team")
			if !errors.Is(err, kubeflow.ErrWrongPassword) || !errors.Is(err, auth.ErrRejected) || status.Code(err) != codes.Unauthenticated {
				t.Fatalf("%v (%v), want ErrWrongPassword", err, status.Code(err))
			}
			contains(t, err.Error(), "login credentials were probably invalid", "No redirect after POST to: "+proxy.URL+"/dex/auth/local")
			if strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "state=") || strings.Contains(err.Error(), "req=") {
				t.Errorf("the error shows too much: %v", err)
			}
			if n := len(a.Calls()); n != 0 {
				t.Errorf("%d calls went out", n)
			}
		})
	}
}

func TestKubeflowRow05_UnsecuredEndpointNeedsNoCookie(t *testing.T) {
	t.Parallel()
	// Given an endpoint that asks for no login, behind it an API that does not either ...
	proxy, _ := behind(t, dextest.Config{Unsecured: true})
	open := serve(t)
	config := user(proxy)
	config.API = "http://" + open.Addr()
	// ... then calls go without a cookie.
	if err := listRuns(t.Context(), made(t, config), "team"); err != nil {
		t.Fatal(err)
	}
	md := open.Calls()[0]
	if len(md["cookie"])+len(md["authorization"]) != 0 {
		t.Error("the call carried credentials")
	}
	for _, r := range proxy.Requests() {
		if r.Method == http.MethodPost {
			t.Error("the password was sent")
		}
	}
	s, err := config.Dex.Login(t.Context(), http.DefaultClient, proxy.URL)
	if err != nil || s.Secured || s.Cookie != "" || s.LoginURL != "" || s.RedirectURL != proxy.URL {
		t.Errorf("session = %+v, %v", s, err)
	}
	http.DefaultClient.CloseIdleConnections()

	// An API that asks all the same says what is wrong.
	strict, _ := behind(t, dextest.Config{})
	config.API = strict.URL
	err = listRuns(t.Context(), made(t, config), "team")
	if status.Code(err) != codes.Unauthenticated {
		t.Errorf("code = %v", status.Code(err))
	}
	contains(t, err.Error(), "answers without a login")
}

func TestKubeflowRow05_TheHTTPStatusOfTheProxyIsInTheError(t *testing.T) {
	t.Parallel()
	for _, code := range []int{http.StatusInternalServerError, http.StatusServiceUnavailable, http.StatusNotFound} {
		proxy, _ := behind(t, dextest.Config{Status: code})
		err := listRuns(t.Context(), made(t, user(proxy)), "team")
		var answer *kubeflow.StatusError
		if !errors.As(err, &answer) || answer.Status != code || status.Code(err) != codes.Unavailable {
			t.Fatalf("%v (%v)", err, status.Code(err))
		}
		contains(t, err.Error(), fmt.Sprintf("HTTP status code '%d' for GET against: %s/pipeline", code, proxy.URL))
	}
}

func TestKubeflowRow05_ALoginWithoutASessionCookieFails(t *testing.T) {
	t.Parallel()
	// Given a page between form and session that only a person can answer, so that
	// the proxy's note to itself is the only cookie ...
	proxy, _ := behind(t, dextest.Config{Interlude: true})
	err := listRuns(t.Context(), made(t, user(proxy)), "team")
	if !errors.Is(err, kubeflow.ErrNoSession) || status.Code(err) != codes.Unauthenticated {
		t.Fatalf("%v (%v), want ErrNoSession", err, status.Code(err))
	}
	contains(t, err.Error(), dextest.CSRFCookie)
}

func TestKubeflowRow06_ExpiredSessionIsOneLoginAndOneRetry(t *testing.T) {
	t.Parallel()
	proxy, a := behind(t, dextest.Config{Approval: true})
	cs := made(t, user(proxy))
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	proxy.ExpireSessions()
	if err := listRuns(t.Context(), cs, "team"); err != nil {
		t.Fatal(err)
	}
	if proxy.Logins() != 2 || len(a.Calls()) != 3 {
		t.Errorf("%d logins and %d attempts, want 2 and 3", proxy.Logins(), len(a.Calls()))
	}

	// However many calls find it expired, one login serves them all.
	proxy.ExpireSessions()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := listRuns(t.Context(), cs, "team"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if proxy.Logins() != 3 {
		t.Errorf("%d logins, want 3", proxy.Logins())
	}
}

func TestKubeflowRow06_PermissionDeniedStartsNoLogin(t *testing.T) {
	t.Parallel()
	proxy, a := behind(t, dextest.Config{})
	cs := made(t, user(proxy))
	if err := listRuns(t.Context(), cs, "others"); status.Code(err) != codes.PermissionDenied {
		t.Fatalf("%v, want PermissionDenied", err)
	}
	if proxy.Logins() != 1 || len(a.Calls()) != 1 {
		t.Errorf("%d logins and %d attempts, want one of each", proxy.Logins(), len(a.Calls()))
	}
}

func TestSessionsOfTwoUsersAreKeptApart(t *testing.T) {
	t.Parallel()
	users := map[string]string{"ana@example.com": "pw-ana", "bo@example.com": "pw-bo"}
	proxy, a := behind(t, dextest.Config{Users: users})
	var wg sync.WaitGroup
	for name, password := range users {
		config := user(proxy)
		config.Dex = &kubeflow.Dex{Username: name, Password: flow.SecretValue(password)}
		cs := made(t, config, clientset.WithRequestMetadata(map[string][]string{"who": {name}}))
		for range 8 {
			wg.Go(func() {
				for range 50 {
					if err := listRuns(t.Context(), cs, "team"); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	session := map[string]string{}
	for _, md := range a.Calls() {
		who, cookie := md["who"][0], md["cookie"][0]
		if old, ok := session[who]; ok && old != cookie {
			t.Fatalf("%s called with two sessions", who)
		}
		session[who] = cookie
	}
	if len(session) != 2 || session["ana@example.com"] == session["bo@example.com"] || len(a.Calls()) != 800 {
		t.Errorf("%d users, %d calls, sessions shared", len(session), len(a.Calls()))
	}
}
