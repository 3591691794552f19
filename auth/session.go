package auth

import "context"

// Login logs in now, whatever there is, and forgets earlier refusals. A person
// may be asked. Programs that just make calls never need it.
func (a *Authenticator) Login(ctx context.Context) error {
	_, err := a.join(ctx, a.current.Load().gen, forced)
	return err
}

// Close ends a login under way and lets everybody who waits for it go with
// [ErrClosed]. What is stored stays. Calling it twice is fine.
func (a *Authenticator) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.isClosed() {
		return nil
	}
	close(a.closed)
	if a.flight != nil {
		a.flight.cancel()
	}
	a.current.Load().stop()
	return nil
}
