package kubeflow_test

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/kubeflow"
	"github.com/jetway-go/jetway/platform/kubeflow/dextest"
)

const runs = "/apis/v2beta1/runs"

func TestTheHTTPBaseFollowsFromHostAndLogin(t *testing.T) {
	t.Parallel()
	dex := kubeflow.Resolver{Dex: &kubeflow.Dex{Username: "u", Password: flow.SecretValue("p"), AllowPlaintext: true}}
	cookies := kubeflow.Resolver{Cookies: flow.SecretValue("a=b")}
	saved := kubeflow.Resolver{ContextFile: file(t, `{"client_authentication_cookie": "a=b"}`)}
	token := kubeflow.Resolver{Token: flow.SecretValue("t")}
	for _, tt := range []struct {
		config     kubeflow.Resolver
		host, want string
	}{
		{token, "https://kf.example", "https://kf.example"},
		{token, "https://kf.example/pipeline/", "https://kf.example/pipeline"},
		{token, "localhost:3000", "https://localhost:3000"},
		{dex, "https://kf.example", "https://kf.example/pipeline"},
		{dex, "https://kf.example/pipeline", "https://kf.example/pipeline"},
		{dex, "http://ml-pipeline-ui.ml:80", "http://ml-pipeline-ui.ml.svc.cluster.local:80"},
		{cookies, "https://kf.example", "https://kf.example/pipeline"},
		{saved, "https://kf.example", "https://kf.example/pipeline"},
		{token, "http://ml-pipeline-ui/pipeline", "http://ml-pipeline-ui/pipeline"},
		{token, "http://ml-pipeline.ml", "http://ml-pipeline.ml.svc.cluster.local:8888"},
		{token, "http://ml-pipeline.ml:8887/pipeline", "http://ml-pipeline.ml.svc.cluster.local:8888"},
		{token, "http://ml-pipeline.ml:9999", "http://ml-pipeline.ml.svc.cluster.local:9999"},
		{token, "", "http://ml-pipeline.kubeflow.svc.cluster.local:8888"},
		{kubeflow.Resolver{Token: token.Token, API: "grpc.example:1", LookupEnv: env()}, "", ""},
	} {
		tt.config.Host = tt.host
		if tt.config.LookupEnv == nil {
			tt.config.LookupEnv = inCluster()
		}
		target, err := tt.config.Resolve(t.Context(), nil)
		if err != nil || target.HTTPBase != tt.want || target.Origins != nil {
			t.Errorf("%s: %q, %v; want %q", tt.host, target.HTTPBase, err, tt.want)
		}
	}
}

// get makes a request to the API of cs and returns the status of the answer.
func get(t *testing.T, cs *clientset.ClientSet, path string, accept ...string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, cs.HTTPURL(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header["Accept"] = accept
	answer, err := cs.HTTPClient().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

func TestASessionThatHasEndedIsReplacedWhateverTheProxyAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		proxy  dextest.Config
		accept string
	}{
		"a redirect to the login": {dextest.Config{}, "*/*"},
		"a page to sign in on":    {dextest.Config{SignInPage: true}, "*/*"},
		"401 {}":                  {dextest.Config{}, "application/json"},
	} {
		proxy, _ := behind(t, tt.proxy)
		cs := made(t, user(proxy))
		for n := range 3 {
			proxy.ExpireSessions()
			if code := get(t, cs, runs, tt.accept); code != http.StatusOK || proxy.Logins() != n+1 {
				t.Errorf("%s: status %d after %d logins, want %d", name, code, proxy.Logins(), n+1)
			}
		}
	}
}

func TestASessionThatTheProxyRenewsIsStoredForLaterProcesses(t *testing.T) {
	t.Parallel()
	statuses := map[string]int{"/missing": http.StatusNotFound, "/broken": http.StatusInternalServerError}
	proxy := dextest.NewServer(dextest.Config{Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(cmp.Or(statuses[strings.TrimPrefix(r.URL.Path, "/pipeline")], http.StatusOK))
	})})
	t.Cleanup(proxy.Close)
	store := &tokenstore.MemoryStore{}
	cs := made(t, user(proxy), clientset.WithStore(store))
	get(t, cs, runs)
	for n, path := range []string{runs, "/missing", "/broken"} {
		proxy.RenewSessions(0)
		before := value(t, store)
		if code := get(t, cs, path); code != cmp.Or(statuses[path], http.StatusOK) {
			t.Errorf("%s: status %d", path, code)
		}
		after := value(t, store)
		get(t, cs, runs) // with the new one, or the proxy would renew again
		if proxy.Renewals() != n+1 || after == before || value(t, store) != after {
			t.Errorf("%s: %d renewals, want %d; stored anew: %v", path, proxy.Renewals(), n+1, after != before)
		}
	}
	later := made(t, user(proxy), clientset.WithStore(store))
	if code := get(t, later, runs); code != http.StatusOK || proxy.Logins() != 1 || proxy.Renewals() != 3 {
		t.Errorf("a later process: status %d, %d logins, %d renewals", code, proxy.Logins(), proxy.Renewals())
	}
}

// value returns the stored session.
func value(t *testing.T, store *tokenstore.MemoryStore) string {
	t.Helper()
	keys, err := store.List(t.Context())
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d stored logins, %v", len(keys), err)
	}
	c, err := store.Retrieve(t.Context(), keys[0])
	if err != nil || c.HeaderKey != "cookie" || c.TokenType != auth.Raw {
		t.Fatal(c, err)
	}
	return c.AccessToken
}

// The proxy deletes neither form when it sets the other, and prefers the whole one.
func TestARenewedSessionTakesThePlaceOfBothForms(t *testing.T) {
	t.Parallel()
	proxy, _ := behind(t, dextest.Config{})
	cs := made(t, user(proxy))
	get(t, cs, runs)
	part := func(n string) string { return dextest.SessionCookie + "_" + n }
	for n, tt := range []struct {
		size int
		want []string
	}{
		{9000, []string{part("0"), part("1"), part("2")}},
		{5000, []string{part("0"), part("1")}},
		{0, []string{dextest.SessionCookie}},
		{9000, []string{part("0"), part("1"), part("2")}},
	} {
		proxy.RenewSessions(tt.size)
		get(t, cs, runs)
		if code := get(t, cs, runs); code != http.StatusOK || proxy.Logins() != 1 || proxy.Renewals() != n+1 {
			t.Errorf("%d bytes: status %d, %d logins, %d renewals", tt.size, code, proxy.Logins(), proxy.Renewals())
		}
		all := proxy.Requests()
		if sent := all[len(all)-1].Cookies; !slices.Equal(sent, tt.want) {
			t.Errorf("%d bytes: sent %q, want %q", tt.size, sent, tt.want)
		}
	}
}

func TestADeletionDoesNotChangeTheSession(t *testing.T) {
	t.Parallel()
	proxy := dextest.NewServer(dextest.Config{Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch strings.TrimPrefix(r.URL.Path, "/pipeline") {
		case "/deletion":
			http.SetCookie(w, &http.Cookie{Name: dextest.SessionCookie, MaxAge: -1})
		case "/past":
			w.Header().Add("Set-Cookie", dextest.SessionCookie+"=y; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
		}
	})})
	t.Cleanup(proxy.Close)
	store := &tokenstore.MemoryStore{}
	cs := made(t, user(proxy), clientset.WithStore(store))
	get(t, cs, runs)
	before := value(t, store)
	for _, path := range []string{"/deletion", "/past"} {
		get(t, cs, path)
		if code := get(t, cs, runs); code != http.StatusOK || value(t, store) != before || proxy.Logins() != 1 {
			t.Errorf("%s: then status %d, %d logins, stored anew: %v", path, code, proxy.Logins(), value(t, store) != before)
		}
		all := proxy.Requests()
		if sent := all[len(all)-1].Cookies; !slices.Equal(sent, []string{dextest.SessionCookie}) {
			t.Errorf("%s: then sent %q", path, sent)
		}
	}
}

// Not even one that is beside the session in the header.
func TestACSRFCookieIsNoSession(t *testing.T) {
	t.Parallel()
	var sent []string
	proxy := dextest.NewServer(dextest.Config{Unsecured: true, Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Cookie"))
		http.SetCookie(w, &http.Cookie{Name: dextest.CSRFCookie, Value: "new"})
		http.SetCookie(w, &http.Cookie{Name: "other", Value: "new"})
	})})
	t.Cleanup(proxy.Close)
	given := dextest.SessionCookie + "=given; " + dextest.CSRFCookie + "=given"
	cs := made(t, kubeflow.Resolver{Host: proxy.URL, Cookies: flow.SecretValue(given), LookupEnv: env()})
	get(t, cs, runs)
	get(t, cs, runs)
	if !slices.Equal(sent, []string{given, given}) {
		t.Errorf("sent %q", sent)
	}
}

// Each request with an old session causes a renewal: eight at once cause eight, and none
// follows.
func TestOfEightRenewedSessionsOneIsStoredAndUsed(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	proxy := dextest.NewServer(dextest.Config{Upstream: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/together") {
			all.Done()
			all.Wait()
		}
		w.WriteHeader(http.StatusOK)
	})})
	t.Cleanup(proxy.Close)
	store := &tokenstore.MemoryStore{}
	cs := made(t, user(proxy), clientset.WithStore(store))
	get(t, cs, runs)
	proxy.RenewSessions(0)
	all.Add(8)
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() { get(t, cs, "/together") })
	}
	done.Wait()
	stored := value(t, store)
	for range 8 {
		done.Go(func() { get(t, cs, runs) })
	}
	done.Wait()
	if proxy.Renewals() != 8 || proxy.Logins() != 1 || value(t, store) != stored {
		t.Errorf("%d renewals and %d logins, want 8 and 1; stored once: %v", proxy.Renewals(), proxy.Logins(), value(t, store) == stored)
	}
}
