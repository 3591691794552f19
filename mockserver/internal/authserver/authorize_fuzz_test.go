package authserver

import (
	"net/url"
	"testing"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

func FuzzAuthorizationRequest(f *testing.F) {
	good := "client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2Fcb&response_type=code&code_challenge_method=S256" +
		"&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for _, seed := range []string{
		"", good, good + "&state=a&scope=read&prompt=login&audience=x&resource=https%3A%2F%2Fa.example", good + "&state=a&state=b",
		good + "&prompt=none+login", "client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%40evil.example%2Fcb",
		"client_id=app&redirect_uri=http%3A%2F%2F127.0.0.1%3A7%2F%2Fcb%23x", good + "&scope=%00", "%", "client_id=app;x",
	} {
		f.Add(seed)
	}
	s, err := New(oauth.Config{
		Issuer: "http://127.0.0.1:1", Accounts: []oauth.Account{{Login: "ada"}},
		Clients: []oauth.Client{{ID: "app", Scopes: []string{"read"}, RedirectURIs: []string{"http://127.0.0.1/cb", "https://app.example/cb"}}},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, query string) {
		req, perr := s.readAuthorization(query)
		if req.redirect != "" {
			u, err := url.Parse(req.redirect)
			local := err == nil && u.Scheme == "http" && u.Hostname() == "127.0.0.1" && u.Path == "/cb" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
			if !local && req.redirect != "https://app.example/cb" {
				t.Errorf("redirect to %q", req.redirect)
			}
			if req.client.ID != "app" {
				t.Errorf("redirect for client %q", req.client.ID)
			}
		}
		if perr != nil {
			if perr.code == "" || perr.description == "" {
				t.Errorf("refused with %q %q", perr.code, perr.description)
			}
			return
		}
		if len(req.challenge) != 43 || req.redirect == "" || len(req.scopes) == 0 {
			t.Errorf("took %q as %+v", query, req)
		}
	})
}
