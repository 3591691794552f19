package redisstore_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/configstore"
)

// silent takes the lease of k, and says nothing more, although it stays connected, until heal is
// called.
func (s *server) silent(t *testing.T, k auth.Key, opts ...redisstore.Option) (l auth.Lease, holder *redisstore.Store, heal func()) {
	t.Helper()
	p := newProxy(t, s.addr)
	holder = storeAt(t, p.addr, opts...)
	_, _ = holder.Retrieve(t.Context(), k)
	l, err := holder.Lock(t.Context(), k)
	must(t, err)
	p.cutRequests.Store(true)
	heal = func() { p.cutRequests.Store(false) }
	t.Cleanup(heal)
	return l, holder, heal
}

// A program that logs itself in waits for the lapse of a holder that says nothing, no longer, and
// the fleet makes one request, not one each.
func TestAMachineLoginDoesNotWaitForAHolderThatIsSilent(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]*auth.Credentials{
		"the first": nil,
		"the next":  {AccessToken: "old", IssuedAt: time.Now().Add(-time.Hour), Expiry: time.Now().Add(expired)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprintf(w, `{"access_token":"machine-%d","token_type":"Bearer","expires_in":3600}`, requests.Add(1))
			}))
			t.Cleanup(server.Close)
			f := flow.ClientCredentials{ClientID: "m", Secret: flow.SecretValue("s")}
			k := key
			k.Flow, k.ClientID = f.Traits().Name, ""
			if before != nil {
				must(t, s.store(t).Store(t.Context(), k, before))
			}
			_, _, _ = s.silent(t, k, redisstore.WithLapse(shortLapse))
			env := auth.Env{Endpoint: k.Endpoint, HTTP: http.DefaultClient, Config: configstore.Static(configstore.ClientConfig{TokenEndpoint: server.URL})}
			start := time.Now()
			var all sync.WaitGroup
			for range 10 {
				a := auth.New(k, f, env, auth.WithStore(s.store(t, redisstore.WithLapse(shortLapse))))
				t.Cleanup(func() { _ = a.Close() })
				all.Go(func() {
					if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "machine-1" {
						t.Errorf("%v, %v", c, err)
					}
				})
			}
			all.Wait()
			if took := time.Since(start); took > shortLapse+2*time.Second || requests.Load() != 1 {
				t.Errorf("took %v and %d requests", took, requests.Load())
			}
		})
	}
}
