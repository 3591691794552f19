package jupyterhub_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// person is a browser.
type person struct {
	t       *testing.T
	http    *http.Client
	visited []string
}

func newPerson(t *testing.T) *person {
	t.Helper()
	p := &person{t: t, http: client(t)}
	p.http.Jar, _ = cookiejar.New(nil)
	p.http.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		p.visited = append(p.visited, r.URL.RequestURI())
		return nil
	}
	return p
}

// open goes to a page, and answers the hub's login and consent pages on the way.
func (p *person) open(address, name string) (status int, body string) {
	p.t.Helper()
	got := p.do(http.MethodGet, address, nil, "")
	for range 3 {
		at := got.at
		switch {
		case strings.HasSuffix(at.Path, "/hub/login"):
			got = p.do(http.MethodPost, at.String(), url.Values{"username": {name}, "password": {name}}, "")
		case strings.HasSuffix(at.Path, "/oauth2/authorize"):
			got = p.do(http.MethodPost, at.String(), url.Values{"scopes": {access}}, at.String())
		default:
			return got.status, got.body
		}
	}
	p.t.Fatalf("the login goes round in circles: %q", p.visited)
	return 0, ""
}

func (p *person) do(method, address string, form url.Values, referer string) answer {
	p.t.Helper()
	var content io.Reader
	if form != nil {
		content = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(p.t.Context(), method, address, content)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if referer != "" {
		req.Header.Set("Referer", referer)
	}
	p.visited = append(p.visited, req.URL.RequestURI())
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, resp.Request.URL, string(body)}
}
