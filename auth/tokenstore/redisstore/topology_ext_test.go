package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// newCluster starts a Cluster of two masters and returns their addresses.
func newCluster(t *testing.T) []string {
	t.Helper()
	var nodes []*server
	var addrs, buses []string
	for range 2 {
		_, bus, _ := net.SplitHostPort(freeAddr(t))
		nodes = append(nodes, newServer(t, "--cluster-enabled", "yes", "--cluster-port", bus))
		addrs, buses = append(addrs, nodes[len(nodes)-1].addr), append(buses, bus)
	}
	join(t, nodes, buses)
	return addrs
}

// join makes two servers, which have these ports for each other, a Cluster.
func join(t *testing.T, nodes []*server, buses []string) {
	t.Helper()
	ctx := context.Background()
	must(t, nodes[0].client(t).ClusterAddSlotsRange(ctx, 0, 8191).Err(), nodes[1].client(t).ClusterAddSlotsRange(ctx, 8192, 16383).Err())
	host, port, _ := net.SplitHostPort(nodes[1].addr)
	must(t, nodes[0].client(t).Do(ctx, "CLUSTER", "MEET", host, port, buses[1]).Err())
	for _, n := range nodes {
		eventually(t, 20*time.Second, func() error {
			info, err := n.client(t).ClusterInfo(ctx).Result()
			if err != nil {
				return err
			}
			return wantf(strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:2"), "%s", info)
		})
	}
}

// works takes a store through what it does for a login, and a second one through seeing it.
func works(t *testing.T, store, other *redisstore.Store) {
	t.Helper()
	changed := make(chan struct{}, 100)
	defer other.Watch(key, func() { changed <- struct{}{} })()
	for i := range 8 { // some in each slot
		k := key
		k.User = fmt.Sprint("user ", i)
		must(t, store.Store(t.Context(), k, login(i)))
	}
	must(t, store.Store(t.Context(), key, login(1)))
	l := lock(t, store)
	if err := busy(t, other, 2*time.Second); err != nil {
		t.Error(err)
	}
	granted := make(chan error, 1)
	go func() {
		l, err := other.Lock(t.Context(), key)
		if err == nil {
			l.Unlock()
		}
		granted <- err
	}()
	time.Sleep(300 * time.Millisecond)
	if swapped, err := store.Swap(t.Context(), key, login(1).ID(), login(2)); !swapped || err != nil {
		t.Errorf("%v, %v", swapped, err)
	}
	l.Unlock()
	select {
	case err := <-granted:
		must(t, err)
	case <-time.After(5 * time.Second):
		t.Error("the waiter was not woken")
	}
	if _, got, err := auth.Find(t.Context(), other, key); err != nil || sameLogin(login(2), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
	if keys, err := other.List(t.Context()); err != nil || len(keys) != 9 {
		t.Errorf("listed %d: %v", len(keys), err)
	}
	must(t, store.Delete(t.Context(), key))
	if _, err := other.Retrieve(t.Context(), key); !errors.Is(err, auth.ErrLoggedOut) {
		t.Error(err)
	}
	select {
	case <-changed:
	case <-time.After(5 * time.Second):
		t.Error("the watcher was not called")
	}
}

func TestTheStoreWorksWithACluster(t *testing.T) {
	t.Parallel()
	addrs := newCluster(t)
	var stores []*redisstore.Store
	for range 2 {
		c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
		t.Cleanup(func() { _ = c.Close() })
		store := redisstore.New(c, sealKeys)
		t.Cleanup(func() { _ = store.Close() })
		stores = append(stores, store)
	}
	works(t, stores[0], stores[1])
}

// What docs/fleet.md says an ACL user needs is enough; without pubsub, holders that say nothing
// count as dead.
func TestTheStoreWorksForAnACLUserThatMayDoLittle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		commands string
		waits    bool // for a holder that says nothing
	}{
		"as documented":  {aclCommands + " +pubsub", true},
		"without pubsub": {aclCommands, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			acl := strings.Fields("jetway on >secret ~jetway:* &jetway:* -@all " + c.commands)
			s := newServer(t, append([]string{"--user"}, acl...)...)
			open := func(addr string) *redisstore.Store {
				o := &redis.Options{Addr: addr, Username: "jetway", Password: "secret"}
				store := redisstore.New(clientWith(t, o), sealKeys, redisstore.WithLapse(shortLapse))
				t.Cleanup(func() { _ = store.Close() })
				return store
			}
			works(t, open(s.addr), open(s.addr))
			p := newProxy(t, s.addr)
			silent := lock(t, open(p.addr))
			p.cutRequests.Store(true)
			ctx, cancel := context.WithTimeout(t.Context(), 2*shortLapse)
			defer cancel()
			l, err := open(s.addr).Lock(ctx, key)
			if waits := errors.Is(err, redisstore.ErrBusy); waits != c.waits || !waits && err != nil {
				t.Error(err)
			}
			if err == nil {
				l.Unlock()
			}
			p.cutRequests.Store(false)
			silent.Unlock()
		})
	}
}

const aclCommands = "+eval +evalsha +get +set +del +exists +hget +hset +hmget +hdel +hgetall +hexists +pexpire +persist +pttl" +
	" +time +info +publish +subscribe +unsubscribe +ping +scan +wait"

// The server that decides about a lease is the one that the holder is connected to.
func TestTheHolderIsConnectedToTheServerOfItsLease(t *testing.T) {
	t.Parallel()
	addrs := newCluster(t)
	c := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	t.Cleanup(func() { _ = c.Close() })
	store := redisstore.New(c, sealKeys)
	t.Cleanup(func() { _ = store.Close() })
	for i := range 8 { // some in each slot
		k := key
		k.User = fmt.Sprint("user ", i)
		l, err := store.Lock(t.Context(), k)
		must(t, err)
		for _, addr := range addrs {
			node := client(t, addr)
			leases := node.Keys(t.Context(), "*:lease").Val()
			holders := node.PubSubChannels(t.Context(), "*:*:*:*").Val()
			if len(leases) != len(holders) {
				t.Errorf("%s has the leases %q and the holders %q", addr, leases, holders)
			}
		}
		l.Unlock()
		for _, addr := range addrs {
			eventually(t, patience, func() error {
				holders := client(t, addr).PubSubChannels(t.Context(), "*:*:*:*").Val()
				return wantf(len(holders) == 0, "the connection outlives the lease: %q", holders)
			})
		}
	}
}

// A lease counts when the replicas have it, and not before.
func TestALeaseWaitsForReplicas(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	limit := redisstore.WithTimeLimit(3 * time.Second)
	if _, err := s.store(t, limit, redisstore.WithReplicas(1)).Lock(t.Context(), key); !errors.Is(err, auth.ErrLeaseRequired) ||
		!errors.Is(err, redisstore.ErrUnreachable) || !strings.Contains(err.Error(), "0 of 1 replicas") {
		t.Errorf("without a replica: %v", err)
	}
	l := lock(t, s.store(t, limit)) // what was not granted holds nothing
	l.Unlock()
	host, port, _ := net.SplitHostPort(s.addr)
	replica := newServer(t, "--replicaof", host+" "+port)
	replica.awaitLink(t)
	store := s.store(t, redisstore.WithReplicas(1))
	l = lock(t, store)
	name := s.leaseName(t)
	if held := replica.client(t).Get(t.Context(), name).Val(); held == "" {
		t.Error("the replica does not have the lease")
	}
	must(t, store.Store(t.Context(), key, login(1)))
	if has := replica.client(t).HLen(t.Context(), s.groupName(t)).Val(); has < 3 {
		t.Error("the replica does not have the login")
	}
	l.Unlock()
}

// Sentinel names another master after the first one has died in a renewal.
func TestAFleetGoesOnAfterAFailoverOfSentinel(t *testing.T) {
	t.Parallel()
	master, r := newServer(t), newRotation(t, false)
	replica := newServer(t, "--replicaof", strings.ReplaceAll(master.addr, ":", " "))
	replica.awaitLink(t)
	sentinel := newSentinel(t, master)
	must(t, master.store(t).Store(t.Context(), key, r.login(expired)))
	sentinels := sentinel.addr + "," + sentinel.addr
	holder := child{Redis: sentinels, URL: r.url, Lapse: shortLapse, Hold: answered}.fleet(t, 1)
	others := child{Redis: sentinels, URL: r.url, Lapse: shortLapse}.fleet(t, 4)
	holder.begin()
	holder[0].await(t, "holding", time.Minute)
	others.begin()
	time.Sleep(500 * time.Millisecond)
	start := time.Now()
	master.kill()
	holder[0].resume(t)
	append(holder, others...).finish(t, "access-1")
	t.Logf("%d processes served %v after the master has died", 5, time.Since(start))
	if requests, forced := r.counts(); requests != 1 || forced != 0 {
		t.Errorf("%d requests, %d forced logins; want 1, 0", requests, forced)
	}
	eventually(t, 20*time.Second, func() error { return r.good(t, replica.store(t)) })
}

// newSentinel starts a Sentinel for a master that has one replica, with lines of settings. It
// speaks TLS if the master does.
func newSentinel(t *testing.T, master *server, lines ...string) *server {
	t.Helper()
	s := &server{addr: freeAddr(t), dir: t.TempDir(), tls: master.tls}
	t.Cleanup(s.kill)
	_, port, _ := net.SplitHostPort(s.addr)
	if s.tls == nil {
		lines = append(lines, "port "+port)
	} else {
		lines = append(lines, "port 0", "tls-port "+port)
	}
	lines = append(lines, "bind 127.0.0.1", "dir "+s.dir, "sentinel monitor jetway "+strings.ReplaceAll(master.addr, ":", " ")+" 1",
		"sentinel down-after-milliseconds jetway 1000", "sentinel failover-timeout jetway 5000")
	config := filepath.Join(s.dir, "sentinel.conf")
	must(t, os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	s.launch(t, "sentinel", config)
	s.awaitPing(t)
	asked := redis.NewSentinelClient(&redis.Options{Addr: s.addr, TLSConfig: s.tls})
	t.Cleanup(func() { _ = asked.Close() })
	eventually(t, 30*time.Second, func() error {
		known, err := asked.Replicas(t.Context(), "jetway").Result()
		return wantf(err == nil && len(known) == 1, "%v, %v", known, err)
	})
	return s
}
