package configstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// fetchLimit ends a shared fetch, which no caller's deadline ends.
	fetchLimit = 30 * time.Second
	// fetchGrace is what a store gets after that to say what kept it; one that
	// does not honour its ctx is then left behind.
	fetchGrace = time.Second
	// noLoginTTL bounds how long "no login" is believed, so that a server that
	// starts to ask for one is not met without credentials for hours.
	noLoginTTL = time.Minute
)

// Cached remembers the answer of s for ttl; zero or less means until
// Invalidate, which it also forwards to s.
//
// Callers that find nothing remembered share one call to s. That call belongs
// to none of them: it carries no caller's context values, runs for 30 seconds
// at most, and every caller leaves when its own ctx ends. Errors are not
// remembered, with one exception: [ErrNoLogin] is an answer, and is kept for
// ttl but no longer than a minute. An answer that was under way when Invalidate
// was called reaches those who waited for it and is not kept.
func Cached(s ClientConfigStore, ttl time.Duration) ClientConfigStore {
	return &cached{store: orNothing(s), ttl: ttl}
}

type cached struct {
	store   ClientConfigStore
	ttl     time.Duration
	fetches singleflight.Group

	mu    sync.Mutex
	kept  *answer // nil: nothing remembered
	round int     // how often Invalidate was called; each has a fetch of its own
}

type answer struct {
	cfg   ClientConfig
	err   error
	until time.Time // zero: no end
}

func (c *cached) ClientConfig(ctx context.Context) (ClientConfig, error) {
	if err := ctx.Err(); err != nil {
		return ClientConfig{}, &Error{Op: "cached", Err: err}
	}
	c.mu.Lock()
	if k := c.kept; k != nil && (k.until.IsZero() || time.Now().Before(k.until)) {
		c.mu.Unlock()
		return k.cfg.clone(), k.err
	}
	// Under the lock, so that a fetch cannot end between the look at kept and here.
	round := c.round
	fetched := c.fetches.DoChan(strconv.Itoa(round), func() (any, error) { return c.fetch(round) })
	c.mu.Unlock()

	select {
	case r := <-fetched:
		cfg, _ := r.Val.(ClientConfig)
		return cfg.clone(), r.Err
	case <-ctx.Done():
		return ClientConfig{}, &Error{Op: "cached", Err: ctx.Err()}
	}
}

// Invalidate forgets the answer. The wrapped store goes first, so that no caller
// can fetch its old answer in between.
func (c *cached) Invalidate() {
	invalidate(c.store)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept = nil
	c.round++
}

// fetch asks the store for all callers of one round. It starts from a bare context:
// the values of one caller's, such as credentials of that call alone, are not for all.
func (c *cached) fetch(round int) (ClientConfig, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchLimit) //nolint:forbidigo // belongs to no caller
	defer cancel()
	cfg, err := c.ask(ctx)
	if err != nil && ctx.Err() != nil {
		// Not wrapped: no caller's deadline has passed, only this limit.
		err = &Error{Op: "cached", Err: fmt.Errorf("no answer within %v: %s", fetchLimit, err.Error())}
	}
	if err == nil || errors.Is(err, ErrNoLogin) {
		c.keep(round, answer{cfg: cfg, err: err})
	}
	return cfg, err
}

// keep remembers a, unless Invalidate was called since it was asked for.
func (c *cached) keep(round int, a answer) {
	ttl := c.ttl
	if a.err != nil && (ttl <= 0 || ttl > noLoginTTL) {
		ttl = noLoginTTL
	}
	if ttl > 0 {
		a.until = time.Now().Add(ttl)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.round == round {
		c.kept = &a
	}
}

// ask does not wait for ever, even if the store does.
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
