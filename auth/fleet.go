package auth

import (
	"errors"
	"fmt"
)

// What a Store may say and do that many machines share.
var (
	// ErrLeaseRequired says why there is no lock on a login whose refresh token must not be
	// sent without it: the store cannot be reached or read, or another holder keeps the lock. A
	// [Locker] wraps it where the others who share a login cannot be known to wait. A login
	// without a refresh token is replaced all the same.
	ErrLeaseRequired = errors.New("the login is shared and cannot be locked")
	// ErrLoggedOut says that a login was stored and that it was deleted on purpose, by a
	// logout. It wraps [ErrNoCredentials]. A [Store] that has only lost a login, or never
	// had it, returns ErrNoCredentials alone.
	ErrLoggedOut = fmt.Errorf("%w: the login was deleted by a logout", ErrNoCredentials)
)

// Watcher is a [Store] that reports changes which others make. It is for a store that
// machines share and that may be away for a while: an [Authenticator] tries again to store
// what it could not store there, and what the store has lost. So a Watcher tells a logout
// from a lost login: its Retrieve returns [ErrLoggedOut] after Delete.
type Watcher interface {
	// Watch calls changed after another process may have stored or deleted the login of k,
	// and after the store can be reached again, until stop is called. It calls changed from
	// a goroutine of its own, one call at a time, and may call it without a change. Watch
	// sends nothing before it returns; stop returns once changed is not running and will not
	// be called again. Keys that differ in ClientID or Audience only are watched together.
	Watch(k Key, changed func()) (stop func())
}
