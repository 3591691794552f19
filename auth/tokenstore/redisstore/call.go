package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// inFlight is how many commands of one Store may be under way: those of a client that does
// not end them with their context outlive the time limit.
const inFlight = 64

// call runs f, which speaks to Redis, within the time limit of the store, even if the client
// does not honour the context. What f returns after that is dropped. Where Redis could not be
// used a moment ago the limit is shorter.
func call[T any](ctx context.Context, s *Store, f func(context.Context) (T, error)) (T, error) {
	limit := s.outage.limit(s.clock.Read(), s.opts.limit)
	value, err := within(ctx, s, limit, f)
	switch {
	case err == nil, errors.Is(err, redis.Nil):
		s.outage.over()
	case errors.Is(err, ErrUnreachable) && ctx.Err() == nil:
		s.outage.failed(s.clock.Read(), limit, s.opts.limit, err)
	}
	return value, err
}

func within[T any](ctx context.Context, s *Store, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	if s.life.ctx.Err() != nil {
		return none, ErrClosed
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	select {
	case s.slots <- struct{}{}:
	case <-limited.Done():
		cancel()
		return none, s.unreachable(ctx, limited.Err(), limit)
	}
	got := make(chan result, 1)
	go func() {
		defer cancel()
		defer func() { <-s.slots }()
		var r result
		r.err = guarded(func() (err error) {
			r.value, err = f(limited)
			return err
		})
		got <- r
	}()
	select {
	case r := <-got:
		return r.value, s.explained(ctx, r.err, limit)
	case <-limited.Done():
	}
	select {
	case r := <-got: // at the same moment
		return r.value, s.explained(ctx, r.err, limit)
	default:
		return none, s.unreachable(ctx, limited.Err(), limit)
	}
}

// guarded runs f, which uses the client, in a goroutine of this package: there a panic ends the
// program. A server that does not keep to the protocol can make go-redis panic.
func guarded(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errNoRedis
		}
	}()
	return f()
}

// endWait is how long Close waits for what the client does not end with its context: opening a
// connection, for example, to a server that does not answer.
const endWait = 250 * time.Millisecond

// finish runs f, and reports whether it has ended. Where ctx ends before, it calls stop, which may
// be nil, and waits a little more.
func finish(ctx context.Context, f, stop func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	if stop != nil {
		go stop()
	}
	timer := time.NewTimer(endWait)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}

func (s *Store) explained(ctx context.Context, err error, limit time.Duration) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return err
	}
	return s.unreachable(ctx, err, limit)
}

// run runs a script on the group and the lease of p.
func run(ctx context.Context, s *Store, script *redis.Script, p place, args ...any) ([]any, error) {
	return call(ctx, s, func(ctx context.Context) ([]any, error) {
		return onGroup(ctx, s.client, script, p, args...)
	})
}

func onGroup(ctx context.Context, client redis.Scripter, script *redis.Script, p place, args ...any) ([]any, error) {
	answer, err := script.Run(ctx, client, []string{p.group, p.lease}, args...).Result()
	if err != nil {
		return nil, err
	}
	if list, ok := answer.([]any); ok {
		return list, nil
	}
	return []any{answer}, nil
}

// number returns the integer at i of an answer of a script.
func number(answer []any, i int) int64 {
	if i >= len(answer) {
		return 0
	}
	n, _ := answer[i].(int64)
	return n
}

// text returns the bytes at i of an answer of a script.
func text(answer []any, i int) string {
	if i >= len(answer) {
		return ""
	}
	t, _ := answer[i].(string)
	return t
}
