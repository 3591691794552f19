package httpauth_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

func TestWithoutAReplacementTheRejectionComesBackWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("why not. ", 60_000)
	for _, body := range []string{"", "no", long} {
		for _, length := range []int64{int64(len(body)), -1} {
			base := roundTripper(func(r *http.Request) (*http.Response, error) {
				a := answer(r, 401, body)
				a.ContentLength = length
				return a, nil
			})
			same := newSource(bearer)
			same.make = func(int) *auth.Credentials { return nil }
			got, err := at(base, same).RoundTrip(request(t, "GET", home, nil))
			if err != nil || got.StatusCode != http.StatusUnauthorized || read(t, got) != body {
				t.Errorf("%v, %v: want the rejection with its %d bytes", got, err, len(body))
			}
		}
	}
}

// The connection of a rejected request is used for the next attempt, unless that took
// reading more than a page.
func TestARejectionIsReadWithinABound(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  int
		conns int64
	}{"a page": {200 << 10, 1}, "more": {4 << 20, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer "+secret(1) {
					w.WriteHeader(http.StatusUnauthorized)
					_, _ = w.Write(bytes.Repeat([]byte("x"), tt.body))
				}
			}))
			server.Start()
			t.Cleanup(server.Close)
			client := server.Client()
			client.Transport = httpauth.New(newSource(bearer), client.Transport, httpauth.WithOrigins(server.URL))
			trace := &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
				if !i.Reused {
					conns.Add(1)
				}
			}}
			r := request(t, "GET", server.URL, nil)
			got, err := client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
			if err != nil || got.StatusCode != http.StatusOK {
				t.Fatal(got, err)
			}
			read(t, got)
			if conns.Load() != tt.conns {
				t.Errorf("%d connections were made, want %d", conns.Load(), tt.conns)
			}
		})
	}
}

func TestARejectionThatDripsIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		base := roundTripper(func(r *http.Request) (*http.Response, error) {
			if n++; n == 2 {
				return answer(r, 200, "ok"), nil
			}
			pr, pw := io.Pipe()
			_ = pw // which nothing is ever written to
			a := answer(r, 401, "")
			a.Body, a.ContentLength = pr, -1
			return a, nil
		})
		start := time.Now()
		got, err := at(base, newSource(bearer)).RoundTrip(request(t, "GET", home, nil)) //nolint:bodyclose // in memory: nothing to give back
		if err != nil || got.StatusCode != http.StatusOK || time.Since(start) > 6*time.Second {
			t.Errorf("%v, %v after %v", got, err, time.Since(start))
		}
	})
}
