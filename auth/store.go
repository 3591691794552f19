package auth

import "context"

// StoredFlow is the Flow in the [Key] of logins that people make with OAuth, and so the
// Name in the [Traits] of these flows. They share it, so that flow.Stored, which only
// refreshes stored logins, finds a login made in a browser or with a device code.
const StoredFlow = "stored"

// Key names one stored login. Programs with equal keys share it; keys that differ
// in any part never overwrite each other.
type Key struct {
	Endpoint string // backend, without scheme
	ClientID string // as configured; may be empty
	Flow     string // [Traits].Name
	User     string // the user, if one machine serves several
	Profile  string // any name, to keep several logins of one person apart
}

// Store remembers logins between runs. Implementations are safe for concurrent use
// and honour ctx. Package auth/tokenstore has the usual ones.
//
// A Store may also implement [Locker], [Swapper], [Discarder], [Persister], [Locator]
// and [Lister]. An [Authenticator] uses the first three, and Locator for its [Status];
// Persister is for stores that wrap others, Lister for people and tools. A store that
// wraps another one forwards them all. [Encode] and [Decode] turn a login into bytes and back.
type Store interface {
	// Store stores c under k, replacing what was there.
	Store(ctx context.Context, k Key, c *Credentials) error
	// Retrieve returns what is stored under k, or an error that wraps
	// [ErrNoCredentials] when there is nothing.
	Retrieve(ctx context.Context, k Key) (*Credentials, error)
	// Delete deletes what is stored under k; it is no error if there is nothing.
	Delete(ctx context.Context, k Key) error
}

// Locker is a [Store] that lets one holder at a time replace a login, among all who
// share the store: Authenticators, processes, machines. Without it several of them
// may send one refresh token, and a server that rotates refresh tokens may revoke the
// login of all of them (RFC 9700 §4.14.2).
type Locker interface {
	// Lock waits until the login of k is locked, or until ctx ends. The error says
	// why there is no lock; the caller may continue without one.
	Lock(ctx context.Context, k Key) (Lease, error)
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
	// replacement.
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
