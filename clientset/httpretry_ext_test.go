package clientset_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/clientset"
)

// step is how one attempt ends.
type step struct {
	code       int // 0: the connection breaks
	retryAfter string
}

// steps ends each attempt with the next of its steps, and with the last one from then on.
type steps struct {
	all     []step
	headers []http.Header
}

func (s *steps) RoundTrip(r *http.Request) (*http.Response, error) {
	now := s.all[min(len(s.headers), len(s.all)-1)]
	s.headers = append(s.headers, r.Header)
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		_ = r.Body.Close()
	}
	if now.code == 0 {
		return nil, &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	}
	h := http.Header{}
	if now.retryAfter != "" {
		h.Set("Retry-After", now.retryAfter)
	}
	return &http.Response{StatusCode: now.code, Header: h, Body: io.NopCloser(strings.NewReader("text")), Request: r}, nil
}

func TestRequestsThatChangeNothingAreRepeatedAsCallsAre(t *testing.T) {
	t.Parallel()
	type answers = []step
	for name, tt := range map[string]struct {
		method   string
		body     io.Reader
		answers  answers
		opts     []clientset.Option
		attempts int
		code     int // 0: an error
		waits    time.Duration
	}{
		"the first is good":      {"GET", nil, answers{{code: 200}}, nil, 1, 200, 0},
		"a 503 passes":           {"GET", nil, answers{{code: 503}, {code: 200}}, nil, 2, 200, time.Second},
		"every transient answer": {"HEAD", nil, answers{{code: 429}, {code: 502}, {code: 504}, {code: 200}}, nil, 4, 200, 6 * time.Second},
		"a 503 stays":            {"GET", nil, answers{{code: 503}}, nil, 4, 503, 6 * time.Second},
		"a broken connection":    {"OPTIONS", nil, answers{{}, {code: 200}}, nil, 2, 200, time.Second},
		"it stays broken":        {"GET", nil, answers{{}}, nil, 4, 0, 6 * time.Second},
		"500 is no such":         {"GET", nil, answers{{code: 500}}, nil, 1, 500, 0},
		"404 is no such":         {"GET", nil, answers{{code: 404}}, nil, 1, 404, 0},
		"a POST":                 {"POST", strings.NewReader("x"), answers{{code: 503}, {code: 200}}, nil, 1, 503, 0},
		"a DELETE":               {"DELETE", nil, answers{{}, {code: 200}}, nil, 1, 0, 0},
		"a GET with a body":      {"GET", strings.NewReader("x"), answers{{code: 503}, {code: 200}}, nil, 2, 200, time.Second},
		"a body that is gone":    {"GET", struct{ io.Reader }{strings.NewReader("x")}, answers{{code: 503}, {code: 200}}, nil, 1, 503, 0},
		"Retry-After in seconds": {"GET", nil, answers{{429, "7"}, {code: 200}}, nil, 2, 200, 7 * time.Second},
		"Retry-After too long":   {"GET", nil, answers{{429, "11"}, {code: 200}}, nil, 1, 429, 0},
		"Retry-After is a date":  {"GET", nil, answers{{503, "Sat, 01 Jan 2000 00:00:05 GMT"}, {code: 200}}, nil, 2, 200, 5 * time.Second},
		"Retry-After is garbage": {"GET", nil, answers{{503, "soon"}, {code: 200}}, nil, 2, 200, time.Second},
		"WithoutRetry":           {"GET", nil, answers{{code: 503}, {code: 200}}, []clientset.Option{clientset.WithoutRetry()}, 1, 503, 0},
		"once":                   {"GET", nil, answers{{code: 503}}, []clientset.Option{clientset.WithRetries(1)}, 2, 503, time.Second},
		"a rejection in between": {"GET", nil, answers{{code: 503}, {code: 401}}, nil, 2, 0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				base := &steps{all: tt.answers}
				cs := webClient(t, "https://api.test", append(tt.opts, clientset.WithHTTPClient(&http.Client{Transport: base}))...)
				r, err := http.NewRequestWithContext(t.Context(), tt.method, cs.HTTPURL("/"), tt.body)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				answer, err := cs.HTTPClient().Do(r)
				code := 0
				if err == nil {
					code = answer.StatusCode
					if text, _ := io.ReadAll(answer.Body); string(text) != "text" {
						t.Errorf("the answer reads %q", text)
					}
					_ = answer.Body.Close()
				}
				took := time.Since(start)
				if code != tt.code || len(base.headers) != tt.attempts || took > tt.waits || tt.waits > 0 && took < 200*time.Millisecond {
					t.Errorf("%d, %v after %d attempts and %v; want %d after %d and at most %v",
						code, err, len(base.headers), took, tt.code, tt.attempts, tt.waits)
				}
				for _, h := range base.headers {
					if h.Get("X-Request-ID") == "" || h.Get("X-Request-ID") != base.headers[0].Get("X-Request-ID") || h.Get("Authorization") == "" {
						t.Errorf("an attempt had the header %v", h)
					}
				}
			})
		})
	}
}

func TestThePauseBeforeAnotherAttemptEndsWithTheContextOrTheClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cs := webClient(t, "https://api.test", clientset.WithHTTPClient(&http.Client{Transport: &steps{all: []step{{503, "9"}}}}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		if _, _, err := get(ctx, cs, "/"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		time.AfterFunc(time.Second, func() { _ = cs.Close() })
		start = time.Now()
		if _, _, err := get(t.Context(), cs, "/"); !errors.Is(err, clientset.ErrClosed) || time.Since(start) != time.Second {
			t.Errorf("%v after %v, want ErrClosed", err, time.Since(start))
		}
	})
}
