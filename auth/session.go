package auth

import (
	"context"
	"time"
)

// Login logs in now, whatever there is, and forgets earlier refusals. A person
// may be asked. Programs that just make calls never need it.
func (a *Authenticator) Login(ctx context.Context) error {
	_, err := a.join(ctx, a.current.Load().gen, forced)
	return err
}

// Logout forgets the login, here and in the store. The next call starts from
// nothing; a call in flight keeps what it has.
func (a *Authenticator) Logout(ctx context.Context) error {
	for {
		if err := a.settle(ctx); err != nil {
			return err
		}
		if a.store != nil {
			if err := a.store.Delete(ctx, a.key); err != nil {
				return a.fail("logout", err)
			}
		}
		if a.clear() {
			return nil
		}
	}
}

// settle ends the flight under way and waits until it has landed.
func (a *Authenticator) settle(ctx context.Context) error {
	a.mu.Lock()
	f := a.flight
	a.mu.Unlock()
	if f == nil {
		return nil
	}
	f.cancel()
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return a.fail("logout", ctx.Err())
	}
}

// clear drops the current credential; false when a flight has started meanwhile
// and may have stored a login.
func (a *Authenticator) clear() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flight != nil {
		return false
	}
	old := a.current.Load()
	next := &snapshot{gen: old.gen + 1, born: time.Now()}
	next.state.Store(int32(unknown))
	a.current.Store(next)
	old.stop()
	a.initial, a.memory, a.unsaved = nil, memory{}, false
	return true
}

// Status is what can be told of a login without telling it.
type Status struct {
	// Key is whose login it is.
	Key Key
	// ID is the [Credentials.ID] of the access token; empty without one.
	ID string
	// Expiry is when the access token ends; zero means unknown.
	Expiry time.Time
	// Renewable says that the login can be renewed without a person.
	Renewable bool
	// Usable says that calls would carry the token now.
	Usable bool
}

// Status describes the current login. It asks nobody and reads nothing, so
// before the first call it knows of no login.
func (a *Authenticator) Status() Status {
	s := a.current.Load()
	st := Status{Key: a.key}
	if s.creds == nil {
		return st
	}
	_, renewer := a.flow.(Renewer)
	st.ID = s.creds.ID()
	st.Expiry = s.creds.Expiry
	st.Renewable = renewer && (!a.traits.Interactive || s.creds.RefreshToken != "")
	st.Usable = s.load() < spent
	return st
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
