package redisstore_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore/redisstore"
)

func lock(t *testing.T, s *redisstore.Store) auth.Lease {
	t.Helper()
	l, err := s.Lock(t.Context(), key)
	must(t, err)
	return l
}

// busy reports how long Lock waits until it gives up.
func busy(t *testing.T, s *redisstore.Store, limit time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	l, err := s.Lock(ctx, key)
	if err == nil {
		l.Unlock()
		return errors.New("it was granted")
	}
	if !errors.Is(err, redisstore.ErrBusy) || !errors.Is(err, auth.ErrLeaseRequired) || errors.Is(err, redisstore.ErrUnreachable) {
		t.Errorf("busy: %v", err)
	}
	return nil
}

func TestOneHolderAtATimeAmongProcessesAndGoroutines(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	var inside, most atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		store := s.store(t)
		for range 3 {
			wg.Go(func() {
				for range 5 {
					l, err := store.Lock(t.Context(), key)
					if err != nil {
						t.Error(err)
						return
					}
					most.Store(max(most.Load(), inside.Add(1)))
					time.Sleep(time.Millisecond)
					inside.Add(-1)
					l.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d holders at once", most.Load())
	}
}

// Waiting for a release takes a notification, not the next poll.
func TestAReleaseWakesThoseWhoWait(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := lock(t, s.store(t))
	waiting := make(chan time.Duration, 4)
	var first atomic.Pointer[time.Time]
	for range 4 {
		store := s.store(t)
		go func() {
			l, err := store.Lock(t.Context(), key)
			if err != nil {
				t.Error(err)
				waiting <- 0
				return
			}
			waiting <- time.Since(*first.Load())
			l.Unlock()
		}()
	}
	time.Sleep(500 * time.Millisecond)
	now := time.Now()
	first.Store(&now)
	l.Unlock()
	for range 4 {
		if took := <-waiting; took > 5*time.Second { // the next poll is later
			t.Errorf("waited %v", took)
		}
	}
}

// Keys that differ in client and audience share the lease; other keys do not.
func TestKeysThatMayFindTheSameLoginShareTheLease(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	store, other := s.store(t), s.store(t)
	same, different := key, key
	same.ClientID, same.Audience = "", "x"
	different.User = "bob"
	l, err := store.Lock(t.Context(), same)
	must(t, err)
	defer l.Unlock()
	if err := busy(t, other, 2*time.Second); err != nil {
		t.Error(err)
	}
	o, err := other.Lock(t.Context(), different)
	must(t, err)
	o.Unlock()
}

func TestThoseWhoWaitLeaveWhenTheLeaseIsNotNeeded(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	holder, waiter := s.store(t), s.store(t)
	must(t, holder.Store(t.Context(), key, login(1)))
	l := lock(t, holder)
	defer l.Unlock()
	left := make(chan error, 1)
	go func() {
		_, err := waiter.LockUnless(t.Context(), key, func() bool {
			c, err := waiter.Retrieve(t.Context(), key)
			return err == nil && c.AccessToken == "access-2"
		})
		left <- err
	}()
	time.Sleep(300 * time.Millisecond)
	if swapped, err := holder.Swap(t.Context(), key, login(1).ID(), login(2)); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	select {
	case err := <-left: // although the lease is held
		if err == nil || errors.Is(err, auth.ErrLeaseRequired) {
			t.Errorf("left with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("still waiting")
	}
}

// A lease lasts longer than its lapse while its holder lives, and is not lost by that.
func TestALeaseIsExtended(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	l := lock(t, s.store(t, redisstore.WithLapse(6*time.Second)))
	if err := busy(t, s.store(t, redisstore.WithLapse(6*time.Second)), 9*time.Second); err != nil {
		t.Error(err)
	}
	select {
	case <-l.Lost():
		t.Error("lost")
	default:
	}
	l.Unlock()
}

// Who cannot reach Redis is told so, within the time limit, and not that the lease is busy.
func TestADeadRedisIsToldApartFromABusyLease(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	store := s.store(t, redisstore.WithTimeLimit(time.Second))
	alone := s.store(t, redisstore.WithTimeLimit(time.Second), redisstore.WithUnlockedRenewals())
	lock(t, store).Unlock()
	s.signal(t, syscall.SIGSTOP)
	unreachable(t, "slow", store, alone)
	s.signal(t, syscall.SIGCONT)
	s.kill()
	unreachable(t, "gone", store, alone)
}

func unreachable(t *testing.T, name string, store, alone *redisstore.Store) {
	t.Helper()
	start := time.Now()
	_, err := store.Lock(t.Context(), key)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s: took %v", name, took)
	}
	if !errors.Is(err, auth.ErrLeaseRequired) || !errors.Is(err, redisstore.ErrUnreachable) || errors.Is(err, redisstore.ErrBusy) {
		t.Errorf("%s: %v", name, err)
	}
	_, err = alone.Lock(t.Context(), key)
	if err == nil || errors.Is(err, auth.ErrLeaseRequired) || !errors.Is(err, redisstore.ErrUnreachable) {
		t.Errorf("%s, where renewals without a lease are allowed: %v", name, err)
	}
	for op, err := range map[string]error{"store": store.Store(t.Context(), key, login(1)), "delete": store.Delete(t.Context(), key)} {
		var e *auth.Error
		if !errors.As(err, &e) || e.Op != op || !errors.Is(err, redisstore.ErrUnreachable) {
			t.Errorf("%s: %s: %v", name, op, err)
		}
	}
}

// What a call does with a Store while Redis is away takes little longer than one time limit.
func TestOperationsWaitForAnAbsentRedisOnce(t *testing.T) {
	t.Parallel()
	const limit = 2 * time.Second
	for name, end := range map[string]func(*server){
		"silent": func(s *server) { s.signal(t, syscall.SIGSTOP) },
		"gone":   func(s *server) { s.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			store := s.store(t, redisstore.WithTimeLimit(limit))
			must(t, store.Store(t.Context(), key, login(1)))
			end(s)
			start := time.Now()
			_, found := store.Find(t.Context(), key)
			_, locked := store.Lock(t.Context(), key)
			_, read := store.Retrieve(t.Context(), key)
			_, swapped := store.Swap(t.Context(), key, login(1).ID(), login(2))
			if took := time.Since(start); took > 3*limit {
				t.Errorf("four operations took %v", took)
			}
			for op, err := range map[string]error{"find": found, "lock": locked, "retrieve": read, "swap": swapped} {
				if !errors.Is(err, redisstore.ErrUnreachable) {
					t.Errorf("%s: %v", op, err)
				}
			}
			if s.cmd == nil {
				s.start(t)
			}
			s.signal(t, syscall.SIGCONT)
			eventually(t, patience, func() error { // what Swap could not store is stored when Redis is back
				got, err := store.Retrieve(t.Context(), key)
				return wantf(err == nil && sameLogin(login(2), got) == "", "%v, %v", got, err)
			})
		})
	}
}

// A holder that was killed delays the others by the lapse, no more.
func TestALeaseOfTheDeadLapses(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	dead := s.store(t, redisstore.WithLapse(3*time.Second))
	start := time.Now()
	_ = lock(t, dead)
	must(t, dead.Close()) // which extends no more, and releases nothing
	l := lock(t, s.store(t, redisstore.WithLapse(3*time.Second)))
	l.Unlock()
	if took := time.Since(start); took < 2*time.Second || took > 15*time.Second {
		t.Errorf("took %v", took)
	}
}

// What a holder stores after another had the lease and stored something replaces nothing.
func TestAHolderThatWasPausedOverwritesNothing(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	paused, next := s.store(t), s.store(t)
	must(t, paused.Store(t.Context(), key, login(1)))
	l := lock(t, paused)
	defer l.Unlock()
	_, err := paused.Retrieve(t.Context(), key)
	must(t, err)
	s.lapse(t)
	o := lock(t, next)
	if swapped, err := next.Swap(t.Context(), key, login(1).ID(), login(2)); !swapped || err != nil {
		t.Fatal(swapped, err)
	}
	o.Unlock()
	if swapped, err := paused.Swap(t.Context(), key, login(1).ID(), login(3)); swapped || err != nil {
		t.Errorf("swapped: %v, %v", swapped, err)
	}
	if err := paused.Store(t.Context(), key, login(3)); !errors.Is(err, redisstore.ErrLeaseLost) {
		t.Errorf("stored: %v", err)
	}
	if got, err := next.Retrieve(t.Context(), key); err != nil || sameLogin(login(2), got) != "" {
		t.Errorf("%v, %v", got, err)
	}
}

// lapse ends all leases and quarantines now, as time would.
func (s *server) lapse(tb testing.TB) {
	tb.Helper()
	c := s.client(tb)
	names, err := c.Keys(context.Background(), "*:lease").Result()
	if err != nil || len(names) == 0 {
		tb.Fatal(names, err)
	}
	groups, err := c.Keys(context.Background(), "*}").Result()
	if err != nil {
		tb.Fatal(err)
	}
	for _, g := range groups {
		if err := c.HDel(context.Background(), g, "dirty", "late").Err(); err != nil {
			tb.Fatal(err)
		}
	}
	if err := c.Del(context.Background(), names...).Err(); err != nil {
		tb.Fatal(err)
	}
}

// While the next one waits for a lost holder, that one can come back and have its lease.
func TestALostHolderComesBackBeforeTheNextOne(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	lapse := redisstore.WithLapse(6 * time.Second)
	holder, next := s.store(t, lapse), s.store(t, lapse)
	l := lock(t, holder)
	must(t, s.client(t).Del(t.Context(), s.leaseName(t)).Err()) // it has lapsed, not been released
	granted := make(chan auth.Lease, 1)
	go func() { granted <- lock(t, next) }()
	eventually(t, patience, func() error {
		held, _ := s.client(t).Get(t.Context(), s.leaseName(t)).Result()
		return wantf(held != "" && held != "quarantine", "the lease is %q", held)
	})
	select {
	case <-granted:
		t.Fatal("another has it")
	case <-l.Lost():
		t.Fatal("lost")
	case <-time.After(3 * time.Second):
	}
	l.Unlock()
	(<-granted).Unlock()
}

func (s *server) leaseName(tb testing.TB) string {
	tb.Helper()
	store := s.store(tb).Location(key)
	return store[len("redis ("):len(store)-1] + ":lease"
}

// A holder could not store what it has obtained: the next one gets the lease after it has.
func TestALeaseIsReleasedAfterWhatWasObtainedUnderIt(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	p := newProxy(t, s.addr)
	lapse := redisstore.WithLapse(12 * time.Second) // a third of it is the quarantine
	holder, next := storeAt(t, p.addr, lapse), s.store(t, lapse)
	must(t, holder.Store(t.Context(), key, login(1)))
	l := lock(t, holder)
	p.redirect("127.0.0.1:1")
	if swapped, err := holder.Swap(t.Context(), key, login(1).ID(), login(2)); swapped || !errors.Is(err, redisstore.ErrUnreachable) {
		t.Fatal(swapped, err)
	}
	found := make(chan *auth.Credentials, 1)
	go func() {
		lock(t, next).Unlock()
		c, _ := next.Retrieve(t.Context(), key)
		found <- c
	}()
	eventually(t, patience, func() error {
		held := s.client(t).Get(t.Context(), s.leaseName(t)).Val()
		return wantf(held == "quarantine", "the lease is %q", held)
	})
	p.redirect(s.addr)
	l.Unlock()
	if got := <-found; sameLogin(login(2), got) != "" {
		t.Errorf("the next holder finds %v", got)
	}
}
