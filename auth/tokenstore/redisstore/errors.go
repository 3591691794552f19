package redisstore

import (
	"errors"

	"github.com/jetway-go/jetway/auth"
)

var (
	// ErrBusy says that another process holds the lease of a login and is alive, or may
	// have been a moment ago.
	ErrBusy = errors.New("another process holds the lease and has not released it in time")
	// ErrUnreachable says that Redis could not be used: there is no connection, no answer
	// within the time limit of the Store, or the server refused the command. The rest of the
	// error says which.
	ErrUnreachable = errors.New("cannot use Redis")
	// ErrLeaseLost says that a login was not stored: the lease under which it was obtained
	// was lost, and another process has stored or deleted the login since.
	ErrLeaseLost = errors.New("the lease was lost and the login has been replaced since; log in again")
	// ErrUnreadable says that a value in Redis cannot be opened: it was sealed with a key that
	// this program does not have, was changed, belongs to another place, or was written by a
	// later version. [Store.Store] replaces it.
	ErrUnreadable = errors.New("the stored login cannot be opened")
	// ErrClosed says that the Store was closed.
	ErrClosed = errors.New("the store was closed")

	errLeft      = errors.New("the lease is not needed any more")
	errNoRedis   = errors.New("the client panicked on what the server has sent: is it a Redis?")
	errContended = errors.New("too many others change the login at the same time; try again")
)

// The Op of errors, as the other stores have it.
const (
	opStore    = "store"
	opRetrieve = "retrieve"
	opDelete   = "delete"
	opList     = "list"
	opLock     = "lock"
)

func failed(op string, k auth.Key, err error) error {
	return &auth.Error{Op: op, Endpoint: k.Endpoint, Err: err}
}

// lockError is why there is no lease. It wraps [auth.ErrLeaseRequired] unless the program
// has allowed renewals without one.
type lockError struct {
	why      error
	required bool
}

func (e *lockError) Error() string {
	if !e.required {
		return e.why.Error()
	}
	return auth.ErrLeaseRequired.Error() + ": " + e.why.Error()
}

func (e *lockError) Unwrap() []error {
	if !e.required {
		return []error{e.why}
	}
	return []error{auth.ErrLeaseRequired, e.why}
}
