package redisstore

import (
	"context"
	"log/slog"
)

// appear opens a connection by which Redis knows that the holder of l still exists: it
// subscribes to a channel that has the name of the lease and on which nothing is published.
// The kernel ends it with the process, but not while the process is suspended, and Redis does
// not while the network drops what the holder sends. Such a holder may have sent the refresh
// token and may still store the answer, so others wait for it; see [WithPatience].
//
// It is an extra: without it a holder that says nothing counts as dead. So appear waits for it
// as long as the time limit of the store allows, and the lease is extended meanwhile.
func (l *lease) appear(ctx context.Context) {
	s := l.store
	opened := make(chan error, 1)
	go func() { // which alone has the connection, even if it is late
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.limit)
		defer cancel()
		sub := s.client.Subscribe(ctx, presenceChannel(l.place, l.name)) // a Cluster takes the node of the lease, by the hash tag
		defer func() { _ = sub.Close() }()
		err := guarded(func() error {
			_, err := sub.ReceiveTimeout(ctx, s.opts.limit)
			return err
		})
		opened <- err
		if err == nil {
			<-l.released
		}
	}()
	limited, cancel := context.WithTimeout(ctx, s.opts.limit)
	defer cancel()
	var err error
	select {
	case err = <-opened:
	case <-limited.Done():
		err = limited.Err()
	case <-l.released: // Close
	}
	if err != nil {
		err = s.unreachable(ctx, err, s.opts.limit)
		s.opts.log.DebugContext(ctx, "if this process stops, others will take it for dead", slog.Any("error", err))
	}
}

// presenceChannel is what acquireSource makes of the names.
func presenceChannel(p place, name string) string { return p.group + ":" + name }
