package redisstore_test

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// The connection by which Redis knows of a holder cannot be opened: that costs the time limit at
// most, and not the lease.
func TestALeaseIsGoodWithoutTheConnectionOfItsHolder(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	for name, prepare := range map[string]func(t *testing.T, s *server) *redis.Client{
		"too many connections": func(t *testing.T, s *server) *redis.Client {
			c := client(t, s.addr)
			must(t, c.Ping(t.Context()).Err())
			must(t, c.ConfigSet(t.Context(), "maxclients", "1").Err())
			return c
		},
		"no answer to a new connection": func(t *testing.T, s *server) *redis.Client {
			var opened atomic.Int64
			c := clientWith(t, &redis.Options{Addr: s.addr, Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
				if opened.Add(1) > 1 {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				return (&net.Dialer{}).DialContext(ctx, network, addr)
			}})
			must(t, c.Ping(t.Context()).Err())
			return c
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := redisstore.New(prepare(t, newServer(t)), sealKeys, redisstore.WithLapse(shortLapse), redisstore.WithTimeLimit(limit))
			t.Cleanup(func() { _ = store.Close() })
			start := time.Now()
			l, err := store.Lock(t.Context(), key)
			must(t, err)
			if took := time.Since(start); took > 2*limit {
				t.Errorf("took %v", took)
			}
			select {
			case <-l.Lost():
				t.Error("the lease was lost while the connection was opened")
			case <-time.After(shortLapse):
			}
			start = time.Now()
			l.Unlock()
			if took := time.Since(start); took > limit {
				t.Errorf("the release took %v", took)
			}
			if next, err := store.Lock(t.Context(), key); err != nil {
				t.Error(err)
			} else {
				next.Unlock()
			}
		})
	}
}

// The connection ends with the lease, whatever ends that.
func TestTheConnectionOfAHolderEndsWithTheLease(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, s *server, store *redisstore.Store, l auth.Lease){
		"unlocked": func(_ *testing.T, _ *server, _ *redisstore.Store, l auth.Lease) { l.Unlock() },
		"closed":   func(t *testing.T, _ *server, store *redisstore.Store, _ auth.Lease) { must(t, store.Close()) },
		"lost": func(t *testing.T, s *server, _ *redisstore.Store, l auth.Lease) {
			must(t, s.store(t).Store(t.Context(), key, login(1))) // by a person, in the next generation
			must(t, s.client(t).Del(t.Context(), s.leaseName(t)).Err())
			<-l.Lost()
			l.Unlock()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			store := s.store(t, redisstore.WithLapse(shortLapse))
			holders := func() []string { return s.client(t).PubSubChannels(t.Context(), "*:*:*:*").Val() }
			l := lock(t, store)
			if got := holders(); len(got) != 1 {
				t.Fatalf("connected are %q", got)
			}
			end(t, s, store, l)
			eventually(t, patience, func() error { return wantf(len(holders()) == 0, "connected are %q", holders()) })
		})
	}
	t.Run("not waited for", func(t *testing.T) { // it arrives when the caller has left
		t.Parallel()
		s := newServer(t)
		p := newProxy(t, s.addr)
		store := storeAt(t, p.addr)
		lock(t, store).Unlock()
		for i := range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*200*time.Microsecond)
			if l, err := store.Lock(ctx, key); err == nil {
				l.Unlock()
			}
			cancel()
		}
		lock(t, store).Unlock()
		eventually(t, patience, func() error {
			got := s.client(t).PubSubChannels(t.Context(), "*:*:*:*").Val()
			return wantf(len(got) == 0, "connected are %q", got)
		})
	})
}

// The clock of Redis goes back, by a failover to a server with another one for example: others
// have the patience that they have, no more.
func TestPatienceEndsAlthoughTheClockOfRedisGoesBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	const forSilent = 2 * time.Second
	opts := []redisstore.Option{redisstore.WithLapse(shortLapse), redisstore.WithPatience(forSilent)}
	s.silent(t, key, opts...)
	granted := make(chan auth.Lease, 1)
	next := s.store(t, opts...)
	go func() { granted <- lock(t, next) }()
	late := func() bool { return s.client(t).HExists(t.Context(), s.groupName(t), "late").Val() }
	eventually(t, patience, func() error { return wantf(late(), "the lease has not lapsed") })
	ahead := time.Now().Add(time.Hour).UnixMilli()
	must(t, s.client(t).HSet(t.Context(), s.groupName(t), "since", ahead).Err())
	select {
	case l := <-granted:
		l.Unlock()
	case <-time.After(patience): // the clock is back an hour later
		t.Error("the next one still waits")
	}
}

// Who was connected is not among what Redis stores: after a restart a holder that is suspended
// counts as dead.
func TestARestartForgetsThatASuspendedHolderIsConnected(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		grace  bool
		forced int
	}{
		"SIGSTOP between answer and store, Redis restarted":                   {false, 1},
		"SIGSTOP between answer and store, Redis restarted, server has grace": {true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := at(t, answered, c.grace, "--appendonly", "yes", "--appendfsync", "always")
			start := time.Now()
			s.holder.signal(t, syscall.SIGSTOP)
			time.Sleep(shortLapse + time.Second)
			if requests, _ := s.server.counts(); requests != 1 {
				t.Errorf("%d requests before the restart", requests)
			}
			s.redis.kill()
			s.redis.start(t)
			s.want(name, s.others, c.forced, start)
			s.holder.signal(t, syscall.SIGCONT)
		})
	}
}
