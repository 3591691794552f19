package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/jetway-go/jetway/internal/clock"
)

// restorePause is the time until the second try of [hub.restore]; it doubles with each try.
const restorePause = 250 * time.Millisecond

// restore puts back what Redis has lost of a group while it could not be reached. It runs
// beside the reading of notifications. A Redis that is back may take commands only later than
// subscriptions: what it did not take from this Store is tried again, as long as the
// connection is the same; the next one begins anew.
func (h *hub) restore(group string) {
	sub := h.connection()
	h.store.life.start(func(ctx context.Context) {
		pause := restorePause
		for !h.store.catchUp(ctx, group) && h.owes(group) && h.connection() == sub {
			if clock.Sleep(ctx, pause+jitter(pause)) != nil {
				return
			}
			pause = min(2*pause, h.store.opts.poll)
		}
	})
}

func (h *hub) connection() *redis.PubSub {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sub
}
