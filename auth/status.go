package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Status describes stored credentials without exposing tokens.
type Status struct {
	// Key names the login: endpoint, client, kind of flow, user.
	Key Key
	// ID is the [Credentials.ID] of the access token; empty without one.
	ID string
	// Expiry is when the access token expires; zero means unknown.
	Expiry time.Time
	// Renewable reports whether the login can be refreshed without a person.
	Renewable bool
	// Usable reports whether calls would carry the token now.
	Usable bool
	// Stored says where the login is stored, for people to read: "memory", "keyring
	// (jetway:flyte.example.com)", the path of a file. Empty without a login.
	Stored string
}

// String describes the login in one line for people, without any token.
func (s Status) String() string {
	subject := "login"
	if s.Key.Endpoint != "" {
		subject += " for " + s.Key.Endpoint
	}
	if s.ID == "" && !s.Renewable && s.Stored == "" {
		return "no " + subject
	}
	parts := []string{subject}
	switch {
	case s.ID == "":
		parts = append(parts, "no access token")
	case s.Usable:
		parts = append(parts, "usable")
	default:
		parts = append(parts, "not usable")
	}
	if !s.Expiry.IsZero() {
		parts = append(parts, "access token expires at "+s.Expiry.UTC().Format(time.RFC3339))
	}
	if s.Renewable {
		parts = append(parts, "can be refreshed")
	}
	if s.Stored != "" {
		parts = append(parts, "stored in "+s.Stored)
	}
	return strings.Join(parts, ", ")
}

// Status describes the current login. It sends and reads nothing, so before the
// first call there is none; see [Authenticator.Inspect]. A nil Authenticator has no
// login.
func (a *Authenticator) Status() Status {
	if a == nil {
		return Status{}
	}
	s := a.current.Load()
	st := a.describe(s.creds)
	st.Usable = s.creds != nil && s.load() < expired
	return st
}

// Inspect is Status for a program that has made no call yet: it reads the store as
// well. It sends nothing and changes nothing. The error is an [*Error].
func (a *Authenticator) Inspect(ctx context.Context) (Status, error) {
	if a == nil {
		return Status{}, nil
	}
	if a.current.Load().load() != unread {
		return a.Status(), nil
	}
	c, outdated := a.besideStore()
	if stored := a.renewal.storage; c == nil && stored.store != nil && !outdated {
		var err error
		var place Key
		place, c, err = stored.find(ctx)
		if err == nil {
			stored.place.CompareAndSwap(nil, &place)
		}
		if err != nil && !errors.Is(err, ErrNoCredentials) {
			return Status{Key: stored.key}, a.fail("inspect", err)
		}
	}
	st := a.describe(c)
	st.Usable = c.usable(a.renewal.clock.Read())
	return st, nil
}

func (a *Authenticator) describe(c *Credentials) Status {
	r := a.renewal
	st := Status{Key: r.storage.key}
	if c == nil {
		return st
	}
	_, renewer := r.flow.(Renewer)
	st.ID = c.ID()
	st.Expiry = c.Expiry
	kept, _ := r.vetted(c)
	st.Renewable = renewer && (!r.traits.Interactive || kept != nil && kept.RefreshToken != "")
	st.Stored = inMemory
	if _, outdated := a.besideStore(); !outdated {
		st.Stored = r.storage.location()
	}
	return st
}

// besideStore returns what the store does not say: the credentials that the program started
// with, while they have not been used, and whether the stored copy is outdated.
func (fs *flights) besideStore() (initial *Credentials, outdated bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.initial, fs.entry.outdated
}

const inMemory = "memory"

// location returns where the login is stored, for people to read.
func (s *storage) location() string {
	switch l, ok := s.store.(Locator); {
	case s.store == nil:
		return inMemory
	case ok:
		return l.Location(s.at())
	default:
		return fmt.Sprintf("%T", s.store)
	}
}

// String describes the Authenticator without any secret.
func (a *Authenticator) String() string {
	if a == nil {
		return "no authenticator"
	}
	return "authenticator for " + a.renewal.storage.key.Endpoint
}

// Format is String for every verb. Without it package fmt would print the fields of the
// flow, which may hold secrets.
func (a *Authenticator) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, a.String()) }

// LogValue is String for slog.
func (a *Authenticator) LogValue() slog.Value { return slog.StringValue(a.String()) }
