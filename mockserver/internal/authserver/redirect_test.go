package authserver

import (
	"net/url"
	"testing"

	"github.com/jetway-go/jetway/mockserver/oauth"
)

func TestRedirectURIMustMatchButForALoopbackPort(t *testing.T) {
	t.Parallel()
	registered := []string{
		"http://127.0.0.1/callback", "http://[::1]:8080/callback", "http://localhost:53593/callback",
		"https://app.example/cb", "org.example.app:/cb",
	}
	for asked, want := range map[string]bool{
		"http://127.0.0.1/callback":            true,
		"http://127.0.0.1:1/callback":          true,
		"http://127.0.0.1:65535/callback":      true,
		"http://[::1]:9/callback":              true,
		"http://[::1]/callback":                true,
		"http://localhost:1/callback":          true,
		"https://app.example/cb":               true,
		"org.example.app:/cb":                  true,
		"http://127.0.0.1:/callback":           false,
		"http://127.0.0.1:1/callback/":         false,
		"http://127.0.0.1:1//callback":         false,
		"http://127.0.0.1:1/Callback":          false,
		"http://127.0.0.1:1/callback?":         false,
		"http://127.0.0.1:1/callback#":         false,
		"http://127.0.0.1:1/%63allback":        false,
		"HTTP://127.0.0.1:1/callback":          false,
		"http://127.0.0.2:1/callback":          false,
		"http://127.0.0.1.evil.example/cb":     false,
		"http://127.0.0.1:1@evil.example/call": false,
		"http://x@127.0.0.1:1/callback":        false,
		"https://127.0.0.1:1/callback":         false,
		"https://app.example:443/cb":           false,
		"https://app.example/cb/../x":          false,
		"org.example.app:/other":               false,
		"":                                     false,
	} {
		if got := redirectAllowed(registered, asked); got != want {
			t.Errorf("%q: %t", asked, got)
		}
	}
}

func TestFormSourceIsTheRedirectsOrigin(t *testing.T) {
	t.Parallel()
	for redirect, want := range map[string]string{
		"": "", "http://127.0.0.1:7/cb": " http://127.0.0.1:7", "http://[::1]:7/cb": " http:", "org.example.app:/cb": " org.example.app:",
	} {
		if got := formSource(redirect); got != want {
			t.Errorf("%q: %q", redirect, got)
		}
	}
}

func TestWithQueryKeepsOwnParameters(t *testing.T) {
	t.Parallel()
	v := url.Values{"code": {"a&b"}}
	for uri, want := range map[string]string{
		"http://h/cb": "http://h/cb?code=a%26b", "http://h/cb?x=%20": "http://h/cb?x=%20&code=a%26b",
	} {
		if got := withQuery(uri, v); got != want {
			t.Errorf("%q: %q", uri, got)
		}
	}
}

func TestUserCodesAreNormalised(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		code := newUserCode()
		if len(code) != 9 || plainUserCode(code) != code {
			t.Fatalf("odd code %q", code)
		}
		seen[code] = true
	}
	if len(seen) < 999 {
		t.Errorf("%d different codes", len(seen))
	}
	for typed, want := range map[string]string{"wdjbmjht": "WDJB-MJHT", "wdjb - mjht.": "WDJB-MJHT", "wdjb": "", "WDJBMJHTX": "", "": ""} {
		if got := plainUserCode(typed); got != want {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

// Stores that many requests could fill drop old entries, then refuse new ones.
func TestStoresAreBounded(t *testing.T) {
	t.Parallel()
	s, err := New(oauth.Config{Issuer: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	now := s.cfg.Now()
	for range maxVisits {
		if _, perr := s.visits.begin("", visit{}, now); perr != nil {
			t.Fatal(perr)
		}
		if _, _, ok := s.devices.add(deviceRecord{expiry: now}, now); !ok {
			t.Fatal("no device more")
		}
	}
	if _, perr := s.visits.begin("", visit{}, now); perr == nil {
		t.Error("visits have no bound")
	}
	if _, _, ok := s.devices.add(deviceRecord{expiry: now}, now); ok {
		t.Error("devices have no bound")
	}
	later := now.Add(2 * sessionTTL)
	if _, perr := s.visits.begin("", visit{}, later); perr != nil {
		t.Error("old visits are kept")
	}
	if _, _, ok := s.devices.add(deviceRecord{expiry: later}, later); !ok || len(s.devices.order) != 1 {
		t.Error("old devices are kept")
	}
}
