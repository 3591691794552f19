package httpauth_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jetway-go/jetway/auth"
)

// source hands out token-0, and the next one for each that was rejected.
type source struct {
	make func(n int) *auth.Credentials

	mu       sync.Mutex
	n        int
	current  *auth.Credentials
	accepted []*auth.Credentials
	refused  []*auth.Credentials
	adopted  []*auth.Credentials

	refreshes atomic.Int64
	asked     atomic.Int64
	failed    error // of Refresh
	unready   error // of Credentials
}

func newSource(credentials func(n int) *auth.Credentials) *source {
	return &source{make: credentials, current: credentials(0)}
}

func bearer(n int) *auth.Credentials { return &auth.Credentials{AccessToken: secret(n)} }

func hubToken(n int) *auth.Credentials {
	return &auth.Credentials{AccessToken: secret(n), TokenType: "token"}
}

func cookie(n int) *auth.Credentials {
	return &auth.Credentials{AccessToken: "session=" + secret(n), TokenType: auth.Raw, HeaderKey: "cookie"}
}

func secret(n int) string { return fmt.Sprintf("token-%d", n) }

func (s *source) Credentials(context.Context) (*auth.Credentials, error) {
	s.asked.Add(1)
	if s.unready != nil {
		return nil, s.unready
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, nil
}

func (s *source) Refresh(_ context.Context, stale *auth.Credentials) (*auth.Credentials, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == stale {
		s.refreshes.Add(1)
		s.n++
		s.current = s.make(s.n)
	}
	return s.current, nil
}

func (s *source) Accepted(c *auth.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, c)
}

func (s *source) Refused(c *auth.Credentials) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, c)
}

func (s *source) Adopt(_ context.Context, prev, next *auth.Credentials) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != prev {
		return false, nil
	}
	s.adopted = append(s.adopted, next)
	s.current = next
	return true, nil
}

// roundTripper is a transport that is a function.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(r *http.Request, code int, body string, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r, ContentLength: int64(len(body))}
}

func request(tb testing.TB, method, url string, body io.Reader) *http.Request {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), method, url, body)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// read reads a body to its end and closes it.
func read(tb testing.TB, r *http.Response) string {
	tb.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		tb.Error(err)
	}
	_ = r.Body.Close()
	return string(text)
}
