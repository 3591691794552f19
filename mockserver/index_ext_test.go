package mockserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
	"github.com/jetway-go/jetway/mockserver/oauth"
)

// rootOf returns what the server answers to a request for /.
func rootOf(t *testing.T, s *mockserver.Server, method string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.HTTPURL()+"/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	code, body := roundTrip(t, s, r)
	return code, string(body)
}

func TestIndexNamesWhatIsServed(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithProxyAuth("token-of-the-proxy"), mockserver.WithIssuerPath("/realms/demo"))
	code, body := rootOf(t, s, http.MethodGet)
	if code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	for _, want := range []string{
		s.URL(), `href="` + s.Issuer() + `/oauth2/device"`, s.TokenURL(), s.AuthorizationURL(), s.IntrospectionURL(), s.HTTPURL() + "/objects/",
		`href="` + s.HTTPURL() + `/.well-known/oauth-authorization-server/realms/demo"`,
		`href="` + s.Issuer() + `/.well-known/openid-configuration"`,
		"flyteidl2.workflow.RunService", "grpc.health.v1.Health",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the index lacks %q", want)
		}
	}
	for _, secret := range []string{s.ClientSecret(), s.Password(), "token-of-the-proxy"} {
		if strings.Contains(body, secret) {
			t.Error("the index shows a secret")
		}
	}
	if code, _ := rootOf(t, s, http.MethodPost); code == http.StatusOK {
		t.Error("the index was posted to")
	}
}

func TestIndexLinksToNothingThatIsMissing(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]oauth.Config{
		"whole": {}, "like Dex": {Quirks: oauth.DexQuirks()}, "machines only": {Grants: []string{oauth.GrantClientCredentials}},
	} {
		s := mocktest.New(t, mockserver.WithOAuth(cfg))
		_, body := rootOf(t, s, http.MethodGet)
		links := strings.Split(body, `href="`)[1:]
		if len(links) < 2 {
			t.Errorf("%s: %d links", name, len(links))
		}
		for _, link := range links {
			link, _, _ = strings.Cut(link, `"`)
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if code, _ := roundTrip(t, s, r); code != http.StatusOK {
				t.Errorf("%s: %s answered %d", name, link, code)
			}
		}
	}
}
