package auth

import (
	"context"
	"errors"
	"fmt"
)

// Login logs in now, even if there is a usable login, and even if a person has refused
// an earlier one. It may ask a person. If a login is under way already, Login waits for
// it and returns its result; it does not take the result of a refresh for a login.
// Programs that only make calls do not need it. The error is an [*Error].
func (a *Authenticator) Login(ctx context.Context) error {
	_, err := a.join(ctx, a.current.Load().gen, newLogin)
	return err
}

// Logout deletes the login, here and in the store, and revokes its tokens if the flow is a
// [Revoker]. With a [Key] without a ClientID or an Audience these are the logins of all of
// them, because the next call would find any. The next call starts without a login; a call in flight keeps its token.
//
// If the flow is interactive, a later call that the server rejects asks a person again.
//
// The login is deleted even if the server cannot be reached; the error then says that the
// tokens stay valid until they expire. If the store cannot delete it, the error says so:
// this Authenticator does not use it again, but another program will find it.
func (a *Authenticator) Logout(ctx context.Context) error {
	var ended []*Credentials
	var failed error
	for {
		count, err := a.settle(ctx)
		if err != nil {
			return a.fail("logout", err)
		}
		ended, failed = a.erase(ctx, ended)
		if a.clear(count, failed != nil) {
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

// maxLogins bounds how many logins a logout deletes.
const maxLogins = 16

// erase deletes the login from the store, every one that the key matches, and adds it to
// ended.
func (a *Authenticator) erase(ctx context.Context, ended []*Credentials) ([]*Credentials, error) {
	stored := a.renewal.storage
	var l lock
	defer l.release()
	stored.lockForPerson(ctx, &l) // or a renewal elsewhere would store the login again

	initial, _ := a.besideStore()
	ended = withLogin(ended, a.current.Load().creds)
	ended = withLogin(ended, initial)
	if stored.store == nil {
		return ended, nil
	}
	for range maxLogins { // a key without a client or an audience may find several
		c, err := stored.retrieve(ctx)
		if err == nil {
			ended = withLogin(ended, c)
		}
		if failed := stored.remove(ctx); failed != nil || err != nil {
			return ended, failed
		}
	}
	return ended, nil
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

func (a *Authenticator) revoke(ctx context.Context, c *Credentials) (err error) {
	r, ok := a.renewal.flow.(Revoker)
	if !ok {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, DefaultTimeout)
	defer cancel()
	defer recovered(ctx, a.renewal.log, a.renewal.flowName(), &err)
	if err := r.Revoke(ctx, a.renewal.env, c); err != nil {
		return fmt.Errorf("the login is deleted here, but its tokens could not be revoked: %w", err)
	}
	return nil
}

// settle cancels the flight under way, waits for its result, and returns how many flights
// there have been.
func (fs *flights) settle(ctx context.Context) (count int, err error) {
	fs.mu.Lock()
	f, count := fs.flight, fs.count
	kept := fs.takeLock()
	fs.mu.Unlock()
	quietly(kept.release)
	if f == nil {
		return count, nil
	}
	f.cancel()
	select {
	case <-f.done:
		return count, nil
	case <-ctx.Done():
		return count, ctx.Err()
	}
}

// clear drops the current credentials, and reports whether it did: not if there was a
// flight since count was taken, which may have stored a login. kept says that the store
// still holds one.
func (fs *flights) clear(count int, kept bool) bool {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.count != count {
		return false
	}
	fs.current.Store(notRead(fs.current.Load().gen))
	fs.initial, fs.backoff, fs.entry.outdated = nil, backoff{}, kept
	return true
}
