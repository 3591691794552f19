package auth

import (
	"context"
	"time"
)

// grace is how much longer than the flight that asked for it a renewal, and the
// storing of what it brought, may take. An authorization server that rotates
// refresh tokens has ended the old one by then, perhaps, and a login would be lost
// with the answer.
const grace = 3 * time.Second

// Login logs in now, whatever there is, and forgets earlier refusals. A person
// may be asked, unless one is being asked already; a renewal under way is not
// enough. Programs that just make calls never need it.
func (a *Authenticator) Login(ctx context.Context) error {
	_, err := a.join(ctx, a.current.Load().gen, forced)
	return err
}

// Close ends a login under way and lets everybody who waits for it go with
// [ErrClosed], which is also what later calls get. What is stored stays. Calling
// it twice is fine.
//
// It waits, for three seconds at most, for a renewal that is under way: its answer
// may hold the refresh token without which a person would have to log in again.
func (a *Authenticator) Close() error {
	a.mu.Lock()
	f := a.flight
	if !a.isClosed() {
		close(a.closed)
		s := a.current.Load()
		s.stop()
		s.advance(shut)
	}
	a.mu.Unlock()
	if f == nil {
		return nil
	}
	f.cancel()
	if f.vital.Load() {
		patience := time.NewTimer(grace)
		defer patience.Stop()
		select {
		case <-f.done:
		case <-patience.C:
		}
	}
	return nil
}

// spared returns a context for what must not be cut short: it ends a while after
// ctx has.
func spared(ctx context.Context) (context.Context, context.CancelFunc) {
	kept, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(grace, cancel) })
	return kept, func() { stop(); cancel() }
}
