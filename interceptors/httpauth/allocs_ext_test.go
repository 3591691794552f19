package httpauth_test

import (
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
)

// What a request may cost over one with a ready-made header: the copy of the request, and
// two for the map of its headers.
func TestAllocationsOfARequest(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	got := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}
	base := roundTripper(func(*http.Request) (*http.Response, error) { return got, nil })
	for name, credentials := range map[string]func(int) *auth.Credentials{"bearer": bearer, "token": hubToken, "cookie": cookie} {
		for headers := range 4 {
			transport := at(base, newSource(credentials))
			r := request(t, "GET", home, nil)
			for _, key := range []string{"Accept", "User-Agent", "X-Other"}[:headers] {
				r.Header.Set(key, "x")
			}
			if n := testing.AllocsPerRun(1000, func() { _, _ = transport.RoundTrip(r) }); n > 3 { //nolint:bodyclose // NoBody
				t.Errorf("%s, %d headers: %v allocations, want at most 3", name, headers, n)
			}
		}
	}
	all := at(base, newSource(bearer), httpauth.WithRequestID(), httpauth.WithHeader("User-Agent", "x"))
	r := request(t, "GET", home, nil)
	r.Header.Set("Accept", "application/json")
	n := testing.AllocsPerRun(1000, func() { _, _ = all.RoundTrip(r) }) //nolint:bodyclose // NoBody
	if t.Logf("%v allocations with a request id", n); n > 6 {
		t.Errorf("%v allocations with a request id, want at most 6", n)
	}
}

func BenchmarkRoundTrip(b *testing.B) {
	got := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody}
	transport := at(roundTripper(func(*http.Request) (*http.Response, error) { return got, nil }), newSource(bearer))
	r := request(b, "GET", home, nil)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = transport.RoundTrip(r) //nolint:bodyclose // NoBody
	}
}
