package loopback

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// Whatever arrives on the port, only a GET of the one address gets through, with
// every parameter once, and the page repeats nothing of it.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"GET /callback?code=1&state=2 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n",
		"GET /callback?code=1&code=2 HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n",
		"GET /callback?error=<script> HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET http://127.0.0.1:8000/callback?code=1 HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"POST /callback?code=1 HTTP/1.0\r\n\r\n", "GET //callback HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\n\r\n",
		"GET /callback?%zz;=& HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n\r\n",
	} {
		f.Add(seed)
	}
	page, err := newLayout()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		through := false
		s := &Server{redirect: redirect{"127.0.0.1", 8000, "/callback"}, layout: page, policy: policy()}
		s.answer = func(_ context.Context, q url.Values) Page {
			through = true
			for name, values := range q {
				if len(values) != 1 {
					t.Fatalf("%q stands there %d times", name, len(values))
				}
			}
			return Page{Title: "Through"}
		}
		w := httptest.NewRecorder()
		s.serve(w, r)
		if through != (w.Code == http.StatusOK) || through && (r.Method != http.MethodGet || r.URL.Path != "/callback" || r.Host != "127.0.0.1:8000") {
			t.Fatalf("HTTP %d for %s %s at %s", w.Code, r.Method, r.URL, r.Host)
		}
		if w.Header().Get("Content-Security-Policy") == "" || w.Header().Get("Cache-Control") != "no-store" || strings.Contains(w.Body.String(), "<script") {
			t.Fatalf("page %s", w.Body)
		}
	})
}
