package configstore_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
)

// A document that cannot be used hides none that can be, wherever the two are.
func TestDiscoveryPrefersADocumentThatCanBeUsed(t *testing.T) {
	t.Parallel()
	good := document(`{"issuer":"%s/a","token_endpoint":"%s/token"}`)
	for name, first := range map[string]http.HandlerFunc{
		"partial":                          document(`{"issuer":"%s/a"}`),
		"of another issuer":                document(`{"issuer":"https://idp.example","token_endpoint":"https://idp.example/token"}`),
		"of an issuer on this host":        document(`{"issuer":"%s","token_endpoint":"%s/wrong"}`),
		"a bad token endpoint":             document(`{"issuer":"%s/a","token_endpoint":"http://idp.example/token"}`),
		"a token endpoint of a wrong type": document(`{"issuer":"%s/a","token_endpoint":7}`),
		"a page":                           page(200, "text/html", "<html>"),
		"refused":                          page(403, "text/plain", ""),
		"a redirect":                       page(302, "text/plain", ""),
		"down":                             page(503, "text/plain", ""),
		"not JSON":                         page(200, "application/json", `{"issuer"`),
		"not there":                        http.NotFound,
		"an error":                         document(`{"error":"not_found"}`),
		"a bad issuer":                     document(`{"issuer":7,"token_endpoint":"%s/token"}`),
	} {
		for _, at := range [][2]string{
			{oauthPath + "/a", "/a" + openidPath}, {oauthPath + "/a", "/a" + oauthPath}, {"/a" + openidPath, "/a" + oauthPath},
		} {
			t.Run(name+at[1], func(t *testing.T) {
				t.Parallel()
				s := newSite(t, map[string]http.HandlerFunc{at[0]: first, at[1]: good})
				got, err := configstore.Discovery(s.URL+"/a", s.Client()).ClientConfig(t.Context())
				if err != nil || got.TokenEndpoint != s.URL+"/token" || got.Issuer != s.URL+"/a" {
					t.Errorf("got %+v, %v", got, err)
				}
			})
		}
	}
}

// What an incomplete document of the same issuer says completes the one that serves.
func TestDiscoveryKeepsTheUsableFields(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{
		oauthPath: document(`{"issuer":"%s","revocation_endpoint":"%s/revoke","authorization_endpoint":"javascript:x"}`),
		openidPath: document(`{"issuer":"%s","token_endpoint":"%s/token","device_authorization_endpoint":["x"],
			"authorization_endpoint":"%s/authorize","token_endpoint_auth_methods_supported":"basic"}`),
	})
	got, err := configstore.Discovery(s.URL, s.Client()).ClientConfig(t.Context())
	if err != nil || got.TokenEndpoint != s.URL+"/token" || got.AuthorizationEndpoint != s.URL+"/authorize" ||
		got.RevocationEndpoint != s.URL+"/revoke" || got.DeviceAuthorizationEndpoint != "" || len(got.AuthMethods) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	// The program's own token endpoint makes up for the one that is missing.
	partial := newSite(t, map[string]http.HandlerFunc{oauthPath: document(`{"issuer":"%s","authorization_endpoint":"%s/authorize"}`)})
	over := configstore.ClientConfig{TokenEndpoint: "https://own.example/token"}
	got, err = configstore.Overlay(configstore.Discovery(partial.URL, partial.Client()), over).ClientConfig(t.Context())
	if err != nil || got.AuthorizationEndpoint != partial.URL+"/authorize" || got.TokenEndpoint != over.TokenEndpoint {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDiscoveryNamesEachPlaceAndItsReason(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{
		oauthPath + "/a":   document(`{"issuer":"%s/b","token_endpoint":"%s/token"}`),
		"/a" + openidPath:  page(403, "text/plain", ""),
		"/a" + oauthPath:   document(`{"issuer":"%s/a"}`),
		"/b" + openidPath:  page(200, "text/html", "<html>"),
		oauthPath + "/b/b": page(500, "text/plain", ""),
	})
	_, err := configstore.Discovery(s.URL+"/a", s.Client()).ClientConfig(t.Context())
	for _, want := range []string{
		oauthPath + `/a: asked for "` + s.URL + `/a", the document says "` + s.URL + `/b"`,
		"/a" + openidPath + ": the server answered HTTP 403",
		"/a" + oauthPath + ": the document names no token_endpoint",
		oauthPath + "/b: HTTP 404", "/b" + openidPath + ": a web page answered", "/b" + oauthPath + ": HTTP 404",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
	if !errors.Is(err, configstore.ErrInvalid) || errors.Is(err, configstore.ErrNotFound) {
		t.Errorf("%v, want ErrInvalid alone", err)
	}
}

func TestDiscoveryTakesTheAddressOfADocument(t *testing.T) {
	t.Parallel()
	for _, pasted := range []string{
		"/a" + openidPath, oauthPath + "/a", "/a" + oauthPath, "/a" + openidPath + "/", " /a" + openidPath + "\n",
	} {
		s := newSite(t, map[string]http.HandlerFunc{"/a" + openidPath: document(`{"issuer":"%s/a","token_endpoint":"%s/token"}`)})
		address := strings.Replace(pasted, "/", s.URL+"/", 1)
		got, err := configstore.Discovery(address, s.Client()).ClientConfig(t.Context())
		if err != nil || got.Issuer != s.URL+"/a" {
			t.Errorf("%q: %+v, %v", pasted, got, err)
		}
	}
}

func TestDiscoveryReadsPastAByteOrderMark(t *testing.T) {
	t.Parallel()
	s := newSite(t, map[string]http.HandlerFunc{oauthPath: document("\ufeff" + `{"issuer":"%s","token_endpoint":"%s/token"}`)})
	if _, err := configstore.Discovery(s.URL, s.Client()).ClientConfig(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDiscoveryErrorSaysHowLongToWait(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"30", 30 * time.Second}, {" 7 ", 7 * time.Second}, {"", 0}, {"soon", 0}, {"-5", 0}, {"1.5", 0},
		{"99999999999999999999", 24 * time.Hour}, {"864000", 24 * time.Hour},
		{time.Now().Add(72 * time.Hour).UTC().Format(http.TimeFormat), 24 * time.Hour},
		{time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), 0},
	} {
		for _, code := range []int{429, 503} {
			s := newSite(t, map[string]http.HandlerFunc{openidPath: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(code)
			}})
			_, err := configstore.Discovery(s.URL, s.Client()).ClientConfig(t.Context())
			var later interface{ RetryAfter() time.Duration }
			if !errors.As(err, &later) || later.RetryAfter() != c.want || status.Code(err) != codes.Unavailable {
				t.Errorf("%d with Retry-After %q: %v; want %v", code, c.header, err, c.want)
			}
		}
	}
	if wait := (&configstore.Error{Op: "discover", Err: configstore.ErrNotFound}).RetryAfter(); wait != 0 {
		t.Errorf("an error without it says %v", wait)
	}
}

// Without TLS an issuer serves that the program itself names, on a network that it trusts:
// there, and on the backend's own host. Every other host needs TLS.
func TestPlaintextServesWhereItIsAllowed(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"http://dex.auth/.well-known/openid-configuration":     `{"issuer":"http://dex.auth","token_endpoint":"http://dex.auth/token"}`,
		"http://other.auth/.well-known/openid-configuration":   `{"issuer":"http://other.auth","token_endpoint":"http://evil.auth/token"}`,
		"http://proxied.auth/.well-known/openid-configuration": `{"issuer":"http://proxied.auth","token_endpoint":"http://Flyte:81/token"}`,
		"https://safe.auth/.well-known/openid-configuration":   `{"issuer":"https://safe.auth","token_endpoint":"http://evil.auth/token"}`,
		"http://hop.auth/.well-known/openid-configuration":     `{"issuer":"http://dex.auth","token_endpoint":"http://dex.auth/token"}`,
	}
	hc := &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body, there := answers[r.URL.String()]
		code := http.StatusOK
		if !there {
			code = http.StatusNotFound
		}
		return &http.Response{StatusCode: code, Request: r, Header: http.Header{}, Body: closer{strings.NewReader(body), new(int)}}, nil
	})}
	for _, c := range []struct {
		issuer          string
		without, within string // the token endpoint; empty: refused
	}{
		{"http://dex.auth", "", "http://dex.auth/token"},
		{"http://proxied.auth", "", "http://Flyte:81/token"},
		{"http://other.auth", "", ""},
		{"https://safe.auth", "", ""},
		{"http://hop.auth", "", ""},
	} {
		plain := configstore.Discovery(c.issuer, hc)
		for what, s := range map[string]struct {
			store configstore.ClientConfigStore
			want  string
		}{
			"as it is":           {plain, c.without},
			"allowed":            {configstore.AllowPlaintext(plain, "flyte"), c.within},
			"allowed and cached": {configstore.AllowPlaintext(configstore.Cached(configstore.Chain(plain), time.Hour), "flyte"), c.within},
		} {
			got, err := s.store.ClientConfig(t.Context())
			if got.TokenEndpoint != s.want || s.want == "" && !errors.Is(err, configstore.ErrPlaintext) {
				t.Errorf("%s, %s: %+v, %v; want %q", c.issuer, what, got, err, s.want)
			}
		}
	}
	// One cache keeps what was accepted under one permission from those without it.
	shared := configstore.Cached(configstore.Discovery("http://dex.auth", hc), 0)
	if _, err := configstore.AllowPlaintext(shared, "").ClientConfig(t.Context()); err != nil {
		t.Error(err)
	}
	if got, err := shared.ClientConfig(t.Context()); err == nil {
		t.Errorf("got %+v without the permission", got)
	}
}
