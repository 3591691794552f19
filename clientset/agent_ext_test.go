package clientset_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/platform"
)

// countedTransport counts requests, and those without the user agent of a ClientSet.
type countedTransport struct {
	base         http.RoundTripper
	n, anonymous atomic.Int64
}

func (c *countedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	if !strings.HasPrefix(r.UserAgent(), "tester/1 jetway/") {
		c.anonymous.Add(1)
	}
	return c.base.RoundTrip(r)
}

func fetch(ctx context.Context, hc *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := hc.Do(r)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// Requests of a resolver, of discovery and of a login are the program's like its calls.
func TestEveryHTTPRequestCarriesTheUserAgent(t *testing.T) {
	t.Parallel()
	s := quiet(t)
	r := platform.ResolverFunc(func(ctx context.Context, hc *http.Client) (platform.Target, error) {
		return platform.Target{Endpoint: "http://" + s.Endpoint()}, fetch(ctx, hc, s.HTTPURL()+"/.well-known/oauth-authorization-server")
	})
	for name, given := range map[string]*countedTransport{"the program's client": {base: s.HTTPClient().Transport}, "our own": nil} {
		opts := []clientset.Option{
			clientset.WithUserAgent("tester/1"), clientset.WithoutStore(),
			clientset.WithConfigStore(configstore.Discovery(s.HTTPURL(), nil)),
			clientset.WithFlow(flow.ClientCredentials{ClientID: s.ClientID(), Secret: secretOf(s)}),
		}
		if given != nil {
			opts = append(opts, clientset.WithHTTPClient(&http.Client{Transport: given}))
		}
		s.ResetRequests()
		cs := made(t)(clientset.For(t.Context(), r, opts...))
		if err := list(t.Context(), cs); err != nil {
			t.Fatal(err)
		}
		if given != nil && (given.n.Load() < 3 || given.anonymous.Load() > 0) {
			t.Errorf("%s: of %d requests, %d were without the user agent; want none of at least 3", name, given.n.Load(), given.anonymous.Load())
		}
		for _, r := range s.Requests() {
			if agent := strings.Join(r.Metadata["user-agent"], ","); !strings.HasPrefix(agent, "tester/1 jetway/") {
				t.Errorf("%s: %s %s carried the user agent %q", name, r.Kind, r.Method, agent)
			}
		}
	}
}
