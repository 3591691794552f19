package auth

import (
	"context"
	"errors"
	"time"
)

// Status is what can be told of a login without telling it.
type Status struct {
	// Key is whose login it is, and what kind of flow made it.
	Key Key
	// ID is the [Credentials.ID] of the access token; empty without one.
	ID string
	// Expiry is when the access token ends; zero means unknown.
	Expiry time.Time
	// Renewable says that the login can be renewed without a person.
	Renewable bool
	// Usable says that calls would carry the token now.
	Usable bool
	// Stored says where the login rests, for people to read: "memory", "keyring
	// (jetway:flyte.example.com)", the path of a file. Empty without a login.
	Stored string
}

// Status describes the current login. It asks nobody and reads nothing, so
// before the first call it knows of no login; see [Authenticator.Inspect].
func (a *Authenticator) Status() Status {
	s := a.current.Load()
	st := a.describe(s.creds)
	st.Usable = s.creds != nil && s.load() < spent
	return st
}

// Inspect is Status for a program that has made no call yet: it looks into the
// store as well. It asks nobody and changes nothing. The error is an [*Error].
func (a *Authenticator) Inspect(ctx context.Context) (Status, error) {
	if a.current.Load().load() != unknown {
		return a.Status(), nil
	}
	a.mu.Lock()
	c, stale := a.initial, a.stale
	a.mu.Unlock()
	if c == nil && a.store != nil && !stale {
		stored, err := a.retrieve(ctx)
		if err != nil && !errors.Is(err, ErrNoCredentials) {
			return Status{Key: a.key}, a.fail("inspect", err)
		}
		c = stored
	}
	st := a.describe(c)
	st.Usable = c.live()
	return st, nil
}

func (a *Authenticator) describe(c *Credentials) Status {
	st := Status{Key: a.key}
	if c == nil {
		return st
	}
	_, renewer := a.flow.(Renewer)
	st.ID = c.ID()
	st.Expiry = c.Expiry
	st.Renewable = renewer && (!a.traits.Interactive || c.RefreshToken != "")
	st.Stored = inMemory
	a.mu.Lock()
	stale := a.stale
	a.mu.Unlock()
	if a.store != nil && !stale {
		st.Stored = location(a.store, a.key)
	}
	return st
}
