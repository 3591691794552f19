package auth

import (
	"context"
	"errors"
	"fmt"
)

// Logout forgets the login, here and in the store, and has the server end it
// where the flow is a [Revoker]. The next call starts from nothing; a call in
// flight keeps what it has.
//
// The login is forgotten even if the server cannot be reached; the error says
// then that the tokens remain valid until they expire. If it is the store that
// cannot forget, the error says that: here the login does not come back, but
// another program will find it.
func (a *Authenticator) Logout(ctx context.Context) error {
	var ended []*Credentials
	var failed error
	for {
		flights, err := a.settle(ctx)
		if err != nil {
			return err
		}
		ended, failed = a.erase(ctx, ended)
		if a.clear(flights, failed != nil) {
			break
		}
	}
	for _, c := range ended {
		failed = errors.Join(failed, a.revoke(ctx, c))
	}
	if failed != nil {
		return a.fail("logout", failed)
	}
	return nil
}

// erase deletes the login from the store, and adds to ended what there was.
func (a *Authenticator) erase(ctx context.Context, ended []*Credentials) ([]*Credentials, error) {
	var others lease
	defer others.release()
	others.take(ctx, a) // or a renewal elsewhere would store the login again

	a.mu.Lock()
	initial := a.initial
	a.mu.Unlock()
	ended = withLogin(ended, a.current.Load().creds)
	ended = withLogin(ended, initial)
	if a.store == nil {
		return ended, nil
	}
	if stored, err := a.retrieve(ctx); err == nil {
		ended = withLogin(ended, stored)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return ended, a.store.Delete(ctx, a.key)
}

// withLogin adds c to list unless its tokens are there already.
func withLogin(list []*Credentials, c *Credentials) []*Credentials {
	if c == nil {
		return list
	}
	for _, o := range list {
		if o.AccessToken == c.AccessToken && o.RefreshToken == c.RefreshToken {
			return list
		}
	}
	return append(list, c)
}

func (a *Authenticator) revoke(ctx context.Context, c *Credentials) error {
	r, ok := a.flow.(Revoker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	if err := r.Revoke(ctx, a.env, c); err != nil {
		return fmt.Errorf("the login is forgotten here, but the server could not be told to end it: %w", err)
	}
	return nil
}

// settle ends the flight under way, waits until it has landed, and tells how many
// there have been.
func (a *Authenticator) settle(ctx context.Context) (flights int, err error) {
	a.mu.Lock()
	f, flights := a.flight, a.flights
	a.mu.Unlock()
	if f == nil {
		return flights, nil
	}
	f.cancel()
	select {
	case <-f.done:
		return flights, nil
	case <-ctx.Done():
		return flights, a.fail("logout", ctx.Err())
	}
}

// clear drops the current credential; false when there has been a flight since
// flights were counted, which may have stored a login. kept says that the store
// still holds one.
func (a *Authenticator) clear(flights int, kept bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.flights != flights {
		return false
	}
	old := a.current.Load()
	a.current.Store(unseen(old.gen))
	old.stop()
	a.initial, a.memory, a.stale = nil, memory{}, kept
	return true
}
