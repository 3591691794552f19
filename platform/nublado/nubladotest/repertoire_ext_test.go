package nubladotest_test

import (
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/platform/internal/peertest"
	"github.com/jetway-go/jetway/platform/nublado/nubladotest"
)

func TestOnlyRequestsOfACorrectClientAreAnswered(t *testing.T) {
	t.Parallel()
	s := nubladotest.NewRepertoire(nubladotest.Document("https://nb.example.com/nb"))
	hc := peertest.HTTPClient(map[string]http.Handler{"r": s})
	for name, test := range map[string]struct {
		method, url, header string
		want                int
	}{
		"plain":       {http.MethodGet, "https://r/repertoire/discovery", "", 200},
		"method":      {http.MethodPost, "https://r/repertoire/discovery", "", 400},
		"path":        {http.MethodGet, "https://r/repertoire", "", 400},
		"two slashes": {http.MethodGet, "https://r/repertoire//discovery", "", 400},
		"query":       {http.MethodGet, "https://r/discovery?x=y", "", 400},
		"credentials": {http.MethodGet, "https://r/discovery", "Authorization", 400},
		"cookies":     {http.MethodGet, "https://r/discovery", "Cookie", 400},
	} {
		r, err := http.NewRequestWithContext(t.Context(), test.method, test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		resp, err := hc.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.want {
			t.Errorf("%s: %d, want %d", name, resp.StatusCode, test.want)
		}
	}
	if s.Fetches() != 1 || len(s.Violations()) != 6 {
		t.Errorf("%d fetches and %q", s.Fetches(), s.Violations())
	}
}
