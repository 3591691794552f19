package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

const (
	callback  = "http://127.0.0.1:41999/callback"
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636 appendix B
	proof     = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	password  = "correct horse battery"
	deviceURN = "urn:ietf:params:oauth:grant-type:device_code"
)

// newPeople is newServer with a person, and a public client that may do all that
// people need.
func newPeople(t *testing.T, change func(*oauth.Config)) *authserver.Server {
	t.Helper()
	return newServer(t, func(c *oauth.Config) {
		c.Accounts = []oauth.Account{
			{Login: "ada", Password: password, Subject: "user-1", Claims: map[string]any{"email": "ada@example.com"}},
			{Login: "bob", Password: "bob's own"},
		}
		c.Clients = append(c.Clients, oauth.Client{
			ID: "app", Scopes: []string{"all", "read"}, RedirectURIs: []string{"http://127.0.0.1/callback", "https://app.example/cb?x=1"},
		})
		if change != nil {
			change(c)
		}
	})
}

// direct asks a handler without any network.
type direct struct{ h http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.h.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

func newBrowser(s http.Handler) *mocktest.Browser {
	return &mocktest.Browser{HTTP: &http.Client{Transport: direct{s}}, Login: "ada", Password: password, StopAt: "http://127.0.0.1:41999/"}
}

// authorization is the address of a good authorization request, with changes; an
// empty value leaves a parameter out.
func authorization(changes ...string) string {
	q := form("client_id", "app", "redirect_uri", callback, "response_type", "code", "state", "xyz", "scope", "read",
		"code_challenge", proof, "code_challenge_method", "S256")
	for i := 0; i < len(changes); i += 2 {
		q.Del(changes[i])
		if changes[i+1] != "" {
			q.Set(changes[i], changes[i+1])
		}
	}
	return issuer + "/oauth2/authorize?" + q.Encode()
}

// visit opens an address and returns where it ended.
func visit(t *testing.T, b *mocktest.Browser, address string) *mocktest.Page {
	t.Helper()
	page, err := b.Visit(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// mustCode logs in with the browser and returns the code.
func mustCode(t *testing.T, b *mocktest.Browser, changes ...string) string {
	t.Helper()
	page := visit(t, b, authorization(changes...))
	code := page.URL.Query().Get("code")
	if code == "" {
		t.Fatalf("no code: %d %s %.300s", page.Status, page.URL, page.Body)
	}
	return code
}

// exchange redeems a code, with changes to a good request.
func exchange(t *testing.T, s http.Handler, code string, changes ...string) answer {
	t.Helper()
	f := form("grant_type", "authorization_code", "client_id", "app", "code", code, "redirect_uri", callback, "code_verifier", verifier)
	for i := 0; i < len(changes); i += 2 {
		f.Set(changes[i], changes[i+1])
	}
	return post(t, s, "/oauth2/token", f)
}

// show opens a page without a browser and returns it.
func show(t *testing.T, s http.Handler, address string, cookies ...*http.Cookie) answer {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return do(t, s, r)
}

// location is where an answer redirects to.
func location(t *testing.T, a answer) *url.URL {
	t.Helper()
	u, err := url.Parse(a.header.Get("Location"))
	if err != nil || u.String() == "" {
		t.Fatalf("no redirect: %d %v", a.status, err)
	}
	return u
}

// hidden finds a hidden field of a page.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !ok || value == "" {
		t.Fatalf("the page has no field %s: %s", name, page)
	}
	return value
}
