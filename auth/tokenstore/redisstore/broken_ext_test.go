package redisstore_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/configstore"
)

// A value that was broken in Redis costs no login: no process sends the refresh token that
// it has in memory, since another one may have replaced it. A new login mends the value.
func TestNoRefreshTokenIsSentWhileTheStoredLoginCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, breaking := range map[string]string{
		"truncated":         "\x01\x01\x00",
		"of another format": "\x02" + strings.Repeat("x", 200),
		"text":              "null",
		"huge":              strings.Repeat("\x01", 2<<20),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newServer(t), newRotation(t, false)
			store := s.store(t)
			const life = 10 * time.Second // all have read it by then
			must(t, store.Store(t.Context(), key, r.login(life)))
			end := time.Now().Add(life)
			var all []*auth.Authenticator
			for range 3 {
				a := renewing(t, s.store(t), r)
				_, err := a.Credentials(t.Context())
				must(t, err)
				all = append(all, a)
			}
			spoil(t, s, breaking)
			time.Sleep(time.Until(end))
			for _, a := range all {
				if c, err := a.Credentials(t.Context()); !errors.Is(err, redisstore.ErrUnreadable) || !errors.Is(err, auth.ErrLeaseRequired) {
					t.Errorf("%v, %v", c, err)
				}
			}
			if requests, forced := r.counts(); requests != 0 || forced != 0 {
				t.Errorf("%d requests, %d forced logins; want 0, 0", requests, forced)
			}
			must(t, store.Store(t.Context(), key, r.login(time.Hour)))
			for _, a := range all {
				eventually(t, patience, func() error {
					_, err := a.Credentials(t.Context())
					return err
				})
			}
		})
	}
}

// spoil puts text in the place of the only login.
func spoil(t *testing.T, s *server, text string) {
	t.Helper()
	c := s.client(t)
	groups, err := c.Keys(t.Context(), "jetway:{*}").Result()
	must(t, err)
	for _, group := range groups {
		fields, err := c.HKeys(t.Context(), group).Result()
		must(t, err)
		for _, field := range fields {
			if strings.HasPrefix(field, "v:") {
				must(t, c.HSet(t.Context(), group, field, text).Err())
			}
		}
	}
}

// renewing is a program that shares the login of key.
func renewing(t *testing.T, store auth.Store, r *rotation) *auth.Authenticator {
	t.Helper()
	env := auth.Env{
		Endpoint: key.Endpoint, HTTP: http.DefaultClient,
		Config: configstore.Static(configstore.ClientConfig{TokenEndpoint: r.url, ClientID: "cli"}),
	}
	a := auth.New(key, flow.Stored{}, env, auth.WithStore(store))
	t.Cleanup(func() { _ = a.Close() })
	return a
}

// A server that refuses commands is told apart from a busy lease, and the error says what to
// do.
func TestARefusalOfTheServerSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ set, to, says string }{
		"out of memory":   {"maxmemory", "1", "raise it"},
		"no password":     {"requirepass", "canary", "set Username and Password"},
		"replica":         {"replicaof", freeAddr(t), "connect the client to the master"},
		"not all allowed": {"acl", "default", "give the ACL user"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, "--maxmemory-policy", "noeviction")
			admin := s.client(t)
			switch c.set {
			case "acl":
				must(t, admin.Do(t.Context(), "ACL", "SETUSER", "default", "-evalsha", "-eval").Err())
			case "replicaof":
				host, port, _ := strings.Cut(c.to, ":")
				must(t, admin.Do(t.Context(), "REPLICAOF", host, port).Err())
			default:
				must(t, admin.ConfigSet(t.Context(), c.set, c.to).Err())
			}
			_, err := s.store(t).Lock(t.Context(), key)
			if !errors.Is(err, auth.ErrLeaseRequired) || !errors.Is(err, redisstore.ErrUnreachable) || errors.Is(err, redisstore.ErrBusy) ||
				!strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
				t.Error(err)
			}
		})
	}
}

// A lease that lost its time limit in Redis lapses all the same.
func TestALeaseWithoutATimeLimitLapses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dead := s.store(t, redisstore.WithLapse(shortLapse))
	_ = lock(t, dead)
	must(t, dead.Close()) // which extends no more, and releases nothing
	names, err := s.client(t).Keys(t.Context(), "*:lease").Result()
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	must(t, s.client(t).Set(t.Context(), names[0], "another", 0).Err())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	next, err := s.store(t, redisstore.WithLapse(shortLapse), redisstore.WithPatience(0)).Lock(ctx, key)
	must(t, err)
	next.Unlock()
}

// Close may come at any moment of any operation: none hangs, and nothing goes on after it.
func TestCloseDuringEverything(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	for range 10 {
		store := redisstore.New(s.client(t), sealKeys, redisstore.WithLapse(shortLapse))
		var all sync.WaitGroup
		for i := range 40 {
			k := key
			k.Audience = strconv.Itoa(i % 4) // shares the lease
			all.Go(func() { anything(t.Context(), store, k, i) })
		}
		time.Sleep(20 * time.Millisecond)
		start := time.Now()
		must(t, store.Close(), store.Close())
		all.Wait()
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("took %v", took)
		}
		if _, err := store.Retrieve(t.Context(), key); !errors.Is(err, redisstore.ErrClosed) {
			t.Error(err)
		}
		store.Watch(key, func() { t.Error("called after Close") })()
	}
}

// anything uses all of a store until it is closed.
func anything(ctx context.Context, store *redisstore.Store, k auth.Key, i int) {
	for {
		stop := store.Watch(k, func() { _, _ = store.Retrieve(ctx, k) })
		_ = store.Store(ctx, k, login(i))
		_, _ = store.Swap(ctx, k, login(i).ID(), login(i+1))
		l, err := store.Lock(ctx, k)
		if err == nil {
			_ = store.Delete(ctx, k)
			l.Unlock()
		}
		_, _ = store.Find(ctx, k)
		_, err = store.List(ctx)
		stop()
		if errors.Is(err, redisstore.ErrClosed) {
			return
		}
	}
}

// A logout while another program renews the login stays: the renewed login is not stored, and
// the program that has it uses it no longer.
func TestALogoutDuringARenewalStays(t *testing.T) {
	t.Parallel()
	for name, logout := range map[string]func(t *testing.T, s *redisstore.Store, a *auth.Authenticator) error{
		"by the store": func(t *testing.T, s *redisstore.Store, _ *auth.Authenticator) error {
			return s.Delete(t.Context(), key)
		},
		"by an authenticator": func(t *testing.T, _ *redisstore.Store, a *auth.Authenticator) error { return a.Logout(t.Context()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := newServer(t), newRotation(t, false)
			mine, others := s.store(t), s.store(t)
			must(t, others.Store(t.Context(), key, r.login(expired)))
			logged := make(chan error, 1)
			sent := make(chan struct{})
			r.arrived = func(string) bool {
				close(sent)
				time.Sleep(time.Second) // of the request
				return false
			}
			a, b := renewing(t, mine, r), renewing(t, others, r)
			go func() {
				<-sent
				logged <- logout(t, others, b)
			}()
			_, _ = a.Credentials(t.Context())
			must(t, <-logged)
			eventually(t, patience, func() error {
				c, err := a.Credentials(t.Context())
				return wantf(c == nil, "a call carries %v, %v after the logout", c, err)
			})
			if c, err := s.store(t).Retrieve(t.Context(), key); !errors.Is(err, auth.ErrLoggedOut) {
				t.Errorf("stored is %v, %v", c, err)
			}
		})
	}
}

// Logins of two audiences at one endpoint share a lease, and nothing else; one without an
// expiry stays as it is.
func TestTwoAudiencesOfOneEndpointStayApart(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	one, two := key, key
	one.Audience, two.Audience = "one", "two"
	a, b := s.store(t), s.store(t)
	first, second := login(1), login(2)
	first.Audience, second.Audience, first.PurposeKnown, second.PurposeKnown = "one", "two", true, true
	must(t, a.Store(t.Context(), one, first), b.Store(t.Context(), two, second))
	for k, want := range map[auth.Key]*auth.Credentials{one: first, two: second} {
		for _, store := range []*redisstore.Store{a, b, s.store(t)} {
			if got, err := store.Retrieve(t.Context(), k); err != nil || sameLogin(want, got) != "" || !got.Expiry.IsZero() {
				t.Errorf("%s: %v, %v", k.Audience, got, err)
			}
		}
	}
	must(t, b.Delete(t.Context(), two))
	if got, err := a.Retrieve(t.Context(), one); err != nil || sameLogin(first, got) != "" {
		t.Errorf("after the logout of the other: %v, %v", got, err)
	}
	if _, err := a.Retrieve(t.Context(), two); !errors.Is(err, auth.ErrLoggedOut) {
		t.Error(err)
	}
}
