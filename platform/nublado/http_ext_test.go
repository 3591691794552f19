package nublado_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/nublado"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
	"github.com/jetway-go/jetway/platform/nublado/repertoire"
)

func TestTheHTTPBaseIsTheAddressOfNublado(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
	for _, tt := range []struct {
		address    string
		subdomains bool
		base, lab  string // no lab: a subdomain is impossible
	}{
		{"https://nb.example.com/nb", false, "https://nb.example.com/nb", ""},
		{"https://nb.example.com:8443/a/nb//", true, "https://nb.example.com:8443/a/nb", "https://ada.nb.example.com:8443"},
		{"http://nb.example.com/?query", true, "http://nb.example.com", "http://ada.nb.example.com"},
		{"https://[::1]:8443/nb", true, "", ""},
		{"https://127.0.0.1/nb", true, "", ""},
	} {
		s.repertoire.Set(nubladotest.Document(tt.address))
		r := nublado.ForToken("ada", token)
		r.UserSubdomains, r.LookupEnv = tt.subdomains, env(repertoire.EnvBaseURL, discoveryURL)
		target, err := r.Resolve(t.Context(), s.http())
		own, isOwn := errors.AsType[*nublado.Error](err)
		switch labs := target.Origins; {
		case tt.base == "" && (!isOwn || own.Input != "UserSubdomains"):
			t.Errorf("%s: %v, want an error about UserSubdomains", tt.address, err)
		case tt.base != "" && (err != nil || target.HTTPBase != tt.base || strings.Join(labs, " ") != tt.lab):
			t.Errorf("%s: %q, %q, %v; want %q and %q", tt.address, target.HTTPBase, labs, err, tt.base, tt.lab)
		}
	}
}

// ingress answers as Gafaelfawr and the hub behind it do, and records the tokens.
type ingress struct {
	*science

	refuse func(http.ResponseWriter, *http.Request)
	tokens []string
}

func (s *ingress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.tokens = append(s.tokens, token)
	switch {
	case len(s.tokens) == 1 && s.refuse != nil:
		s.refuse(w, r)
	case strings.HasSuffix(r.URL.Path, "/lab"):
		w.Header().Set("Location", "/nb/hub/api/oauth2/authorize?client_id=jupyterhub-user-ada&response_type=code&state=x")
		w.WriteHeader(http.StatusFound)
	case strings.HasSuffix(r.URL.Path, "/forbidden"):
		w.WriteHeader(http.StatusForbidden)
	}
}

func (s *ingress) get(t *testing.T, path string) int {
	t.Helper()
	cs, err := clientset.For(t.Context(), nublado.Resolver{
		Source:    nublado.Created{Username: "bot-ada", Admin: adminOf(s.science)},
		LookupEnv: env(repertoire.EnvBaseURL, discoveryURL),
	}, clientset.WithHTTPClient(peertest.HTTPClient(map[string]http.Handler{
		"127.0.0.1:8000": s.repertoire, "127.0.0.1:9000": s.gafaelfawr, nubladoHost: s,
	})), clientset.WithoutRetry())
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	client := *cs.HTTPClient()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Get(cs.HTTPURL(path))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	return answer.StatusCode
}

func adminOf(s *science) flow.Secret {
	return flow.SecretValue(s.gafaelfawr.IssueToken("admin", 0, "admin:token"))
}

func TestATokenIsReplacedAfter401AndTheRedirectToTheLogin(t *testing.T) {
	t.Parallel()
	redirect := func(to string) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		}
	}
	for name, refuse := range map[string]func(http.ResponseWriter, *http.Request){
		"401":                              func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"to the login":                     redirect("/login?rd=x"),
		"to the login at another host":     redirect("http://127.0.0.1:9000/login?rd=x"),
		"to the provider's login":          redirect("https://idp.example.com/authorize?client_id=a&response_type=code"),
		"to another hub's OAuth, likewise": redirect("https://evil.example.com/nb/hub/api/oauth2/authorize?client_id=a&response_type=code"),
	} {
		s := &ingress{science: start(t), refuse: refuse}
		if code := s.get(t, "/hub/api/user"); code != http.StatusOK || len(s.tokens) != 2 || s.tokens[0] == s.tokens[1] || s.tokens[1] == "" {
			t.Errorf("%s: status %d after %d requests", name, code, len(s.tokens))
		}
	}
}

func TestNeitherA403NorTheLoginOfALabRejectsTheToken(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]int{"/user/ada/lab": http.StatusFound, "/hub/forbidden": http.StatusForbidden} {
		s := &ingress{science: start(t)}
		if code := s.get(t, path); code != want || len(s.tokens) != 1 || len(s.gafaelfawr.Requests()) != 1 {
			t.Errorf("%s: status %d, %d requests, %d tokens", path, code, len(s.tokens), len(s.gafaelfawr.Requests()))
		}
	}
}

func TestTheTokenGoesToTheUsersLabAndToNoOtherHost(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.repertoire.Set(nubladotest.Document("https://nb.test/nb"))
	token := s.gafaelfawr.IssueToken("ada", 0, nubladotest.NotebookScope)
	for _, subdomains := range []bool{true, false} {
		var with []string
		record := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				with = append(with, r.Host)
			}
		})
		hosts := map[string]http.Handler{"127.0.0.1:8000": s.repertoire}
		all := []string{"nb.test", "ada.nb.test", "ada.nb.test:8443", "eve.nb.test", "ada.test", "ada.nb.test.evil", "ada.eve.nb.test"}
		for _, host := range all {
			hosts[host] = record
		}
		r := nublado.ForToken("ada", token)
		r.UserSubdomains, r.LookupEnv = subdomains, env(repertoire.EnvBaseURL, discoveryURL)
		cs := s.made(t, r, clientset.WithHTTPClient(peertest.HTTPClient(hosts)))
		for _, host := range all {
			answer, err := cs.HTTPClient().Get("https://" + host + "/")
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
		}
		want := []string{"nb.test", "ada.nb.test"}
		if !subdomains {
			want = want[:1]
		}
		if !slices.Equal(with, want) {
			t.Errorf("the token went to %q, want %q", with, want)
		}
	}
}
