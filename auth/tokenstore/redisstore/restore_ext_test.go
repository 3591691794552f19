package redisstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// Redis is back, and takes subscriptions earlier than commands: what was renewed meanwhile is
// stored once it takes those, with no one asking.
func TestARenewalDuringAnOutageIsStoredAlthoughTheFirstTryFails(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := newProxy(t, s.addr)
	store := storeAt(t, p.addr)
	must(t, store.Store(t.Context(), key, login(1)))
	admin := s.client(t)
	allow := func(rules ...any) {
		t.Helper()
		must(t, admin.Do(t.Context(), append([]any{"ACL", "SETUSER", "default"}, rules...)...).Err())
	}

	p.redirect("127.0.0.1:1")
	if swapped, err := store.Swap(t.Context(), key, login(1).ID(), login(2)); swapped || !errors.Is(err, redisstore.ErrUnreachable) {
		t.Fatal(swapped, err)
	}
	allow("-eval", "-evalsha")
	p.redirect(s.addr)
	eventually(t, patience, func() error {
		errs := admin.Info(t.Context(), "errorstats").Val()
		return wantf(strings.Contains(errs, "errorstat_NOPERM"), "no try was refused: %s", errs)
	})
	allow("+eval", "+evalsha")
	eventually(t, patience, func() error {
		got, err := s.store(t).Retrieve(t.Context(), key)
		return wantf(err == nil && sameLogin(login(2), got) == "", "stored is %v, %v", got, err)
	})
}
