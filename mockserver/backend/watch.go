package backend

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// cleanEndMargin is how long before its deadline a watch ends cleanly, so that the end
// reaches the client in time; at most a tenth of the call's timeout.
const cleanEndMargin = 50 * time.Millisecond

// EndWatchesAtDeadline makes watches and log tails opened from now on end with OK shortly
// before the client's deadline, as the real backend does at times. By default they end
// with DeadlineExceeded.
func (b *Backend) EndWatchesAtDeadline(on bool) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	b.runs.endCleanly = on
}

// DropUpdates sends no update to any watch for the next n changes of existing actions, as
// when a slow watcher's buffer overflows. New watches and lists show the current state,
// and so does the next change of the same action.
func (b *Backend) DropUpdates(n int) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	b.runs.drop = n
}

// WatchFaults returns what [Backend.EndWatchesAtDeadline] was last called with, and how many
// updates are still to be dropped.
func (b *Backend) WatchFaults() (endsAtDeadline bool, drops int) {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	return b.runs.endCleanly, b.runs.drop
}

// watch sends what look returns until look says that it is done, the call ends
// or the backend closes. look is called with r.mu held, at first and whenever the signal
// that on returns fires; no other code may change the messages that it returns.
func watch[M any](
	r *runs, stream grpc.ServerStreamingServer[M], on func() *signal, look func() (messages []*M, done bool),
) error {
	ctx := stream.Context()
	end, stop := r.cleanEnd(ctx)
	defer stop()
	r.mu.Lock()
	undone := r.undone
	r.mu.Unlock()
	for {
		r.mu.Lock()
		r.visits++
		messages, done := look()
		changed := on().wait()
		r.mu.Unlock()
		for _, m := range messages {
			if err := stream.Send(m); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-end:
			return nil
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-undone:
			return errUndone()
		case <-r.done:
			return errClosing()
		}
	}
}

// cleanEnd returns when a watch is to end with OK: never, unless scripted.
func (r *runs) cleanEnd(ctx context.Context) (at <-chan time.Time, stop func() bool) {
	r.mu.Lock()
	on := r.endCleanly
	r.mu.Unlock()
	deadline, ok := ctx.Deadline()
	if !on || !ok {
		return nil, func() bool { return false }
	}
	left := time.Until(deadline)
	t := time.NewTimer(left - min(cleanEndMargin, left/10))
	return t.C, t.Stop
}
