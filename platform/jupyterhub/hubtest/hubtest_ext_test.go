package hubtest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/platform/jupyterhub/hubtest"
)

type visitor struct {
	t    *testing.T
	http *http.Client
}

type answer struct {
	code int
	at   *url.URL
	body string
	to   string // where a redirect leads
}

func start(t *testing.T, c hubtest.Config) (*hubtest.Server, *visitor) {
	t.Helper()
	h := hubtest.NewServer(c)
	t.Cleanup(h.Close)
	jar, _ := cookiejar.New(nil)
	h.AddUser(hubtest.User{Name: "alice", Groups: []string{"serenity"}})
	return h, &visitor{t, &http.Client{Transport: h.Client().Transport, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func (v *visitor) do(method, address, body string, headers ...string) answer {
	v.t.Helper()
	req, err := http.NewRequestWithContext(v.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.http.Do(req)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Request.URL, string(text), resp.Header.Get("Location")}
}

func (v *visitor) form(address string, values url.Values, headers ...string) answer {
	v.t.Helper()
	return v.do("POST", address, values.Encode(), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

func TestTheAPIOfBothGenerations(t *testing.T) {
	t.Parallel()
	for _, generation := range []hubtest.Generation{hubtest.Both, hubtest.Modern, hubtest.Legacy} {
		h, v := start(t, hubtest.Config{Generation: generation})
		service, user := h.AddService(hubtest.Service{Name: "s"}), h.IssueToken("alice", 0)
		cookie := url.PathEscape(h.ServicesCookie("alice"))
		modern, legacy := generation != hubtest.Legacy, generation != hubtest.Modern
		served := func(there bool, code int) int {
			if there {
				return code
			}
			return http.StatusNotFound
		}
		for _, tt := range []struct {
			method, path, authorization string
			code                        int
			text                        string
		}{
			{"GET", "/", "", 200, `"version":"3.0.0"`},
			{"GET", "/user", "token " + user, served(modern, 200), ""},
			{"GET", "/user", "TOKEN " + user, served(modern, 200), ""},
			{"GET", "/user", "Bearer " + service, served(modern, 200), ""},
			{"GET", "/user", "Basic " + user, served(modern, 403), ""},
			{"GET", "/user", "token unknown", served(modern, 403), ""},
			{"GET", "/user", "", served(modern, 403), ""},
			{"GET", "/user?token=" + user, "", 403, `"message":"Forbidden"`},
			{"GET", "/services", "token " + user, served(modern, 403), ""},
			{"GET", "/authorizations/token/" + user, "token " + service, served(legacy, 200), ""},
			{"GET", "/authorizations/token/unknown", "token " + service, 404, `"message":"Not Found"`},
			{"GET", "/authorizations/token/" + user, "token " + user, served(legacy, 403), ""},
			{"GET", "/authorizations/cookie/jupyterhub-services/" + cookie, "token " + service, served(legacy, 200), ""},
			{"GET", "/authorizations/cookie/other/" + cookie, "token " + service, 404, ""},
			{"GET", "/authorizations/cookie/jupyterhub-services/" + cookie, "", served(legacy, 403), ""},
			{"GET", "/nothing", "token " + user, 404, `"message":"Not Found"`},
		} {
			got := v.do(tt.method, h.APIURL()+tt.path, "", "Authorization", tt.authorization)
			if got.code != tt.code || !strings.Contains(got.body, tt.text) {
				t.Errorf("generation %d, %s %s: %d %s, want %d", generation, tt.method, tt.path, got.code, got.body, tt.code)
			}
		}
		for _, r := range h.Requests() {
			if strings.Contains(r.Path, user) {
				t.Errorf("a token in the log: %s", r.Path)
			}
		}
	}
}

func TestTokensAreIssuedAndRevoked(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{})
	admin := "token " + h.AddService(hubtest.Service{Name: "admin", Admin: true})
	plain := "token " + h.AddService(hubtest.Service{Name: "plain"})
	tokens := h.APIURL() + "/users/alice/tokens"
	if got := v.do("POST", tokens, `{}`, "Authorization", plain); got.code != 403 {
		t.Errorf("without the right: %d", got.code)
	}
	if got := v.do("POST", tokens, `{"auth":{"username":"alice","password":"wrong"}}`); got.code != 403 {
		t.Errorf("wrong password: %d", got.code)
	}
	if got := v.do("POST", tokens, `{"auth":{"username":"alice","password":"alice"}}`); got.code != 201 {
		t.Errorf("by password: %d %s", got.code, got.body)
	}
	var made struct{ Token, ID string }
	got := v.do("POST", tokens, `{"note":"n","scopes":["access:services!service=s"]}`, "Authorization", admin)
	if err := json.Unmarshal([]byte(got.body), &made); err != nil || got.code != 201 || len(made.Token) != 32 {
		t.Fatalf("%d %s", got.code, got.body)
	}
	own := func() answer { return v.do("GET", h.APIURL()+"/user", "", "Authorization", "token "+made.Token) }
	if got := own(); got.code != 200 || !strings.Contains(got.body, "access:services!service=s") {
		t.Errorf("%d %s", got.code, got.body)
	}
	if got := v.do("DELETE", tokens+"/"+made.ID, "", "Authorization", admin); got.code != 204 || own().code != 403 {
		t.Errorf("%d, and afterwards %d", got.code, own().code)
	}
}

func TestTheCodeFlowRejectsWrongParameters(t *testing.T) {
	t.Parallel()
	h, v := start(t, hubtest.Config{RequirePKCE: true})
	secret := h.AddService(hubtest.Service{Name: "s"})
	const verifier = "a-verifier-of-some-length-a-verifier-of-some-length"
	sum := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"client_id": {"service-s"}, "redirect_uri": {"/services/s/oauth_callback"}, "response_type": {"code"}, "state": {"st"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	page := func(change ...string) string {
		q := url.Values{}
		maps.Copy(q, query)
		for i := 0; i+1 < len(change); i += 2 {
			q.Set(change[i], change[i+1])
		}
		return h.URL + "/hub/api/oauth2/authorize?" + q.Encode()
	}
	if got := v.do("GET", page(), ""); got.code != 302 || !strings.HasPrefix(got.to, "/hub/login?next=") {
		t.Fatalf("not logged in: %d to %s", got.code, got.to)
	}
	if got := v.form(h.URL+"/hub/login", url.Values{"username": {"alice"}, "password": {"x"}}); got.code != 403 {
		t.Errorf("wrong password: %d", got.code)
	}
	v.form(h.URL+"/hub/login", url.Values{"username": {"alice"}, "password": {"alice"}})
	for name, address := range map[string]string{
		"client": page("client_id", "service-x"), "redirect": page("redirect_uri", "http://evil/"), "type": page("response_type", "token"),
		"state": page("state", ""), "PKCE": page("code_challenge", ""), "plain": page("code_challenge_method", "plain"),
	} {
		if got := v.do("GET", address, ""); got.code != 400 {
			t.Errorf("wrong %s: %d", name, got.code)
		}
	}
	consent := url.Values{"scopes": {"access:services!service=s"}}
	if got := v.form(page(), consent, "Referer", h.URL+"/elsewhere"); got.code != 403 || !strings.Contains(got.body, "authorization page") {
		t.Errorf("from elsewhere: %d", got.code)
	}
	code := func() string {
		got := v.form(page(), consent, "Referer", page())
		to, err := url.Parse(got.to)
		if err != nil || got.code != 302 || to.Query().Get("state") != "st" {
			t.Fatalf("%d to %s", got.code, got.to)
		}
		return to.Query().Get("code")
	}
	exchange := func(code string, change ...string) answer {
		form := url.Values{
			"client_id": {"service-s"}, "client_secret": {secret}, "grant_type": {"authorization_code"},
			"code": {code}, "redirect_uri": {"/services/s/oauth_callback"}, "code_verifier": {verifier},
		}
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return v.form(h.APIURL()+"/oauth2/token", form)
	}
	for name, tt := range map[string]struct {
		got  answer
		code int
		text string
	}{
		"secret":   {exchange(code(), "client_secret", "x"), 401, "invalid_client"},
		"grant":    {exchange(code(), "grant_type", "client_credentials"), 400, "unsupported_grant_type"},
		"verifier": {exchange(code(), "code_verifier", "x"), 400, "invalid_grant"},
		"redirect": {exchange(code(), "redirect_uri", "/x"), 400, "invalid_grant"},
		"code":     {exchange("x"), 400, "invalid_grant"},
	} {
		if tt.got.code != tt.code || !strings.Contains(tt.got.body, tt.text) {
			t.Errorf("wrong %s: %d %s", name, tt.got.code, tt.got.body)
		}
	}
	once := code()
	got := exchange(once)
	var token struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
	}
	if err := json.Unmarshal([]byte(got.body), &token); err != nil || got.code != 200 || token.TokenType != "Bearer" {
		t.Fatalf("%d %s", got.code, got.body)
	}
	if again := exchange(once); again.code != 400 {
		t.Errorf("a code served twice: %d", again.code)
	}
	if who := v.do("GET", h.APIURL()+"/user", "", "Authorization", "Bearer "+token.AccessToken); !strings.Contains(who.body, `"name":"alice"`) ||
		!strings.Contains(who.body, "access:services!service=s") || strings.Contains(who.body, `"session_id":null`) {
		t.Errorf("%d %s", who.code, who.body)
	}
}
