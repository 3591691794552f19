package configstore

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jetway-go/jetway/internal/retryafter"
)

// Whatever the file holds, nothing panics and nothing old or of another address comes out.
func FuzzKept(f *testing.F) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	f.Add([]byte(`{"version":1,"address":"a","at":"2030-01-02T03:04:05Z","config":{"token_endpoint":"https://idp.example/token"}}`))
	f.Add([]byte(`{"version":1,"address":"a","at":"2029-01-02T03:04:05Z","config":{"token_endpoint":"x"}}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, ok := parseKept(body, "a", now)
		if !ok {
			return
		}
		if c.TokenEndpoint == "" || !strings.Contains(string(body), "a") {
			t.Errorf("%+v came out of %q", c, body)
		}
		if _, ok := parseKept(body, "a", now.Add(keptTTL)); ok {
			t.Errorf("%q is still good a day later", body)
		}
	})
}

func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, text := range []string{"", "30", "-1", "1e9", "99999999999999999999", now.Add(time.Minute).Format(http.TimeFormat), "\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if wait := retryAfter(text, now); wait < 0 || wait > retryafter.Longest {
			t.Errorf("%q: %v", text, wait)
		}
	})
}

// The places of an issuer lead back to it.
func FuzzIssuerOf(f *testing.F) {
	for _, issuer := range []string{"https://idp.example", "https://idp.example/realms/a", "https://idp.example/.well-known/x", "http://[::1]:8080/a%20b"} {
		f.Add(issuer)
	}
	f.Fuzz(func(t *testing.T, issuer string) {
		u, err := checkIssuer("the issuer", issuer)
		if err != nil || strings.Contains(issuer, oauthSegment) || strings.Contains(issuer, openidSegment) {
			return
		}
		for _, place := range places(u) {
			back, err := url.Parse(issuerOf(place))
			if err != nil || back.Host != u.Host || back.EscapedPath() != strings.TrimRight(u.EscapedPath(), "/") {
				t.Errorf("%q leads from %q to %q", issuer, place, issuerOf(place))
			}
		}
	})
}
