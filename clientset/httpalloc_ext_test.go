package clientset_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
)

// What a request of HTTPClient costs more than the same request of an http.Client whose
// caller has made all headers beforehand: three allocations for the headers, two or three
// for the request id, one to see the end of the answer.
func TestHTTPRequestAllocations(t *testing.T) { //nolint:paralleltest // allocations are counted for the whole process
	body := io.NopCloser(strings.NewReader("x"))
	got := http.Response{StatusCode: http.StatusOK, Header: http.Header{}}
	base := &http.Client{Transport: fixedAnswer(func(*http.Request) (*http.Response, error) {
		got.Body = body
		return &got, nil
	})}
	cs := made(t)(clientset.ForEndpoint("", clientset.WithHTTPBase("https://api.test"), clientset.WithoutStore(),
		clientset.WithFlow(flow.StaticToken("token")), clientset.WithHTTPClient(&http.Client{Transport: &http.Transport{}})))
	clientset.SetHTTPTransport(cs, base.Transport)
	bare, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://api.test/", nil)
	if err != nil {
		t.Fatal(err)
	}
	bare.Header.Set("Accept", "application/json")
	ready := bare.Clone(t.Context())
	for key, value := range map[string]string{"Authorization": "Bearer token", "User-Agent": "jetway", "X-Request-Id": "id"} {
		ready.Header.Set(key, value)
	}
	do := func(c *http.Client, r *http.Request) func(testing.TB) {
		return func(tb testing.TB) {
			tb.Helper()
			answer, err := c.Do(r)
			if err != nil {
				tb.Fatal(err)
			}
			_ = answer.Body.Close()
		}
	}
	floor, ours := allocations(t, do(base, ready)), allocations(t, do(cs.HTTPClient(), bare))
	t.Logf("allocations: %.2f with ready-made headers, %.2f ours", floor, ours)
	if more := ours - floor; more > 7.01 {
		t.Errorf("%.2f allocations more than with ready-made headers, want at most 7", more)
	}
}

type fixedAnswer func(*http.Request) (*http.Response, error)

func (f fixedAnswer) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
