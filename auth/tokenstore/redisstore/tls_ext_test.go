package redisstore_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// aclUser makes the user "jetway" with the documented rights, which is the only one.
func aclUser(tb testing.TB, more ...string) []string {
	tb.Helper()
	user := append([]string{"--user", "jetway", "on", ">pass-canary", "~jetway:*", "&jetway:*", "-@all"}, documented(tb, "**An ACL user**")...)
	return append(append(user, more...), "--user", "default", "off")
}

// asUser is a client with a certificate and the password of the ACL user.
func asUser(tb testing.TB, addr string, config *tls.Config) *redis.Client {
	tb.Helper()
	return clientWith(tb, &redis.Options{Addr: addr, Username: "jetway", Password: "pass-canary", TLSConfig: config})
}

// All connections of a Store are those of its client: by TLS, with its certificate, as its user.
// The server has no other way in.
func TestTheStoreWorksOverTLSForAnACLUser(t *testing.T) {
	t.Parallel()
	s := newTLSServer(t, newAuthority(t), aclUser(t, "+client|list")...)
	p := newProxy(t, s.addr)
	admin := asUser(t, s.addr, s.tls)
	store, other := storeOver(t, asUser(t, p.addr, s.tls)), storeOver(t, asUser(t, p.addr, s.tls))
	works(t, store, other)
	stop := other.Watch(key, func() {})
	defer stop()
	l := lock(t, store)
	eventually(t, patience, func() error {
		clients, err := admin.ClientList(t.Context()).Result()
		must(t, err)
		for line := range strings.Lines(clients) {
			if !strings.Contains(line, "user=jetway ") {
				t.Errorf("a connection of another user: %s", line)
			}
		}
		// The holder's, and that of each Store for notifications.
		return wantf(strings.Count(clients, "sub=1 ") == 2, "%s", clients)
	})
	l.Unlock()
	hides(t, "traffic", p.recorded(), "jetway:{", "pass-canary")
}

// Each way in which a connection by TLS fails is an error that says what to do. Nothing is sent
// without TLS, and no password to a server that has not proved its name.
func TestTLSThatFailsIsAnErrorAndSendsNothing(t *testing.T) {
	t.Parallel()
	private, another := newAuthority(t), newAuthority(t)
	good := private.client(t)
	changed := func(change func(*tls.Config)) *tls.Config {
		c := good.Clone()
		change(c)
		return c
	}
	for name, c := range map[string]struct {
		server x509.Certificate
		plain  bool // the server has no TLS
		client *tls.Config
		says   string
	}{
		"another authority":      {client: changed(func(c *tls.Config) { c.RootCAs = another.pool }), says: "(add the authority"},
		"authority of no client": {client: changed(func(c *tls.Config) { c.Certificates = another.client(t).Certificates }), says: "(the server does not know"},
		"no client certificate":  {client: changed(func(c *tls.Config) { c.Certificates = nil }), says: "(set Certificates"},
		"another name":           {server: x509.Certificate{DNSNames: []string{"redis.example"}}, client: good, says: "(set ServerName"},
		"wrong name asked":       {client: changed(func(c *tls.Config) { c.ServerName = "redis.example" }), says: "(set ServerName"},
		"expired":                {server: x509.Certificate{NotAfter: time.Now().Add(-time.Hour)}, client: good, says: "expired"},
		"no version in common":   {client: changed(func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }), says: "version"},
		"server without TLS":     {plain: true, client: good, says: "(the client uses TLS"},
		"client without TLS":     {client: nil, says: "(if this port of Redis uses TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{addr: freeAddr(t), dir: t.TempDir()}
			s.args = append(private.server(t, c.server), aclUser(t)...)
			if !c.plain {
				s.tls = &tls.Config{InsecureSkipVerify: true, Certificates: good.Certificates} // to see that it listens
			}
			s.start(t)
			t.Cleanup(s.kill)
			p := newProxy(t, s.addr)
			store := storeOver(t, asUser(t, p.addr, c.client), redisstore.WithTimeLimit(3*time.Second))
			defer store.Watch(key, func() {})()
			_, locked := store.Lock(t.Context(), key)
			_, read := store.Retrieve(t.Context(), key)
			for op, err := range map[string]error{"lock": locked, "retrieve": read, "store": store.Store(t.Context(), key, login(1))} {
				var e *auth.Error
				if !errors.As(err, &e) || !errors.Is(err, redisstore.ErrUnreachable) || errors.Is(err, redisstore.ErrBusy) ||
					errors.Is(err, auth.ErrLeaseRequired) != (op == "lock") || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "canary") {
					t.Errorf("%s: %v", op, err)
				}
			}
			if c.client != nil { // one without TLS was asked to send the password so
				hides(t, "traffic", p.recorded(), "pass-canary", "jetway:{")
			}
		})
	}
}

// What a client of a Cluster needs beside a Store docs/fleet.md names. Without the second one it
// works, and asks for it again with each command.
func TestTheStoreWorksWithAClusterOverTLSForAnACLUser(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	var nodes []*server
	var buses []string
	for range 2 {
		_, bus, _ := net.SplitHostPort(freeAddr(t))
		nodes = append(nodes, newTLSServer(t, a, "--cluster-enabled", "yes", "--cluster-port", bus))
		buses = append(buses, bus)
	}
	join(t, nodes, buses)
	store, more := documented(t, "**An ACL user**"), documented(t, "client of a Cluster needs")
	for name, c := range map[string]struct {
		rights []string
		denied []string
	}{
		"all":  {append(store, more...), nil},
		"few":  {append(store, more[0]), []string{"command"}},
		"none": {store, []string{"cluster"}},
	} {
		rule := append([]string{"on", ">pass-canary", "~" + name + ":*", "&" + name + ":*", "-@all"}, c.rights...)
		var stores []*redisstore.Store
		for _, n := range nodes {
			must(t, n.client(t).ACLSetUser(t.Context(), name, rule...).Err())
			client := redis.NewClusterClient(&redis.ClusterOptions{
				Addrs: []string{nodes[0].addr, nodes[1].addr}, TLSConfig: a.client(t), Username: name, Password: "pass-canary",
			})
			t.Cleanup(func() { _ = client.Close() })
			stores = append(stores, storeOver(t, client, redisstore.WithPrefix(name+":")))
		}
		if name == "none" {
			err := stores[0].Store(t.Context(), key, login(1))
			if !errors.Is(err, redisstore.ErrUnreachable) || !strings.Contains(err.Error(), "give the ACL user") {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			works(t, stores[0], stores[1])
		}
		for _, n := range nodes {
			denied := n.denied(t)[name]
			slices.Sort(denied)
			if denied = slices.Compact(denied); len(denied) > 0 && !slices.Equal(denied, c.denied) {
				t.Errorf("%s: refused are %q", name, denied)
			}
		}
	}
}

// Sentinel and the servers speak TLS only, and both have an ACL user with the documented rights.
// After a failover the Store goes on at the new master.
func TestTheStoreWorksWithSentinelOverTLSForAnACLUser(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	user := append([]string{"--user", "jetway", "on", ">pass-canary", "~jetway:*", "&jetway:*", "-@all"}, documented(t, "**An ACL user**")...)
	master := newTLSServer(t, a, user...)
	replica := newTLSServer(t, a, append(user, "--replicaof", strings.ReplaceAll(master.addr, ":", " "))...)
	replica.awaitLink(t)
	lines := []string{"user watch on >pass-canary resetchannels &+switch-master &+replica-reconf-done -@all " +
		strings.Join(documented(t, "user of Sentinel"), " ")}
	args := a.server(t, x509.Certificate{})
	for i := 0; i < len(args); i += 2 {
		lines = append(lines, strings.TrimPrefix(args[i], "--")+" "+args[i+1])
	}
	sentinel := newSentinel(t, master, lines...)
	var stores []*redisstore.Store
	for range 2 {
		client := redis.NewFailoverClient(&redis.FailoverOptions{
			MasterName: "jetway", SentinelAddrs: []string{sentinel.addr}, SentinelUsername: "watch", SentinelPassword: "pass-canary",
			TLSConfig: a.client(t), Username: "jetway", Password: "pass-canary",
		})
		t.Cleanup(func() { _ = client.Close() })
		stores = append(stores, storeOver(t, client))
	}
	works(t, stores[0], stores[1])
	must(t, stores[0].Store(t.Context(), key, login(3)))
	replica.awaitAll(t, master)
	master.kill()
	eventually(t, 30*time.Second, func() error { return stores[0].Store(t.Context(), key, login(4)) })
	eventually(t, 30*time.Second, func() error {
		got, err := stores[1].Retrieve(t.Context(), key)
		return wantf(err == nil && sameLogin(login(4), got) == "", "%v, %v", got, err)
	})
	if got, err := replica.store(t).Retrieve(t.Context(), key); err != nil || sameLogin(login(4), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
	for name, s := range map[string]*server{"master": replica, "Sentinel": sentinel} {
		for user, denied := range s.denied(t) {
			t.Errorf("%s has refused %q to %s", name, denied, user)
		}
	}
}
