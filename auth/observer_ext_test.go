package auth_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/jetway-go/jetway/auth"
)

// recorder is an Observer that notes operations, those within others after these.
type recorder struct {
	mu    sync.Mutex
	ops   []*recorded
	login *auth.Authenticator
	odd   []string // what must not be
}

type recorded struct {
	path   string
	result string // empty: it has not ended
	took   time.Duration
}

type recordedIn struct{}

func (r *recorder) Begin(ctx context.Context, op auth.Operation) (context.Context, func(auth.Result)) {
	outer, _ := ctx.Value(recordedIn{}).(string)
	path := strings.TrimPrefix(outer+" "+string(op.Kind), " ")
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.login = op.Login; op.Login == nil {
		r.odd = append(r.odd, path+" has no login")
	}
	_ = op.Login.Status() // which Begin may ask for
	this, start := &recorded{path: path}, time.Now()
	r.ops = append(r.ops, this)
	return context.WithValue(ctx, recordedIn{}, path), func(result auth.Result) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if this.result != "" {
			r.odd = append(r.odd, path+" ended twice")
		}
		this.result, this.took = "ok", time.Since(start)
		if result.Err != nil {
			this.result = "failed"
		}
		if result.Outcome != "" {
			this.result = string(result.Outcome)
		}
	}
}

// took returns the operations since the last time, as "path: result".
func (r *recorder) take(t *testing.T) []string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.odd) > 0 {
		t.Error(r.odd)
	}
	var all []string
	for _, op := range r.ops {
		if op.result == "" {
			t.Errorf("%s has not ended", op.path)
		}
		all = append(all, op.path+": "+op.result)
	}
	r.ops = nil
	return all
}

func (r *recorder) want(t *testing.T, why string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, r.take(t)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", why, diff)
	}
}

func TestOperationsAreObserved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := context.WithValue(t.Context(), recordedIn{}, "call")
		seen := &recorder{}
		f := newFleet()
		_, one := person()
		renews := one.(renewable)
		renews.renew = func(ctx context.Context, n int, _ *auth.Credentials) (*auth.Credentials, error) {
			c := issue(fmt.Sprint("access-", n), time.Hour)
			c.RefreshToken = "refresh"
			return c, sleep(ctx, time.Second)
		}
		a := newAuthenticator(t, renews, auth.WithStore(f.database), auth.WithObserver(seen))

		stale, err := a.Credentials(ctx)
		if err != nil {
			t.Fatal(err)
		}
		seen.want(t, "a stored login is refreshed, by one of those who share it",
			"call wait: ok", "renewal: refreshed", "renewal read: ok", "renewal lock: ok", "renewal lease: ok",
			"renewal read: ok", "renewal refresh: ok", "renewal store: ok")
		_, _ = a.Credentials(ctx)
		a.Accepted(stale)
		seen.want(t, "a call with a valid token")
		if _, err := a.Refresh(ctx, stale); err != nil {
			t.Fatal(err)
		}
		seen.want(t, "a rejected call",
			"call rejection: ok", "call wait: ok", "renewal: refreshed", "renewal read: ok", "renewal lock: ok", "renewal lease: ok",
			"renewal read: ok", "renewal refresh: ok", "renewal store: ok")

		// Another program replaces the login.
		newer := issue("newer", 2*time.Hour)
		newer.RefreshToken = "newer"
		if err := f.Store(ctx, testKey, newer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2*time.Hour - time.Minute)
		if _, err := a.Credentials(ctx); err != nil {
			t.Fatal(err)
		}
		seen.want(t, "a login that another program has stored", "call wait: ok", "renewal: found", "renewal read: ok")
		if err := a.Logout(ctx); err != nil {
			t.Fatal(err)
		}
		seen.want(t, "a logout", "call lock: ok", "call lease: ok", "call read: ok", "call delete: ok", "call read: ok", "call delete: ok")
		_ = a.Close()
		seen.want(t, "the end", "close: ok")
		if seen.login != a {
			t.Error("the operations are of another login")
		}
	})
}

func TestWhatFailsIsObservedAsFailed(t *testing.T) {
	t.Parallel()
	login := []string{"wait: failed", "renewal: failed", "renewal read: ok", "renewal login: failed"}
	for name, tt := range map[string]struct {
		obtain func(context.Context, int, *auth.Credentials) (*auth.Credentials, error)
		store  error
		want   []string
	}{
		"the server": {failing(errors.New("503")), nil, login},
		"a panic":    {func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) { panic("flow") }, nil, login},
		"a dead flow": {func(context.Context, int, *auth.Credentials) (*auth.Credentials, error) {
			runtime.Goexit()
			panic("not reached")
		}, nil, login},
		"the store": {
			tokens(0, time.Hour), errors.New("down"),
			[]string{"wait: ok", "renewal: logged_in", "renewal read: failed", "renewal login: ok", "renewal store: failed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				seen := &recorder{}
				a := newAuthenticator(t, &fakeFlow{obtain: tt.obtain}, auth.WithStore(&mapStore{fail: tt.store}), auth.WithObserver(seen))
				_, _ = a.Credentials(t.Context())
				synctest.Wait()
				seen.want(t, name, tt.want...)
			})
		})
	}
}

// silent is an Observer that returns nothing.
type silent struct{}

func (silent) Begin(context.Context, auth.Operation) (context.Context, func(auth.Result)) {
	return nil, nil
}

func TestAnObserverMayReturnNothing(t *testing.T) {
	t.Parallel()
	a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithStore(newDatabase()), auth.WithObserver(silent{}))
	if got := token(t, a); got != "token-1" {
		t.Errorf("token %q", got)
	}
}

// The time of an operation is that from Begin to its end, for all who wait.
func TestEveryWaitIsObservedAndOneRenewal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seen := &recorder{}
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(time.Second, time.Hour)}, auth.WithObserver(seen))
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { _, _ = a.Credentials(t.Context()) })
		}
		all.Wait()
		seen.mu.Lock()
		defer seen.mu.Unlock()
		n := map[string]int{}
		for _, op := range seen.ops {
			n[op.path]++
			if op.took != time.Second {
				t.Errorf("%s took %v", op.path, op.took)
			}
		}
		if diff := cmp.Diff(map[string]int{"wait": 10, "renewal": 1, "renewal login": 1}, n); diff != "" {
			t.Errorf("operations (-want +got):\n%s", diff)
		}
	})
}

func TestAValidTokenCostsNothingWithOrWithoutAnObserver(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]auth.Observer{"without": nil, "with": silent{}} {
		a := newAuthenticator(t, &fakeFlow{obtain: tokens(0, time.Hour)}, auth.WithObserver(o))
		_ = token(t, a)
		ctx := t.Context()
		if n := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = a.Credentials(ctx)
			}
		}).AllocsPerOp(); n != 0 {
			t.Errorf("%s an observer: %d allocations", name, n)
		}
	}
}

// panicking is an Observer that panics: when an operation begins, or when it ends.
type panicking struct{ atEnd bool }

func (p panicking) Begin(ctx context.Context, _ auth.Operation) (context.Context, func(auth.Result)) {
	if !p.atEnd {
		panic("begin")
	}
	return ctx, func(auth.Result) { panic("end") }
}

// An Observer that panics costs no call and no login.
func TestAnObserverThatPanicsChangesNothing(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]auth.Observer{"begin": panicking{}, "end": panicking{atEnd: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, c := sharedLogin(0)
				a := newAuthenticator(t, server, auth.WithStore(c.port()), auth.WithObserver(o))
				time.Sleep(2 * time.Hour)
				if got := token(t, a); got != "access-1" || c.stored() != got {
					t.Errorf("a call carries %q, stored is %q", got, c.stored())
				}
				if err := errors.Join(a.Logout(t.Context()), a.Close()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
