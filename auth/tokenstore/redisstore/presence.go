package redisstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// presence is a connection by which Redis knows that the holder of a lease still exists: it
// subscribes to a channel that has the name of the lease and on which nothing is published.
// The kernel ends it with the process, but not while the process is suspended, and Redis does
// not while the network drops what the holder sends. Such a holder may have sent the refresh
// token and may still store the answer, so others wait for it; see [WithPatience].
//
// It is an extra: without it a holder that says nothing counts as dead.
type presence struct{ sub *redis.PubSub }

// appear opens the connection, within the time limit of the store.
func (s *Store) appear(ctx context.Context, p place, name string) presence {
	sub, err := call(ctx, s, func(ctx context.Context) (*redis.PubSub, error) {
		sub := s.client.Subscribe(ctx, presenceChannel(p, name)) // a Cluster takes the node of the lease, by the hash tag
		_, err := sub.ReceiveTimeout(ctx, s.opts.limit)
		if err == nil {
			err = ctx.Err() // the caller has left
		}
		if err != nil {
			_ = sub.Close()
			return nil, err
		}
		return sub, nil
	})
	if err != nil {
		s.opts.log.DebugContext(ctx, "if this process stops, others will take it for dead", slog.Any("error", err))
	}
	return presence{sub}
}

func (p presence) end() {
	if p.sub != nil {
		_ = p.sub.Close()
	}
}

// presenceChannel is what acquireSource makes of the names.
func presenceChannel(p place, name string) string { return p.group + ":" + name }

// lasting is the usual patience. Redis itself closes connections of machines that have vanished
// after about as long (tcp-keepalive).
const lasting = 5 * time.Minute
