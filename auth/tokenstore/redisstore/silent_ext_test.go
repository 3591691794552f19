package redisstore_test

import (
	"context"
	"errors"
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
			s.silent(t, k, redisstore.WithLapse(shortLapse))
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
			if took := time.Since(start); took > 30*time.Second || requests.Load() != 1 {
				t.Errorf("took %v and %d requests", took, requests.Load())
			}
		})
	}
}

// Calls of a fleet whose holder is silent have the token that they have, then errors that say why,
// and the next token as soon as it is stored. Meanwhile the fleet costs Redis little.
func TestCallsWhileAHolderIsSilent(t *testing.T) {
	t.Parallel()
	s, r := newServer(t), newRotation(t, false)
	lapse := redisstore.WithLapse(shortLapse)
	const (
		n    = 5
		life = 15 * time.Second // all have read the login by then
	)
	must(t, s.store(t).Store(t.Context(), key, r.login(life)))
	end := time.Now().Add(life)
	var all []*auth.Authenticator
	for range n {
		all = append(all, renewing(t, s.store(t, lapse), r))
	}
	l, holder, heal := s.silent(t, key, lapse)
	for _, a := range all {
		if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "access-0" {
			t.Errorf("before the end of the token: %v, %v", c, err)
		}
	}
	time.Sleep(time.Until(end))
	type result struct {
		creds *auth.Credentials
		err   error
	}
	results := make(chan result, n)
	calls := func() {
		for _, a := range all {
			go func() {
				c, err := a.Credentials(t.Context())
				results <- result{c, err}
			}()
		}
	}
	before, start := s.commands(t), time.Now()
	calls()
	for range all {
		got := <-results
		e, ok := errors.AsType[*auth.Error](got.err)
		if !ok || !errors.Is(e, auth.ErrLeaseRequired) || !errors.Is(e, redisstore.ErrBusy) || e.GRPCStatus().Code().String() != "Unavailable" {
			t.Errorf("after the end of the token: %v, %v", got.creds, got.err)
		}
	}
	took := time.Since(start)
	perQuarantine := float64(s.commands(t)-before) / n / (took.Seconds() / (shortLapse / 3).Seconds())
	t.Logf("%v, %.1f commands for each process and quarantine", took, perQuarantine)
	if perQuarantine > 15 {
		t.Errorf("%.1f commands for each process and quarantine", perQuarantine)
	}
	time.Sleep(1500 * time.Millisecond) // the error is remembered for a second
	calls()
	time.Sleep(500 * time.Millisecond)
	heal()
	next := r.login(time.Hour)
	next.AccessToken = "next"
	if swapped, err := holder.Swap(t.Context(), key, r.login(expired).ID(), next); !swapped || err != nil {
		t.Error(swapped, err)
	}
	start = time.Now()
	l.Unlock()
	for range all {
		if got := <-results; got.err != nil || got.creds.AccessToken != "next" {
			t.Errorf("when the holder is back: %v, %v", got.creds, got.err)
		}
	}
	if took := time.Since(start); took > 5*time.Second { // the next poll is later
		t.Errorf("calls had the next token after %v", took)
	}
	if requests, _ := r.counts(); requests != 0 {
		t.Errorf("%d requests", requests)
	}
}

// The wait for a busy lease ends while the caller looks at the login: the lease is still busy.
func TestALeaseIsBusyWhereTheTimeEndsBetweenTwoTries(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	defer lock(t, s.store(t)).Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	waiter := s.store(t)
	_, err := waiter.LockUnless(ctx, key, func() bool { // called once the channel is subscribed
		cancel()
		return false
	})
	if !errors.Is(err, auth.ErrLeaseRequired) || !errors.Is(err, redisstore.ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
