package configstore_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/jetway-go/jetway/configstore"
)

// borrowed notes what requests are made with it, and answers none.
type borrowed struct{ asked int }

var errBorrowed = errors.New("asked the client that was lent")

func (b *borrowed) RoundTrip(*http.Request) (*http.Response, error) {
	b.asked++
	return nil, errBorrowed
}

// A Discovery without a client uses the first that it is lent, inside other stores too; one
// with a client keeps to that.
func TestDiscoveryWithoutAClientUsesTheOneItIsLent(t *testing.T) {
	t.Parallel()
	const issuer = "https://issuer.example.com"
	nothing := configstore.Func(func(context.Context) (configstore.ClientConfig, error) {
		return configstore.ClientConfig{}, configstore.ErrNotFound
	})
	own := &http.Client{Transport: &borrowed{}}
	for name, tt := range map[string]struct {
		store configstore.ClientConfigStore
		asked bool
	}{
		"alone":      {configstore.Discovery(issuer, nil), true},
		"overlaid":   {configstore.Overlay(configstore.Discovery(issuer, nil), configstore.ClientConfig{}), true},
		"chained":    {configstore.Chain(nothing, configstore.Discovery(issuer, nil)), true},
		"cached":     {configstore.Cached(configstore.Discovery(issuer, nil), 0), true},
		"on disk":    {configstore.Disk(configstore.Discovery(issuer, nil), "dns:///flyte.example.com", t.TempDir()), true},
		"plaintext":  {configstore.AllowPlaintext(configstore.Discovery(issuer, nil), "flyte.example.com"), true},
		"its client": {configstore.Discovery(issuer, own), false},
	} {
		lent := &borrowed{}
		lender, ok := tt.store.(configstore.HTTPBorrower)
		if !ok {
			t.Fatalf("%s: cannot be lent a client", name)
		}
		lender.BorrowHTTP(&http.Client{Transport: lent})
		lender.BorrowHTTP(&http.Client{Transport: &borrowed{}}) // too late
		_, err := tt.store.ClientConfig(t.Context())
		if (lent.asked > 0) != tt.asked {
			t.Errorf("%s: asked the client that was lent: %d times, want any: %t (%v)", name, lent.asked, tt.asked, err)
		}
	}
}
