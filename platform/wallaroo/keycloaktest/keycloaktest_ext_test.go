package keycloaktest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/jetway-go/jetway/interceptors/serverauth"
	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/wallaroo/keycloaktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	base   = "https://k" + keycloaktest.Path + "/protocol/openid-connect/"
	device = "urn:ietf:params:oauth:grant-type:device_code"
)

type clock struct{ now time.Time }

func server() (*keycloaktest.Realm, *clock) {
	c := &clock{time.Now()}
	return keycloaktest.NewRealm(keycloaktest.Config{
		Now: func() time.Time { return c.now }, Users: []keycloaktest.User{{Name: "ada", Password: "pw", Email: "ada@example.com"}},
	}), c
}

func form(pairs ...string) url.Values {
	f := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return f
}

func post(t *testing.T, s *keycloaktest.Realm, path string, f url.Values, change ...func(*http.Request)) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+path, strings.NewReader(f.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "test")
	for _, c := range change {
		c(r)
	}
	resp, err := peertest.HTTPClient(map[string]http.Handler{"k": s}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	_ = json.Unmarshal(body, &answer)
	return resp.StatusCode, answer
}

func TestRequestsThatNoCorrectClientSendsAreRejected(t *testing.T) {
	t.Parallel()
	login := form("client_id", "sdk-client", "grant_type", "password", "username", "ada", "password", "pw")
	with := func(f url.Values, pairs ...string) url.Values {
		out := form(pairs...)
		for name, values := range f {
			out[name] = append(out[name], values...)
		}
		return out
	}
	for name, test := range map[string]struct {
		path   string
		f      url.Values
		change func(*http.Request)
		want   string
	}{
		"a secret in the form":     {"token", with(login, "client_secret", "x"), nil, "invalid_request"},
		"a scope":                  {"token", with(login, "scope", "openid"), nil, "invalid_request"},
		"a parameter twice":        {"token", with(login, "username", "ada"), nil, "invalid_request"},
		"a device with a scope":    {"auth/device", form("client_id", "sdk-client", "scope", "x"), nil, "invalid_request"},
		"another client":           {"auth/device", form("client_id", "other"), nil, "invalid_client"},
		"no client":                {"token", form("grant_type", "password", "username", "ada", "password", "pw"), nil, "invalid_client"},
		"another grant":            {"token", form("client_id", "sdk-client", "grant_type", "client_credentials"), nil, "unsupported_grant_type"},
		"basic authentication":     {"token", login, func(r *http.Request) { r.SetBasicAuth("sdk-client", "x") }, "invalid_request"},
		"JSON":                     {"token", login, func(r *http.Request) { r.Header.Set("Content-Type", "application/json") }, "invalid_request"},
		"GET":                      {"token", login, func(r *http.Request) { r.Method = http.MethodGet }, "invalid_request"},
		"parameters in the URL":    {"token", login, func(r *http.Request) { r.URL.RawQuery = "password=pw" }, "invalid_request"},
		"no user agent":            {"token", login, func(r *http.Request) { r.Header.Del("User-Agent") }, "invalid_request"},
		"an unknown device code":   {"token", form("client_id", "sdk-client", "grant_type", device, "device_code", "x"), nil, "invalid_grant"},
		"an unknown refresh":       {"token", form("client_id", "sdk-client", "grant_type", "refresh_token", "refresh_token", "x"), nil, "invalid_grant"},
		"a wrong password":         {"token", form("client_id", "sdk-client", "grant_type", "password", "username", "ada", "password", "x"), nil, "invalid_grant"},
		"a path that is not there": {"userinfo", login, nil, "Unable to find matching target resource method"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := server()
			change := func(*http.Request) {}
			if test.change != nil {
				change = test.change
			}
			if status, answer := post(t, s, test.path, test.f, change); status < 400 || answer["error"] != test.want {
				t.Errorf("%d %v, want %s", status, answer, test.want)
			}
		})
	}
	s, _ := server()
	if status, answer := post(t, s, "token", login); status != http.StatusOK || answer["refresh_expires_in"] != 3600.0 {
		t.Errorf("the request that is right: %d %v", status, answer)
	}
}

func TestARefreshRotatesTheTokenAndExtendsTheSession(t *testing.T) {
	t.Parallel()
	s, c := server()
	_, answer := post(t, s, "token", form("client_id", "sdk-client", "grant_type", "password", "username", "ada", "password", "pw"))
	refresh := func(token any) (int, map[string]any) {
		text, _ := token.(string)
		return post(t, s, "token", form("client_id", "sdk-client", "grant_type", "refresh_token", "refresh_token", text))
	}
	first := answer["refresh_token"]
	for range 5 {
		c.now = c.now.Add(59 * time.Minute)
		status, next := refresh(answer["refresh_token"])
		if status != http.StatusOK || next["refresh_token"] == answer["refresh_token"] {
			t.Fatalf("%d %v, want a rotated token", status, next)
		}
		answer = next
	}
	token, _ := answer["access_token"].(string)
	id, err := s.Verify(t.Context(), serverauth.Presented{Scheme: "Bearer", Token: token})
	if err != nil || id.Subject != "ada" {
		t.Errorf("Verify = %v, %v", id, err)
	}
	c.now = c.now.Add(time.Minute)
	if _, err := s.Verify(t.Context(), serverauth.Presented{Scheme: "Bearer", Token: token}); err == nil {
		t.Error("a token outlived its minute")
	}
	if status, _ := refresh(first); status != http.StatusBadRequest {
		t.Error("an old refresh token was taken")
	}
	if status, _ := refresh(answer["refresh_token"]); status != http.StatusBadRequest {
		t.Error("the login outlived the reuse of an old refresh token")
	}
}

func TestPollingFasterThanTheIntervalIsAViolation(t *testing.T) {
	t.Parallel()
	s, c := server()
	_, offer := post(t, s, "auth/device", form("client_id", "sdk-client"))
	code, _ := offer["device_code"].(string)
	user, _ := offer["user_code"].(string)
	poll := func() any {
		_, answer := post(t, s, "token", form("client_id", "sdk-client", "grant_type", device, "device_code", code))
		return answer["error"]
	}
	if got := poll(); got != "authorization_pending" {
		t.Errorf("first poll: %v", got)
	}
	c.now = c.now.Add(4 * time.Second)
	if got := poll(); got != "slow_down" || s.Requests()[2].Violation == "" {
		t.Errorf("too early: %v", got)
	}
	if err := s.Approve("WRONG", "ada"); err == nil {
		t.Error("an unknown code was approved")
	}
	if err := s.Deny(user); err != nil {
		t.Error(err)
	}
	c.now = c.now.Add(5 * time.Second)
	if got := poll(); got != "access_denied" {
		t.Errorf("denied: %v", got)
	}
}
