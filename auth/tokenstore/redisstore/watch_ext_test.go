package redisstore_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

// begun waits until the watcher whose calls are counted has been called, which comes with its
// first connection, and returns what settled does.
func begun(t *testing.T, calls *atomic.Int64) int64 {
	t.Helper()
	eventually(t, patience, func() error { return wantf(calls.Load() > 0, "the watcher is not connected") })
	return settled(calls)
}

// settled waits until n has not changed for a while, and returns it.
func settled(n *atomic.Int64) int64 {
	for {
		before := n.Load()
		time.Sleep(time.Second)
		if n.Load() == before {
			return before
		}
	}
}

func TestAWatcherIsToldOfWhatOthersStoreAndDelete(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mine, other := s.store(t), s.store(t)
	var calls, inside atomic.Int64
	same := key
	same.ClientID, same.Audience = "", "x"
	stop := mine.Watch(same, func() {
		if inside.Add(1) != 1 {
			t.Error("two calls at a time")
		}
		time.Sleep(time.Millisecond)
		calls.Add(1)
		inside.Add(-1)
	})
	begun(t, &calls)
	unrelated := key
	unrelated.User = "bob"
	for name, change := range map[string]struct {
		f    func() error
		told bool
	}{
		"store":     {func() error { return other.Store(t.Context(), key, login(1)) }, true},
		"delete":    {func() error { return other.Delete(t.Context(), key) }, true},
		"unrelated": {func() error { return other.Store(t.Context(), unrelated, login(1)) }, false},
	} {
		before := calls.Load()
		must(t, change.f())
		if change.told {
			eventually(t, 5*time.Second, func() error { return wantf(calls.Load() > before, "%s: not told", name) }) // the next poll is later
			settled(&calls)
		} else if settled(&calls) > before {
			t.Errorf("%s: told", name)
		}
	}
	stop()
	before := calls.Load()
	must(t, other.Store(t.Context(), key, login(2)))
	if settled(&calls) != before {
		t.Error("called after stop")
	}
	stop()
}

// Redis restarts: the watcher is called once it is there again, and notifications go on.
func TestAWatcherIsCalledWhenRedisIsBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	mine := s.store(t)
	var calls atomic.Int64
	defer mine.Watch(key, func() { calls.Add(1) })()
	before := begun(t, &calls)
	s.kill()
	time.Sleep(300 * time.Millisecond)
	s.start(t)
	eventually(t, patience, func() error { return wantf(calls.Load() > before, "not called") })
	before = settled(&calls)
	must(t, s.store(t).Store(t.Context(), key, login(1)))
	eventually(t, 5*time.Second, func() error { return wantf(calls.Load() > before, "not called after a change") }) // the next poll is later
}

// Where a notification is lost the poll finds the change.
func TestAWatcherIsCalledWithoutANotificationAtTheNextPoll(t *testing.T) {
	t.Parallel()
	s := newServer(t, "--user", "deaf", "on", "nopass", "~*", "resetchannels", "+@all")
	o := *s.client(t).Options()
	o.Username, o.Password = "deaf", "x"
	c := clientWith(t, &o)
	mine := redisstore.New(c, sealKeys)
	defer func() { must(t, mine.Close()) }()
	var calls atomic.Int64
	defer mine.Watch(key, func() { calls.Add(1) })()
	start := time.Now()
	before := settled(&calls)
	for n := 1; calls.Load() == before && time.Since(start) < patience; n++ { // the first poll learns what there is
		must(t, s.store(t).Store(t.Context(), key, login(n)))
		time.Sleep(time.Second)
	}
	if calls.Load() == before {
		t.Error("not called")
	}
	t.Logf("called %v after the start", time.Since(start))
}

// What Redis has lost, those that have seen it put back, and a logout counts more than what
// it ended.
func TestWhatRedisHasLostIsPutBack(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	behind, ahead := s.store(t), s.store(t)
	must(t, behind.Store(t.Context(), key, login(1)))
	if swapped, err := ahead.Swap(t.Context(), key, login(1).ID(), login(2)); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	flush := func() { must(t, s.client(t).FlushAll(t.Context()).Err()) }
	flush()
	if got, err := behind.Retrieve(t.Context(), key); err != nil || sameLogin(login(1), got) != "" {
		t.Errorf("the older one: %v, %v", got, err)
	}
	for _, s := range []*redisstore.Store{ahead, behind} {
		if got, err := s.Retrieve(t.Context(), key); err != nil || sameLogin(login(2), got) != "" {
			t.Errorf("the newer one: %v, %v", got, err)
		}
	}
	must(t, ahead.Delete(t.Context(), key))
	flush()
	if got, err := behind.Retrieve(t.Context(), key); err != nil { // it has not seen the logout
		t.Errorf("before: %v, %v", got, err)
	}
	for _, s := range []*redisstore.Store{ahead, behind} {
		if _, _, err := auth.Find(t.Context(), s, key); !errors.Is(err, auth.ErrLoggedOut) {
			t.Error(err)
		}
	}
	// A login that a person makes after the flush, with a program that knows nothing, counts most.
	flush()
	must(t, s.store(t).Store(t.Context(), key, login(3)))
	for _, s := range []*redisstore.Store{ahead, behind} {
		if got, err := s.Retrieve(t.Context(), key); err != nil || sameLogin(login(3), got) != "" {
			t.Errorf("the newest: %v, %v", got, err)
		}
	}
}

// A renewal does not put a login back that a person has logged out of.
func TestOnlyAPersonPutsALoginBackAfterALogout(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	renewing, person := s.store(t), s.store(t)
	must(t, renewing.Store(t.Context(), key, login(1)), person.Delete(t.Context(), key))
	for _, old := range []string{login(1).ID(), ""} {
		if swapped, err := renewing.Swap(t.Context(), key, old, login(2)); swapped || err != nil {
			t.Errorf("swapped %q: %v, %v", old, swapped, err)
		}
	}
	if swapped, err := s.store(t).Swap(t.Context(), key, "", login(2)); swapped || err != nil {
		t.Errorf("who has seen nothing: %v, %v", swapped, err)
	}
	if _, err := renewing.Retrieve(t.Context(), key); !errors.Is(err, auth.ErrLoggedOut) {
		t.Error(err)
	}
	must(t, person.Store(t.Context(), key, login(3)))
	// It has seen the logout, but not the login after it, which by chance has the same token.
	if swapped, err := renewing.Swap(t.Context(), key, login(3).ID(), login(4)); swapped || err != nil {
		t.Errorf("over the new login: %v, %v", swapped, err)
	}
	if got, err := renewing.Retrieve(t.Context(), key); err != nil || sameLogin(login(3), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
	if swapped, err := renewing.Swap(t.Context(), key, login(3).ID(), login(4)); !swapped || err != nil {
		t.Errorf("now that it has: %v, %v", swapped, err)
	}
}

func TestALogoutIsForgottenInTheEnd(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	store := s.store(t, redisstore.WithLogoutsFor(300*time.Millisecond))
	must(t, store.Store(t.Context(), key, login(1)))
	if ttl := s.client(t).PTTL(t.Context(), s.groupName(t)).Val(); ttl != -1 {
		t.Errorf("a login expires in %v", ttl)
	}
	must(t, store.Delete(t.Context(), key))
	eventually(t, patience, func() error {
		_, err := s.store(t).Retrieve(t.Context(), key)
		return wantf(!errors.Is(err, auth.ErrLoggedOut), "%v", err)
	})
}

func (s *server) groupName(tb testing.TB) string {
	tb.Helper()
	name := s.leaseName(tb)
	return name[:len(name)-len(":lease")]
}

// What was renewed while Redis did not answer is stored when it does, with no one asking.
func TestARenewalDuringAnOutageIsStoredAfterIt(t *testing.T) {
	t.Parallel()
	for _, newer := range []bool{false, true} {
		s := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
		store := s.store(t, redisstore.WithTimeLimit(3*time.Second))
		must(t, store.Store(t.Context(), key, login(1)))
		s.kill()
		if swapped, err := store.Swap(t.Context(), key, login(1).ID(), login(2)); swapped || !errors.Is(err, redisstore.ErrUnreachable) {
			t.Fatal(swapped, err)
		}
		want := login(2)
		s.start(t)
		if newer {
			want = login(3)
			must(t, s.store(t).Store(t.Context(), key, want))
		}
		fresh := s.store(t)
		eventually(t, patience, func() error {
			got, err := fresh.Retrieve(t.Context(), key)
			if err != nil {
				return err
			}
			return wantf(got.AccessToken == want.AccessToken, "stored is %v", got.AccessToken)
		})
		time.Sleep(time.Second)
		if got, err := fresh.Retrieve(t.Context(), key); err != nil || got.AccessToken != want.AccessToken {
			t.Errorf("in the end: %v, %v", got, err)
		}
	}
}
