package configstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/jetway-go/jetway/internal/clock"
)

const (
	// fetchLimit ends a shared fetch, which no caller's deadline ends.
	fetchLimit = 30 * time.Second
	// fetchGrace is how long a store then has to return its error; a store that
	// ignores ctx is not waited for any longer.
	fetchGrace = time.Second
	// noLoginTTL bounds how long ErrNoLogin is cached, so that a server that begins
	// to want a login is not called without credentials for hours.
	noLoginTTL = time.Minute
)

// Cached caches the answer of s for ttl; zero or less means until Invalidate, which it
// also forwards to s.
//
// Callers that find no cached answer share one call to s. That call has no caller's
// context values and a limit of 30 seconds, and each caller returns when its own ctx
// ends. Errors are not cached, except [ErrNoLogin], which is cached for ttl but a minute
// at most. If Invalidate is called during a call to s, its answer is returned to the
// callers that wait for it, and not cached.
func Cached(s ClientConfigStore, ttl time.Duration) ClientConfigStore {
	return &cached{store: orNothing(s), ttl: ttl}
}

type cached struct {
	store   ClientConfigStore
	ttl     time.Duration
	clock   clock.Clock
	fetches singleflight.Group

	mu    sync.Mutex
	kept  *answer // nil: nothing cached
	round int     // how often Invalidate was called; each has a fetch of its own
}

type answer struct {
	cfg     ClientConfig
	err     error
	until   clock.Reading // zero: no end
	allowed permission    // under which it was accepted
}

func (c *cached) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: "cached", Err: err}
	}
	c.mu.Lock()
	allowed := permissionOf(ctx)
	if k := c.kept; k != nil && k.allowed == allowed && !c.clock.Read().Reached(k.until) {
		c.mu.Unlock()
		return k.cfg.clone(), k.err
	}
	// Under the lock, so that a fetch cannot end between the look at kept and here.
	round := c.round
	key := fmt.Sprint(round, allowed)
	fetched := c.fetches.DoChan(key, func() (any, error) { return c.fetch(round, allowed) })
	c.mu.Unlock()

	select {
	case r := <-fetched:
		cfg, _ := r.Val.(ClientConfig)
		return cfg.clone(), r.Err
	case <-ctx.Done():
		return ClientConfig{}, &Error{Op: "cached", Err: ctx.Err()}
	}
}

// Invalidate deletes the cached answer. The wrapped store comes first, so that no
// caller can fetch its old answer in between.
func (c *cached) Invalidate() {
	invalidate(c.store)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = nil
	c.round++
}

// fetch asks the store for all callers of one round. It begins with an empty context:
// values of one caller's, such as credentials of that call, are not for the others.
func (c *cached) fetch(round int, allowed permission) (ClientConfig, error) {
	ctx := allowing(context.Background(), allowed) //nolint:forbidigo // belongs to no caller
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	cfg, err := c.ask(ctx)
	if err != nil && ctx.Err() != nil {
		// Not wrapped: no caller's deadline has passed, only this limit.
		err = &Error{Op: "cached", Err: fmt.Errorf("no answer within %v: %s", fetchLimit, err.Error())}
	}
	if err == nil || errors.Is(err, ErrNoLogin) {
		c.keep(round, answer{cfg: cfg, err: err, allowed: allowed})
	}
	return cfg, err
}

// keep caches a, unless Invalidate was called since the store was asked.
func (c *cached) keep(round int, a answer) {
	ttl := c.ttl
	if a.err != nil && (ttl <= 0 || ttl > noLoginTTL) {
		ttl = noLoginTTL
	}
	if ttl > 0 {
		a.until = c.clock.Read().Add(ttl)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.round == round {
		c.kept = &a
	}
}

// ask returns even if the store never does.
func (c *cached) ask(ctx context.Context) (ClientConfig, error) {
	asked := make(chan answer, 1)
	go func() {
		cfg, err := c.store.ClientConfig(ctx)
		asked <- answer{cfg: cfg, err: err}
	}()
	left := time.NewTimer(fetchLimit + fetchGrace)
	defer left.Stop()
	select {
	case a := <-asked:
		return a.cfg, a.err
	case <-left.C:
		return ClientConfig{}, ctx.Err()
	}
}
