package objectstore

import (
	"errors"
	"fmt"
)

var (
	// ErrKey means that a key has an empty, "." or ".." segment.
	ErrKey = errors.New(`key must not be empty or have empty, "." or ".." segments`)
	// ErrTooLarge means that content is over Config.MaxSize.
	ErrTooLarge = errors.New("content is over the store's size limit")
	// ErrNoBaseURL means that the store has no base URL.
	ErrNoBaseURL = errors.New("no base URL: call SetBaseURL with the address at which the store is served")
	// ErrLifetime means that the lifetime of a URL is zero or negative.
	ErrLifetime = errors.New("lifetime of a signed URL must be positive")
)

// Error is a failed operation on one object.
type Error struct {
	// Op is "put" or "sign".
	Op string
	// Key is the object's key.
	Key string
	// Err is the cause, one of this package's sentinels.
	Err error
}

// Error returns the operation, the key and the cause.
func (e *Error) Error() string { return fmt.Sprintf("objectstore: %s %q: %v", e.Op, e.Key, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
