package redisstore_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
	"github.com/jetway-go/jetway/internal/secrettest"
)

// connections returns how many connections the server has accepted.
func (s *server) connections(tb testing.TB, admin *redis.Client) int {
	tb.Helper()
	info, err := admin.Info(tb.Context(), "stats").Result()
	if err != nil {
		tb.Fatal(err)
	}
	_, after, _ := strings.Cut(info, "total_connections_received:")
	var n int
	_, _ = fmt.Sscan(after, &n)
	return n
}

// Where Redis gives no notifications a Store asks for them less and less often, and its log says
// once what to do.
func TestRefusedNotificationsAreAskedForLessAndLessOften(t *testing.T) {
	t.Parallel()
	rights := documented(t, "**An ACL user**")
	for name, c := range map[string]struct {
		password string
		rights   []string
		says     string
	}{
		"no right to subscribe": {"pass-canary", slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == "+subscribe" }), "give the ACL user"},
		"no right to channels":  {"pass-canary", append(slices.Clone(rights), "resetchannels"), "give the ACL user"},
		"wrong password":        {"wrong-canary", rights, "correct Username and Password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			admin := s.client(t)
			prefix := s.user(t, "deaf", c.rights)
			var sink secrettest.Sink
			store := storeOver(t, clientWith(t, &redis.Options{Addr: s.addr, Username: "deaf", Password: c.password}),
				redisstore.WithPrefix(prefix), redisstore.WithLogger(sink.Logger()))
			before := s.connections(t, admin)
			defer store.Watch(key, func() {})()
			eventually(t, patience, func() error { return wantf(s.connections(t, admin) >= before+2, "not asked for again") })
			time.Sleep(6 * time.Second)
			if opened := s.connections(t, admin) - before; opened > 12 {
				t.Errorf("%d connections", opened)
			}
			sink.Heard(t, "Redis gives no notifications", c.says)
			if n := strings.Count(sink.String(), `msg="Redis gives no notifications`); n != 1 {
				t.Errorf("it is in the log %d times", n)
			}
			sink.Hides(t, "pass-canary", "wrong-canary")
		})
	}
}

// A Redis that takes connections and never answers delays Close by little.
func TestCloseDoesNotWaitForARedisThatNeverAnswers(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]*tls.Config{"plain": nil, "TLS": {MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer func() { _ = l.Close() }()
			store := redisstore.New(clientWith(t, &redis.Options{Addr: l.Addr().String(), TLSConfig: config}), sealKeys, redisstore.WithTimeLimit(time.Second))
			defer store.Watch(key, func() {})()
			if _, err := store.Retrieve(t.Context(), key); !errors.Is(err, redisstore.ErrUnreachable) {
				t.Error(err)
			}
			start := time.Now()
			must(t, store.Close())
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// A change right after the beginning, of which no notification tells, is seen by the first look.
func TestAWatcherIsCalledAtTheFirstPollAfterAChangeThatWasNotTold(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	rights := append(documented(t, "**An ACL user**"), "resetchannels")
	prefix := s.user(t, "deaf", rights)
	store := storeOver(t, clientWith(t, &redis.Options{Addr: s.addr, Username: "deaf", Password: "pass-canary"}), redisstore.WithPrefix(prefix))
	other := s.store(t, redisstore.WithPrefix(prefix))
	must(t, other.Store(t.Context(), key, login(1)))
	_, err := store.Retrieve(t.Context(), key)
	must(t, err)
	called := make(chan struct{}, 10)
	defer store.Watch(key, func() { called <- struct{}{} })()
	must(t, other.Delete(t.Context(), key))
	select {
	case <-called:
	case <-time.After(15 * time.Second):
		t.Error("not called")
	}
}
