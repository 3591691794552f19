package hub_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/mockserver/backend"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

// startIngress stands where Gafaelfawr stands on the Science Platform: it checks
// the user's token and tells the hub behind who that is. gRPC goes to a backend. Each
// request for the hub is shown to seen.
func startIngress(t *testing.T, h *hub, guard *nubladotest.Gafaelfawr, seen func(user string, r *http.Request)) string {
	t.Helper()
	target, err := url.Parse(h.Proxy)
	if err != nil {
		t.Fatal(err)
	}
	discovery := nubladotest.NewRepertoire(nil)
	b := backend.New(backend.Config{})
	calls := grpc.NewServer(grpc.ChainUnaryInterceptor(serverauth.Unary(guard)))
	b.Register(calls)
	hubward := &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Authorization") // the token is for the ingress alone
		},
	}
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); {
		case strings.HasPrefix(r.URL.Path, "/repertoire/"):
			discovery.ServeHTTP(w, r)
		case strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc"):
			calls.ServeHTTP(w, r)
		default:
			who, err := guard.Verify(r.Context(), serverauth.Presented{Scheme: scheme, Token: token})
			if err != nil {
				http.Error(w, "no token that Gafaelfawr knows", http.StatusUnauthorized)
				return
			}
			seen(who.Subject, r)
			r.Header.Set("X-Auth-Request-User", who.Subject)
			r.Header.Set("X-Auth-Request-Token", token)
			hubward.ServeHTTP(w, r)
		}
	}))
	front.Config.Protocols = new(http.Protocols)
	front.Config.Protocols.SetHTTP1(true)
	front.Config.Protocols.SetUnencryptedHTTP2(true)
	base := "http://" + front.Listener.Addr().String()
	discovery.Set(nubladotest.Document(base + h.Base))
	front.Start()
	t.Cleanup(func() {
		front.Close()
		calls.Stop()
		b.Close()
	})
	return base
}

// TestNublado has one hub for everything that leaves it running.
func TestNublado(t *testing.T) {
	t.Parallel()
	h := startHub(t, "/nb", true)
	for name, test := range map[string]func(*testing.T, *hub){
		"AServiceActsForItsCaller": nubladosHub,
		"CodeRunsInLabs":           nubladosLabs,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, h)
		})
	}
}

// A service of the Science Platform acts for a user whose request it has got: by
// gRPC, and at Nublado's hub, whose services know the user too.
func nubladosHub(t *testing.T, h *hub) {
	guard := nubladotest.NewGafaelfawr(nil)
	base := startIngress(t, h, guard, func(string, *http.Request) {})
	discovery, err := repertoire.New(repertoire.Config{BaseURL: base + "/repertoire"})
	if err != nil {
		t.Fatal(err)
	}

	// Given what the platform has delegated for alice,
	delegated := guard.Delegate("alice", nublado.DefaultScope)
	// when she is acted for, then the backend knows her,
	set, err := clientset.For(t.Context(), nublado.Resolver{Source: nublado.FromRequest(delegated), Discovery: discovery, LookupEnv: nothing})
	if err != nil {
		t.Fatal(err)
	}
	who, err := subject(t, set)
	mustBe(t, "alice", who, err)
	// the hub does,
	alice := newBrowser(t)
	alice.token = delegated.Get("X-Auth-Request-Token")
	at, status, body := alice.visit(base+"/nb/hub/home", nil)
	if at.Path != "/nb/hub/home" || status != http.StatusOK || !strings.Contains(body, "alice") {
		t.Errorf("the way leads to %s, status %d", at.Path, status)
	}
	alice.cookie(base+"/nb/hub/", "jupyterhub-hub-login")
	// and so does the hub's service, by the code flow.
	page := base + "/nb/services/whoami/"
	if at, status, body = alice.visit(page, nil); at.String() != page || status != http.StatusOK || !strings.Contains(body, "alice") {
		t.Errorf("the way leads to %s, status %d: %q", at.Path, status, body)
	}
	who, err = whoamiByCookie(t, h.Whoami, "service-whoami="+alice.cookie(page, "service-whoami"))
	mustBe(t, "alice", who, err)
	who, err = whoami(t, h.Whoami, h.issue(t, "alice", 0).Token)
	mustBe(t, "alice", who, err)

	// Nobody gets nowhere: neither past the ingress nor, beside it, into the hub.
	for _, address := range []string{base + "/nb/hub/home", h.Proxy + "/nb/hub/home"} {
		if at, status, _ := newBrowser(t).visit(address, nil); status != http.StatusUnauthorized {
			t.Errorf("nobody gets to %s, status %d", at.Path, status)
		}
	}
	guard.RevokeTokens("alice")
	if _, status, _ := alice.visit(page, nil); status != http.StatusUnauthorized {
		t.Errorf("a revoked token gets status %d", status)
	}
	set, err = clientset.For(t.Context(), nublado.Resolver{Source: nublado.FromRequest(delegated), Discovery: discovery, LookupEnv: nothing})
	if err != nil {
		t.Fatal(err)
	}
	_, err = subject(t, set)
	mustFail(t, codes.Unauthenticated, err)
}
