package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// documented returns the commands that docs/fleet.md gives to an ACL user, in the block that
// follows the given text.
func documented(tb testing.TB, after string) []string {
	tb.Helper()
	text, err := os.ReadFile("../../../docs/fleet.md")
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), after)
	_, block, _ := strings.Cut(rest, "```\n")
	block, _, _ = strings.Cut(block, "```")
	rights := strings.Fields(block)
	if len(rights) == 0 || slices.ContainsFunc(rights, func(r string) bool { return r[0] != '+' }) {
		tb.Fatalf("docs/fleet.md has the rights %q", rights)
	}
	return rights
}

// user makes an ACL user with the rights, for keys and channels that begin with its name, and
// returns the prefix for a Store.
func (s *server) user(tb testing.TB, name string, rights []string) string {
	tb.Helper()
	prefix := name + ":"
	rule := append([]string{"on", ">pass-canary", "~" + prefix + "*", "&" + prefix + "*", "-@all"}, rights...)
	if err := s.client(tb).ACLSetUser(context.Background(), name, rule...).Err(); err != nil {
		tb.Fatal(err)
	}
	return prefix
}

// denied returns which commands were refused to each user, but CLIENT SETINFO, by which a client
// tells its name to servers that have it.
func (s *server) denied(tb testing.TB) map[string][]string {
	tb.Helper()
	entries, err := s.client(tb).ACLLog(context.Background(), 100000).Result()
	if err != nil {
		tb.Fatal(err)
	}
	all := map[string][]string{}
	for _, e := range entries {
		command, _, _ := strings.Cut(e.Object, "|")
		if e.Object != "client|setinfo" {
			all[e.Username] = append(all[e.Username], command)
		}
	}
	return all
}

// everything makes Stores send each of their commands at least once, whatever fails, but PING,
// which the connection for notifications sends when it was quiet for that long. Admin is a client
// that may do all.
func everything(ctx context.Context, c redis.UniversalClient, prefix string, admin *redis.Client, quiet time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	opts := []redisstore.Option{redisstore.WithPrefix(prefix), redisstore.WithLapse(shortLapse), redisstore.WithTimeLimit(time.Second)}
	store, dead := redisstore.New(c, sealKeys, opts...), redisstore.New(c, sealKeys, opts...)
	strict := redisstore.New(c, sealKeys, append(opts, redisstore.WithReplicas(1))...)
	defer func() { _ = errors.Join(store.Close(), dead.Close(), strict.Close()) }()
	var errs []error
	note := func(what string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	stop := store.Watch(key, func() {})
	note("store", store.Store(ctx, key, login(1)))
	_, err := store.Find(ctx, key)
	note("find", err)
	_, err = dead.Lock(ctx, key)
	note("lock", err)
	_, err = store.Swap(ctx, key, login(1).ID(), login(2))
	note("swap", err)
	limited, end := context.WithTimeout(ctx, 500*time.Millisecond)
	l, err := store.Lock(limited, key)
	end()
	note("a second lock", wantf(errors.Is(err, redisstore.ErrBusy), "%v", err))
	if err == nil {
		l.Unlock()
	}
	_ = dead.Close()
	_ = admin.Del(ctx, strings.Trim(strings.TrimPrefix(store.Location(key), "redis "), "()")+":lease")
	l, err = store.Lock(ctx, key) // after a quarantine
	note("the next lock", err)
	if err == nil {
		l.Unlock()
	}
	_, err = store.List(ctx)
	note("list", err)
	_, err = strict.Lock(ctx, key)
	note("wait", wantf(err != nil && strings.Contains(err.Error(), "0 of 1 replicas"), "%v", err))
	note("delete", store.Delete(ctx, key))
	time.Sleep(quiet)
	stop()
	time.Sleep(100 * time.Millisecond) // for what stop sends
	return errors.Join(errs...)
}

// What docs/fleet.md says an ACL user needs is enough, and a Store uses each of it. Where one is
// missing errors say so, also those of scripts.
func TestTheRightsOfAnACLUserAreThoseDocumented(t *testing.T) {
	t.Parallel()
	rights := documented(t, "**An ACL user**")
	shared := newServer(t, "--acllog-max-len", "100000")
	unseen := map[string]bool{"+info": true, "+pubsub": true, "+subscribe": true, "+unsubscribe": true, "+ping": true, "+del": true}
	for i, without := range append([]string{""}, rights...) {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			s, quiet, user := shared, time.Duration(0), fmt.Sprint("user-", i)
			switch without {
			case "", "+ping":
				quiet = 6 * time.Second
			case "+eval": // only the first of all users to run a script needs it
				s = newServer(t)
			}
			prefix := s.user(t, user, slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == without }))
			c := clientWith(t, &redis.Options{Addr: s.addr, Username: user, Password: "pass-canary"})
			err := everything(t.Context(), c, prefix, s.client(t), quiet)
			denied := s.denied(t)[user]
			if without == "" && (err != nil || len(denied) > 0) {
				t.Errorf("refused are %q: %v", denied, err)
			}
			if without != "" && !slices.Contains(denied, without[1:]) {
				t.Errorf("refused are %q", denied)
			}
			says := err != nil && strings.Contains(err.Error(), "give the ACL user") && !strings.Contains(err.Error(), "canary")
			if without != "" && says == unseen[without] {
				t.Errorf("the errors are %v", err)
			}
		})
	}
}
