package authserver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	issuer   = "http://127.0.0.1:1234"
	clientID = "worker"
	secret   = "s3cr3t-with-enough-length"
)

// testClock is a clock that a test moves.
type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *testClock { return &testClock{now: time.Unix(1_800_000_000, 0)} }

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newServer has one confidential client, one that may use Basic only, and a
// public one.
func newServer(t *testing.T, change func(*oauth.Config)) *authserver.Server {
	t.Helper()
	cfg := oauth.Config{
		Issuer: issuer,
		Clients: []oauth.Client{
			{ID: clientID, Secret: secret, Scopes: []string{"all", "read"}},
			{ID: "basic only", Secret: "p:ass w/ord%", AuthMethods: []string{oauth.AuthBasic}, Scopes: []string{"read"}},
			{ID: "public", Scopes: []string{"all"}},
		},
	}
	if change != nil {
		change(&cfg)
	}
	s, err := authserver.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answer is a token endpoint's answer, of any kind.
type answer struct {
	status int
	header http.Header
	body   string

	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
	Description  string `json:"error_description"`
	Active       bool   `json:"active"`
	Audience     any    `json:"aud"`
	IssuedType   string `json:"issued_token_type"`
}

func post(t *testing.T, s http.Handler, path string, form url.Values, edit ...func(*http.Request)) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, issuer+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, f := range edit {
		f(r)
	}
	return do(t, s, r)
}

func do(t *testing.T, s http.Handler, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: w.Code, header: w.Header(), body: string(body)}
	if w.Header().Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, &a); err != nil {
			t.Fatalf("answer is not JSON: %v\n%s", err, body)
		}
	}
	return a
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v
}

// withSecret adds the confidential client's credentials to the form.
func withSecret(pairs ...string) url.Values {
	return form(append([]string{"client_id", clientID, "client_secret", secret}, pairs...)...)
}

// mustToken gets a token for the confidential client.
func mustToken(t *testing.T, s http.Handler, pairs ...string) answer {
	t.Helper()
	a := post(t, s, "/oauth2/token", withSecret(append([]string{"grant_type", "client_credentials"}, pairs...)...))
	if a.status != http.StatusOK {
		t.Fatalf("no token: %d %s", a.status, a.body)
	}
	return a
}
