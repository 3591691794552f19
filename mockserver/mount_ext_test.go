package mockserver_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/mockserver"
	"github.com/jetway-go/jetway/mockserver/mocktest"
)

func TestMountServesAPathAndWhatLiesBelow(t *testing.T) {
	t.Parallel()
	s := mocktest.New(t, mockserver.WithHTTPFront(), mockserver.WithProxyAuth("token-of-the-proxy"))
	says := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	s.Mount("/mine", says("old"))
	s.Mount("/mine/", says("mine"))
	for path, want := range map[string]bool{"/mine": true, "/mine/": true, "/mine/a/b": true, "/miner": false, "/": false} {
		for _, base := range []string{s.HTTPURL(), s.URL()} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			if _, body := roundTrip(t, s, r); (string(body) == "mine") != want {
				t.Errorf("%s%s: %q", base, path, body)
			}
		}
	}
	for _, r := range s.Requests() {
		if r.Method == "GET /mine" {
			t.Error("a request to what is mounted was logged")
		}
	}
}
