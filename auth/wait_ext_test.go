package auth_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/tokenstore"
)

// counted is the store of one of many processes. It counts for all of them how often the
// lock was tried, and how often the login was read.
type counted struct {
	*tokenstore.FileStore

	tries, reads *atomic.Int64
}

func (s counted) Lock(ctx context.Context, k auth.Key) (auth.Lease, error) {
	return s.LockUnless(ctx, k, func() bool { return false })
}

func (s counted) LockUnless(ctx context.Context, k auth.Key, done func() bool) (auth.Lease, error) {
	s.tries.Add(1)
	return s.FileStore.LockUnless(ctx, k, func() bool {
		if done() {
			return true
		}
		s.tries.Add(1) // the next one follows
		return false
	})
}

func (s counted) Retrieve(ctx context.Context, k auth.Key) (*auth.Credentials, error) {
	s.reads.Add(1)
	return s.FileStore.Retrieve(ctx, k)
}

// Those who wait for the lock of a login leave as soon as a newer one is stored: each has
// tried once and wakes up once.
func TestWaitingProcessesLeaveTheQueueOnceALoginIsStored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const latency = 50 * time.Millisecond
		var tries, reads atomic.Int64
		dir := t.TempDir()
		open := func() counted {
			return counted{&tokenstore.FileStore{Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}, &tries, &reads}
		}
		old := issue("old", time.Hour)
		old.IssuedAt, old.Expiry, old.RefreshToken = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), "r0"
		if err := open().Store(t.Context(), testKey, old); err != nil {
			t.Fatal(err)
		}
		fake, flow := person()
		fake.renew = func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, latency)
			c := issue(fmt.Sprintf("new-%d", n), time.Hour)
			c.RefreshToken = fmt.Sprintf("r%d", n)
			return c, nil
		}
		var all sync.WaitGroup
		start := time.Now()
		for range crowd {
			a := newAuthenticator(t, flow, auth.WithStore(open()))
			all.Go(func() {
				if c, err := a.Credentials(t.Context()); err != nil || c.AccessToken != "new-1" {
					t.Errorf("%v, %v", c, err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took > latency+15*time.Millisecond {
			t.Errorf("the last one waited %v", took)
		}
		if _, renewed := fake.counts(); renewed != 1 {
			t.Errorf("%d refreshes", renewed)
		}
		if got := tries.Load(); got > crowd+2 {
			t.Errorf("%d attempts to lock, want at most %d", got, crowd+2)
		}
		if got := reads.Load(); got > 2*crowd+1 { // before the lock, and when it was had or had become free
			t.Errorf("the login was read %d times, want at most %d", got, 2*crowd+1)
		}
	})
}

// A holder that releases the lock without a login is followed by the next one at once.
func TestWaitingProcessFollowsAHolderThatFailed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		s := &tokenstore.FileStore{Dir: filepath.Join(dir, "credentials"), LockDir: filepath.Join(dir, "locks")}
		old := issue("old", time.Hour)
		old.IssuedAt, old.Expiry, old.RefreshToken = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), "r0"
		if err := s.Store(t.Context(), testKey, old); err != nil {
			t.Fatal(err)
		}
		fake, flow := person()
		fake.renew = func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			_ = sleep(ctx, 50*time.Millisecond)
			if n == 1 {
				return nil, errors.New("the network is down")
			}
			return issue("new", time.Hour), nil
		}
		first := newAuthenticator(t, flow, auth.WithStore(s))
		second := newAuthenticator(t, flow, auth.WithStore(s))
		var all sync.WaitGroup
		all.Go(func() { _, _ = first.Credentials(t.Context()) })
		time.Sleep(time.Millisecond)
		start := time.Now()
		if got := token(t, second); got != "new" {
			t.Errorf("got %s", got)
		}
		all.Wait()
		if took := time.Since(start); took > 115*time.Millisecond {
			t.Errorf("waited %v", took)
		}
	})
}

// BenchmarkFiftyProcesses reports how long each of fifty processes waits for one expired
// login, where the token endpoint takes 50 ms.
func BenchmarkFiftyProcesses(b *testing.B) {
	var waits []time.Duration
	for range b.N {
		r := newRotation(b)
		r.arrived = func(string) bool { time.Sleep(50 * time.Millisecond); return false }
		m := newComputer(b, r.login(true))
		var all []*process
		for range crowd {
			p := child{mode: "timed", dir: m.dir, url: r.url}.launch(b)
			p.await(b, "ready")
			all = append(all, p)
		}
		for _, p := range all {
			p.start()
		}
		for _, p := range all {
			took, ok := strings.CutPrefix(<-p.lines, "took ")
			n, err := strconv.ParseInt(took, 10, 64)
			if !ok || err != nil {
				b.Fatalf("process %d says %q", p.Process.Pid, took)
			}
			waits = append(waits, time.Duration(n))
			_ = p.exit()
		}
		if requests, _, _ := r.counts(); requests != 1 {
			b.Errorf("%d token requests", requests)
		}
	}
	slices.Sort(waits)
	for name, share := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(waits[len(waits)*share/100].Microseconds())/1000, name)
	}
	b.ReportMetric(0, "ns/op") // starting the processes is no part of it
}
