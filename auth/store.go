package auth

import "context"

// Key says whose login something is. Two programs with equal keys share one
// stored login; keys that differ in any part never overwrite each other.
type Key struct {
	Endpoint string // backend, without scheme
	ClientID string // as configured; may be empty
	Flow     string // [Traits].Name
	User     string // whose, where one machine serves several people
	Profile  string // free choice, to keep several logins of one person apart
}

// Store remembers credentials between runs. Implementations are safe for
// concurrent use and honour ctx.
type Store interface {
	// Store keeps c under k, replacing what was there.
	Store(ctx context.Context, k Key, c *Credentials) error
	// Retrieve returns what is kept under k, or an error that wraps
	// [ErrNoCredentials] when there is nothing.
	Retrieve(ctx context.Context, k Key) (*Credentials, error)
	// Delete forgets k; nothing to forget is no error.
	Delete(ctx context.Context, k Key) error
}
