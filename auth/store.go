package auth

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// StoredFlow is the Flow in the [Key] of logins that people make with OAuth, and so the
// Name in the [Traits] of these flows. They share it, so that flow.Stored, which only
// refreshes stored logins, finds a login made in a browser or with a device code.
const StoredFlow = "stored"

// Key names one stored login. Programs with equal keys share it; keys that differ
// in any part never overwrite each other. A program that sets no ClientID or no Audience
// finds the login of any; see [Key.Matches].
type Key struct {
	Endpoint string // backend, without scheme
	ClientID string // the OAuth client that the program sets; may be empty
	Audience string // the API that the program asks a token for; may be empty
	Flow     string // [Traits].Name
	User     string // the user, if one machine serves several
	Profile  string // any name, to keep several logins of one person apart
}

// Matches reports whether a program that asks for the login of k may use c, which is stored
// under stored. Endpoint, Flow, User and Profile must be equal. The ClientID and the
// Audience of k must be those that c was made for; an empty one matches any, and so does a
// login that does not say what it was made for, as those of older programs and of other
// tools. What c says of itself counts more than what stored says.
func (k Key) Matches(stored Key, c *Credentials) bool {
	client, audience, known := stored.ClientID, stored.Audience, stored.Audience != ""
	if c != nil {
		client, audience = cmp.Or(c.ClientID, client), cmp.Or(c.Audience, audience)
		known = known || c.Audience != "" || c.PurposeKnown
	}
	return k.withoutPurpose() == stored.withoutPurpose() &&
		(k.ClientID == "" || client == "" || k.ClientID == client) &&
		(k.Audience == "" || !known || k.Audience == audience)
}

func (k Key) withoutPurpose() Key {
	k.ClientID, k.Audience = "", ""
	return k
}

// Store remembers logins between runs. Implementations are safe for concurrent use
// and honour ctx. Package auth/tokenstore has the usual ones.
//
// A Store may also implement [Finder], [Locker], [Queue], [Swapper], [Discarder],
// [Persister], [Locator], [Lister] and [Watcher]. An [Authenticator] uses the first five and
// the last, and Locator for its [Status]; Persister is for stores that wrap others, Lister for people and tools. A store that
// wraps another one forwards them all. [Encode] and [Decode] turn a login into bytes and back.
//
// The methods take k as it is, with an empty ClientID or Audience as one more value. What a
// key without them matches, [Find] looks for.
type Store interface {
	// Store stores c under k, replacing what was there.
	Store(ctx context.Context, k Key, c *Credentials) error
	// Retrieve returns what is stored under k, or an error that wraps
	// [ErrNoCredentials] when there is nothing: [ErrLoggedOut] if Delete is known to
	// have been called.
	Retrieve(ctx context.Context, k Key) (*Credentials, error)
	// Delete deletes what is stored under k; it is no error if there is nothing.
	Delete(ctx context.Context, k Key) error
}

// Finder is a [Store] that knows under which keys logins are stored.
type Finder interface {
	// Find returns the key that the login for a program which asks for k is stored under:
	// the newest one that k matches (see [Key.Matches]; one that Ended says cannot be
	// refreshed only if there is no other), or k if there is none.
	Find(ctx context.Context, k Key) (Key, error)
}

// Find returns the login in s for a program that asks for k, and the key that it is stored
// under, which the other methods of s take. It returns no login that k does not match. A
// Store that is a [Finder] chooses; of a [Lister] it may be any login whose key is listed;
// of any other Store it is what is stored under k, or under k as programs had it before
// there was an Audience and before the ClientID of a flow was part of it. The error wraps
// [ErrNoCredentials] if there is none.
func Find(ctx context.Context, s Store, k Key) (Key, *Credentials, error) {
	places, choose, err := placesIn(ctx, s, k)
	if err != nil {
		return k, nil, err
	}
	found, best, none := k, (*Credentials)(nil), error(nil)
	for _, place := range places {
		c, err := s.Retrieve(ctx, place)
		switch {
		case err == nil && c == nil: // not what a Store should return
			err = ErrNoCredentials
		case err == nil && c.isNote():
			err = &noteError{c}
		case err == nil && !k.Matches(place, c):
			err = &mismatchError{c}
		case err == nil && !choose:
			return place, c, nil
		case err == nil && c.preferredTo(best):
			found, best = place, c
		case err != nil && !errors.Is(err, ErrNoCredentials):
			return k, nil, err
		}
		if none == nil || errors.As(err, new(*mismatchError)) || errors.As(err, new(*noteError)) || errors.Is(err, ErrLoggedOut) {
			none = err
		}
	}
	if best == nil {
		return k, nil, none
	}
	return found, best, nil
}

// placesIn returns the keys under which s may hold the login of k, and whether the newest of
// all is wanted, or the first that there is.
func placesIn(ctx context.Context, s Store, k Key) (places []Key, choose bool, err error) {
	if f, ok := s.(Finder); ok {
		found, err := f.Find(ctx, k)
		return []Key{found}, false, err
	}
	if l, ok := s.(Lister); ok {
		if listed, err := l.List(ctx); err == nil {
			others := slices.DeleteFunc(listed, func(o Key) bool { return o == k || !k.Matches(o, nil) })
			return append([]Key{k}, others...), true, nil
		}
	}
	withoutAudience := k
	withoutAudience.Audience = ""
	return slices.Compact([]Key{k, withoutAudience, k.withoutPurpose()}), false, nil
}

// preferredTo reports whether to use c rather than o, which may be nil: one that can still
// be refreshed, and the newer one.
func (c *Credentials) preferredTo(o *Credentials) bool {
	if o == nil || (c.Ended == "") != (o.Ended == "") {
		return o == nil || c.Ended == ""
	}
	return o.olderThan(c)
}

// mismatchError says that there is a login, but for something else.
type mismatchError struct{ found *Credentials }

func (e *mismatchError) Error() string {
	return "no credentials for this client and audience: what is stored was made for others"
}

func (e *mismatchError) Unwrap() error { return ErrNoCredentials }

// noteError says that there is no login, but what a program noted for the others which want
// one.
type noteError struct{ note *Credentials }

func (e *noteError) Error() string { return "no credentials, but a note of a login that failed" }
func (e *noteError) Unwrap() error { return ErrNoCredentials }

// Locker is a [Store] that lets one holder at a time replace a login, among all who
// share the store: Authenticators, processes, machines. Without it several of them
// may send one refresh token, and a server that rotates refresh tokens may revoke the
// login of all of them (RFC 9700 §4.14.2).
type Locker interface {
	// Lock waits until the login of k is locked, or until ctx ends. Keys that differ in
	// ClientID or Audience only share one lock, since they may find the same login. The
	// error says why there is no lock; the caller may continue without one, unless it
	// wraps [ErrLeaseRequired], which it may also do when ctx ended the wait.
	Lock(ctx context.Context, k Key) (Lease, error)
}

// Queue is a [Locker] whose waiters may leave: a login that another holder has stored
// meanwhile makes the lock unnecessary.
type Queue interface {
	Locker
	// LockUnless is Lock, but calls done when the lock may have become free, before it
	// tries again, and returns an error without a lock if done reports true. Done reads
	// the store, so it is not called more often than a holder releases the lock, or a few
	// times a second.
	LockUnless(ctx context.Context, k Key, done func() bool) (Lease, error)
}

// Lease is a lock that is held. A lease may be lost while it is held: the server that
// granted it ended it, for example.
type Lease interface {
	// Lost returns a channel that is closed when the lease is lost; nil if that
	// cannot happen.
	Lost() <-chan struct{}
	// Unlock releases the lock. It is called once, and does not block for long.
	Unlock()
}

// Swapper is a [Store] that can replace a login only if it is still the expected one.
type Swapper interface {
	// Swap stores next under k if the [Credentials.ID] of what is stored there is
	// oldID, where "" stands for nothing (or for a login without an access token),
	// and reports whether it did. Nothing can come between the comparison and the
	// replacement. A store that knows logouts swaps nothing after one: only Store puts a
	// login there again.
	Swap(ctx context.Context, k Key, oldID string, next *Credentials) (bool, error)
}

// Discarder is a [Store] that may find several logins under one key, such as those
// that other tools stored.
type Discarder interface {
	// Discard deletes those logins under k whose refresh token is that of dead, which the
	// server rejected for good, and no others. The reason is stored before, in place of the
	// one that Retrieve returns.
	Discard(ctx context.Context, k Key, dead *Credentials) error
}

// Persister is a [Store] that reports whether its logins outlive the process. An
// [Authenticator] does not ask; tokenstore.FallbackStore prefers such a store.
type Persister interface {
	Persistent() bool
}

// Locator is a [Store] that says, for people to read, where it stores the login of k:
// "memory", "keyring (jetway:flyte.example.com)", the path of a file. [Status] shows it, or
// the type of a Store that is no Locator.
type Locator interface {
	Location(k Key) string
}

// Lister is a [Store] that can list its logins, for people and for tools that show or
// delete them.
type Lister interface {
	// List returns the keys of the stored logins, each once and in no order, never
	// tokens. Where it can list a part only, it returns that part and an error, which
	// wraps [errors.ErrUnsupported] if it can never list the other part. It changes
	// nothing in the store.
	List(ctx context.Context) ([]Key, error)
}
