package configstore_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
)

// counting is a store that takes a second, counts, and answers what it is told.
type counting struct {
	calls, invalidated atomic.Int32
	answer             func(ctx context.Context, call int32) (configstore.ClientConfig, error)
}

func (s *counting) ClientConfig(ctx context.Context) (configstore.ClientConfig, error) {
	n := s.calls.Add(1)
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return configstore.ClientConfig{}, ctx.Err()
	}
	if s.answer != nil {
		return s.answer(ctx, n)
	}
	return configstore.ClientConfig{ClientID: strconv.Itoa(int(n)), Scopes: []string{"all"}}, nil
}

func (s *counting) Invalidate() { s.invalidated.Add(1) }

func TestCachedCallersShareOneFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given 100 callers at once,
		s := &counting{}
		store := configstore.Cached(s, time.Hour)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				c, err := store.ClientConfig(t.Context())
				if err != nil || c.ClientID != "1" {
					t.Errorf("got %+v, %v", c, err)
				}
				c.Scopes[0] = "spoiled" // each has a copy of its own
			})
		}
		wg.Wait()
		// then the store was asked once, and again only when the hour is over.
		for _, step := range []struct {
			wait time.Duration
			id   string
		}{{0, "1"}, {time.Hour - time.Second, "1"}, {time.Second, "2"}, {time.Minute, "2"}} {
			time.Sleep(step.wait)
			c, err := store.ClientConfig(t.Context())
			if err != nil || c.ClientID != step.id || c.Scopes[0] != "all" {
				t.Errorf("after %v: %+v, %v; want %s", step.wait, c, err, step.id)
			}
			c.Scopes[0] = "spoiled again"
		}
	})
}

func TestCachedWithoutTTLKeepsUntilInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &counting{}
		store := configstore.Cached(s, 0)
		for i, want := range []string{"1", "1", "2"} {
			if i == 2 {
				store.(configstore.Invalidator).Invalidate()
			}
			if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != want {
				t.Errorf("got %+v, %v; want %s", c, err, want)
			}
			time.Sleep(1000 * time.Hour)
		}
	})
}

func TestCachedErrorsAreNotKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		s := &counting{answer: func(_ context.Context, n int32) (configstore.ClientConfig, error) {
			if n == 1 {
				return configstore.ClientConfig{}, boom
			}
			return configstore.ClientConfig{ClientID: "cli"}, nil
		}}
		store := configstore.Cached(s, time.Hour)
		if _, err := store.ClientConfig(t.Context()); !errors.Is(err, boom) {
			t.Errorf("got %v", err)
		}
		if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != "cli" {
			t.Errorf("got %+v, %v", c, err)
		}
	})
}

func TestCachedKeepsNoLoginForAMinute(t *testing.T) {
	t.Parallel()
	for name, ttl := range map[string]time.Duration{"an hour": time.Hour, "no end": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := &counting{answer: func(context.Context, int32) (configstore.ClientConfig, error) {
					return configstore.ClientConfig{HeaderKey: "x-token"}, &configstore.Error{Op: "remote", Err: configstore.ErrNoLogin}
				}}
				store := configstore.Cached(s, ttl)
				for _, want := range []int32{1, 1, 2} {
					c, err := store.ClientConfig(t.Context())
					if !errors.Is(err, configstore.ErrNoLogin) || c.HeaderKey != "x-token" || s.calls.Load() != want {
						t.Errorf("call %d: %+v, %v", s.calls.Load(), c, err)
					}
					time.Sleep(40 * time.Second)
				}
			})
		})
	}
}

func TestCachedCallersReturnWhenTheirContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		// Given a caller who starts the shared fetch and leaves after 100 ms,
		// and one who waits,
		type key struct{}
		s := &counting{answer: func(ctx context.Context, _ int32) (configstore.ClientConfig, error) {
			if ctx.Value(key{}) != nil {
				t.Error("the shared fetch carries a value of one caller's context")
			}
			return configstore.ClientConfig{ClientID: "cli"}, nil
		}}
		store := configstore.Cached(s, time.Hour)
		var wg sync.WaitGroup
		start := time.Now()
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "secret"), 100*time.Millisecond)
			defer cancel()
			_, err := store.ClientConfig(ctx)
			if d := time.Since(start); d != 100*time.Millisecond || !errors.Is(err, context.DeadlineExceeded) || status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("left after %v with %v", d, err)
			}
		})
		synctest.Wait()
		// then the one who waits is served by the same fetch.
		if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != "cli" || s.calls.Load() != 1 {
			t.Errorf("%d calls, %+v, %v", s.calls.Load(), c, err)
		}
		wg.Wait()
		// A caller who comes with an ended context gets nothing started.
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := configstore.Cached(s, 0).ClientConfig(ended); !errors.Is(err, context.Canceled) || s.calls.Load() != 1 {
			t.Errorf("%d calls, %v", s.calls.Load(), err)
		}
	})
}

func TestCachedFetchHasALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := configstore.Cached(configstore.Func(func(ctx context.Context) (configstore.ClientConfig, error) {
			<-ctx.Done()
			return configstore.ClientConfig{}, ctx.Err()
		}), 0)
		start := time.Now()
		_, err := store.ClientConfig(t.Context())
		if d := time.Since(start); d != 30*time.Second || status.Code(err) != codes.Unavailable || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", d, err)
		}
	})
}

// A store that hangs in spite of its context does not block callers for ever.
func TestCachedReturnsAlthoughTheStoreHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		var calls atomic.Int32
		store := configstore.Cached(configstore.Func(func(context.Context) (configstore.ClientConfig, error) {
			if calls.Add(1) == 1 {
				<-release
			}
			return configstore.ClientConfig{ClientID: "cli"}, nil
		}), 0)
		start := time.Now()
		_, err := store.ClientConfig(t.Context())
		if d := time.Since(start); d > 40*time.Second || status.Code(err) != codes.Unavailable || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", d, err)
		}
		if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != "cli" || calls.Load() != 2 {
			t.Errorf("%d calls, %+v, %v", calls.Load(), c, err)
		}
	})
}

func TestCachedInvalidateDuringAFetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &counting{}
		store := configstore.Cached(s, time.Hour)
		var wg sync.WaitGroup
		wg.Go(func() {
			if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != "1" {
				t.Errorf("the waiting caller got %+v, %v", c, err)
			}
		})
		synctest.Wait()
		store.(configstore.Invalidator).Invalidate()
		wg.Wait()
		if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != "2" {
			t.Errorf("after Invalidate: %+v, %v", c, err)
		}
	})
}

func TestInvalidateReachesEveryWrappedStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, b := &counting{}, &counting{}
		store := configstore.Cached(configstore.Overlay(configstore.Chain(configstore.Cached(a, 0), configstore.Static(configstore.ClientConfig{}), b),
			configstore.ClientConfig{Audience: "x"}), 0)
		for _, want := range []string{"1", "2"} {
			if c, err := store.ClientConfig(t.Context()); err != nil || c.ClientID != want {
				t.Errorf("got %+v, %v; want %s", c, err, want)
			}
			store.(configstore.Invalidator).Invalidate()
		}
		if a.invalidated.Load() != 2 || b.invalidated.Load() != 2 {
			t.Errorf("Invalidate reached the stores %d and %d times, want 2 and 2", a.invalidated.Load(), b.invalidated.Load())
		}
	})
}
