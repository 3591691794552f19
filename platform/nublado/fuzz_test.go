package nublado

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzAnswer gives the client any answer: it returns a value or an APIError on one line,
// requests nothing outside of Nublado, and ends.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"name":"ada","servers":{"":{"ready":true}}}`, `{"notebook":"x","error":{"traceback":["a"]}}`, `{"id":"a","kernel":{"id":"b"}}`, good, failed, "<script>", "\xff", `{"message":"a\nb"}`} {
		for _, status := range []int{200, 201, 302, 307, 400, 403, 404, 424, 429, 500, 503} {
			f.Add(status, body, "/nb/hub/user/ada", "text/event-stream", "_xsrf=x; Path=/")
			f.Add(status, body, "https://nb.test@evil.test/nb/../?state=secretsecret", "text/html", "a=b; Domain=test")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body, location, kind, cookie string) {
		if status < 200 || status > 599 {
			return
		}
		hub := transport(func(r *http.Request) (*http.Response, error) {
			if r.URL.Scheme != "https" || !strings.EqualFold(r.URL.Hostname(), "nb.test") || !strings.HasPrefix(r.URL.Path+"/", "/nb/") || strings.Contains(r.URL.Path, "/user/eve") {
				t.Errorf("a request for %s", r.URL)
			}
			return &http.Response{
				StatusCode: status, Header: http.Header{"Location": {location}, "Content-Type": {kind}, "Set-Cookie": {cookie}, "Retry-After": {location}},
				Body: io.NopCloser(strings.NewReader(body)), Request: r,
			}, nil
		})
		c := NewClient(&http.Client{Transport: hub}, "https://nb.test/nb", "ada")
		c.pause, c.idle = time.Microsecond, time.Second
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, stopped := c.LabStopped(ctx)
		_, ran := c.RunNotebook(ctx, Notebook{Content: "x"})
		_, session := c.NewSession(ctx, SessionOptions{})
		c.current.Store(c.newVisit()) // without a login
		_, again := c.LabStopped(ctx)
		for _, err := range []error{stopped, ran, session, again, c.Spawn(ctx, Lab{}), c.Stop(ctx), c.AuthToLab(ctx), c.WaitForSpawn(ctx)} {
			if err == nil {
				continue
			}
			if _, ok := errors.AsType[*APIError](err); !ok || strings.ContainsAny(err.Error(), "\n\r\x00\x1b") {
				t.Fatalf("%d %q: %T %q", status, body, err, err)
			}
		}
	})
}
