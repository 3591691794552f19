package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/auth"
)

// Watch calls changed after the login of k may have been stored or deleted, by this Store
// too: when Redis notifies, when the connection for that was opened again, and where a look
// every ten seconds shows a change that no notification has told.
func (s *Store) Watch(k auth.Key, changed func()) (stop func()) {
	woken, leave := s.hub.listen(s.place(k))
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-s.life.ctx.Done():
				return
			case <-woken:
			}
			select {
			case <-quit:
				return
			default:
				changed()
			}
		}
	}()
	stopped := make(chan struct{}, 1)
	return func() {
		select {
		case stopped <- struct{}{}:
			leave()
			close(quit)
		default:
		}
		<-done
	}
}

// poll looks every ten seconds, in one pipeline, whether the groups that are listened to have
// changed. It wakes those who listen to one that it sees for the first time, too: whether it has
// changed since they began is not known.
func (h *hub) poll(ctx context.Context) {
	s := h.store
	versions := map[string]string{}
	for {
		select {
		case <-time.After(s.opts.poll + jitter(s.opts.poll/10)):
		case <-ctx.Done():
			return
		}
		groups := h.groups()
		if len(groups) == 0 {
			continue
		}
		now, err := call(ctx, s, func(ctx context.Context) (map[string]string, error) {
			answers := make([]*redis.StringCmd, len(groups))
			_, err := s.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
				for i, group := range groups {
					answers[i] = pipe.HGet(ctx, group, "ver")
				}
				return nil
			})
			if err != nil && !errors.Is(err, redis.Nil) {
				return nil, err
			}
			found := map[string]string{}
			for i, group := range groups {
				found[group] = answers[i].Val()
			}
			return found, nil
		})
		if err != nil {
			continue
		}
		for group, version := range now {
			if before, known := versions[group]; !known || before != version {
				h.wake(group)
			}
		}
		versions = now
	}
}
