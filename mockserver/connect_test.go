package mockserver

import "testing"

func TestAPIKeyLeavesOutTheUsualPortUnderTLS(t *testing.T) {
	t.Parallel()
	for endpoint, want := range map[string]string{
		"https://flyte.example.com:443":  "flyte.example.com", // Flyte's own clients split at every colon
		"https://127.0.0.1:443":          "127.0.0.1",
		"https://flyte.example.com:8443": "https://flyte.example.com:8443",
		"https://[::1]:443":              "https://[::1]:443",
		"http://127.0.0.1:443":           "http://127.0.0.1:443", // without TLS a bare host would mislead
		"unix:///tmp/mock.sock":          "unix:///tmp/mock.sock",
		"passthrough:///localhost":       "passthrough:///localhost",
	} {
		if got := keyEndpoint(endpoint); got != want {
			t.Errorf("%s stands in a key as %s, want %s", endpoint, got, want)
		}
	}
}
