package redisstore

import (
	"context"
	"sync"
)

// life is the time between New and Close, and the goroutines that run in it.
type life struct {
	ctx    context.Context //nolint:containedctx // of the work that belongs to no caller: leases and notifications
	cancel context.CancelFunc

	mu   sync.Mutex // between the start of a goroutine and the wait for all of them
	work sync.WaitGroup
}

func newLife() *life {
	ctx, cancel := context.WithCancel(context.Background()) //nolint:forbidigo // leases outlive the calls that take them
	return &life{ctx: ctx, cancel: cancel}
}

// start runs f in a goroutine that Close waits for, and reports whether it did: not after
// Close.
func (l *life) start(f func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ctx.Err() != nil {
		return false
	}
	l.work.Go(func() { f(l.ctx) })
	return true
}

func (l *life) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cancel()
}
