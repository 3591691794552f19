package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
		s.outage.failed(s.clock.Read(), limit, s.opts.limit)
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
		value, err := f(limited)
		got <- result{value, err}
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

func (s *Store) explained(ctx context.Context, err error, limit time.Duration) error {
	if err == nil || errors.Is(err, redis.Nil) {
		return err
	}
	return s.unreachable(ctx, err, limit)
}

// unreachable returns the error for err of a command. Where the caller's context ended it
// wraps that.
func (s *Store) unreachable(ctx context.Context, err error, limit time.Duration) error {
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: no answer: %w", ErrUnreachable, ctx.Err())
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: no answer within %v", ErrUnreachable, limit)
	default:
		text := printable(err.Error())
		return fmt.Errorf("%w: %s%s", ErrUnreachable, text, advice(text))
	}
}

const rights = "give the ACL user of the client the keys, channels and commands that this package needs"

// advice returns what to do where a server refuses commands for good.
func advice(text string) string {
	for _, a := range []struct{ says, do string }{
		{"NOAUTH", "set Username and Password of the client"},
		{"unauthenticated", "set Username and Password of the client"},
		{"WRONGPASS", "correct Username and Password of the client"},
		{"NOPERM", rights},
		{"The user executing the script can't", rights},
		{"MOVED", "this is a Cluster: use a client for one, such as redis.NewClusterClient"},
		{"READONLY", "this is a replica: connect the client to the master"},
		{"OOM", "the server has used up its maxmemory: raise it, or delete other data"},
	} {
		if strings.Contains(text, a.says) {
			return " (" + a.do + ")"
		}
	}
	return ""
}

// printable is for the text of servers and of the network: one line of at most 300 bytes,
// without the arguments of a command that a server did not know, such as a password.
func printable(text string) string {
	text, _, _ = strings.Cut(text, ", with args beginning with:")
	text = strings.ToValidUTF8(text[:min(len(text), 300)], "")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
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
