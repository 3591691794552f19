package front_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/jetway-go/jetway/mockserver/front"
)

// A page whose host name was made to point at the server is of the server's origin to its
// browser, and may not call all the same unless the origin is allowed.
func TestPagesOfReboundNamesMayNotCall(t *testing.T) {
	t.Parallel()
	address, client := serve(t, transports()[0], front.Config{Origins: []string{"http://known.example:80"}})
	own, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		host, origin string
		refused      bool
	}{
		"a rebound name":       {"evil.example:80", "http://evil.example:80", true},
		"an allowed name":      {"known.example:80", "http://known.example:80", false},
		"a program":            {"evil.example:80", "", false},
		"the server's address": {own.Host, address, false},
		"localhost":            {"localhost:" + own.Port(), "http://localhost:" + own.Port(), false},
		"behind a proxy":       {own.Host, "http://dev.example:5173", false},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+unaryCall, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = tt.host
		req.Header.Set("Content-Type", "application/proto")
		if tt.origin != "" {
			req.Header.Set("Origin", tt.origin)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.StatusCode == http.StatusForbidden; got != tt.refused {
			t.Errorf("%s: %s", name, resp.Status)
		}
	}
}
