package redisstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// scripter runs scripts: a client, or one connection of it.
type scripter = redis.Scripter

// confirmed runs f, and where replicas have to receive what it writes it waits for them on
// the same connection. If they do not, it releases what was granted to name.
func (s *Store) confirmed(ctx context.Context, p place, name string, f func(scripter) ([]any, error)) ([]any, error) {
	if s.opts.replicas == 0 {
		return f(s.client)
	}
	conn, err := s.master(ctx, p)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	answer, err := f(conn)
	if err != nil || number(answer, 0) != 1 {
		return answer, err
	}
	if err := s.await(ctx, conn); err != nil {
		s.abandon(ctx, p, name)
		return nil, err
	}
	return answer, nil
}

// confirm waits until the replicas have what was just written to p. The write stands anyway.
func (s *Store) confirm(ctx context.Context, p place) {
	if s.opts.replicas == 0 {
		return
	}
	_, err := call(ctx, s, func(ctx context.Context) (struct{}, error) {
		conn, err := s.master(ctx, p)
		if err != nil {
			return struct{}{}, err
		}
		defer func() { _ = conn.Close() }()
		// WAIT is about the writes of its own connection, so there has to be one.
		if err := conn.HSet(ctx, p.group, "seen", s.instance).Err(); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, s.await(ctx, conn)
	})
	if err != nil {
		s.opts.log.WarnContext(ctx, "a login was stored, but a failover may still lose it", slog.Any("error", err))
	}
}

var errNoSingleMaster = errors.New("this client cannot wait for replicas")

// master returns one connection to the master of p, which the caller closes.
func (s *Store) master(ctx context.Context, p place) (*redis.Conn, error) {
	switch client := s.client.(type) {
	case *redis.Client:
		return client.Conn(), nil
	case *redis.ClusterClient:
		node, err := client.MasterForKey(ctx, p.group)
		if err != nil {
			return nil, err
		}
		return node.Conn(), nil
	default:
		return nil, errNoSingleMaster
	}
}

func (s *Store) await(ctx context.Context, conn *redis.Conn) error {
	limit := s.opts.limit
	if deadline, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(deadline))
	}
	limit = max(limit*3/4, time.Millisecond)
	got, err := conn.Wait(ctx, s.opts.replicas, limit).Result()
	if err == nil && got < int64(s.opts.replicas) {
		err = fmt.Errorf("%d of %d replicas have received it within %v", got, s.opts.replicas, limit)
	}
	return err
}
