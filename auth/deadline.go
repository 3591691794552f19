package auth

import (
	"context"
	"time"
)

// half returns a context for half of the time that ctx has.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithTimeout(ctx, time.Until(deadline)/2)
	}
	return context.WithCancel(ctx)
}

// extraTime is how much longer than the flight that asked for it a refresh, and
// storing its result, may take. An authorization server that rotates refresh tokens
// may have ended the old one by then, and a login would be lost with the answer.
const extraTime = 3 * time.Second

// extended returns a context that ends extraTime after ctx does.
func extended(ctx context.Context) (context.Context, context.CancelFunc) {
	kept, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(extraTime, cancel) })
	return kept, func() { stop(); cancel() }
}

// awaited returns a context for what Close waits for after a refresh was sent: other
// programs have to know what came of it.
func (t *task) awaited(ctx context.Context) (context.Context, context.CancelFunc) {
	if t.critical.Load() {
		return extended(ctx)
	}
	return context.WithCancel(ctx)
}
