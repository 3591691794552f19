package flyte

import (
	"errors"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoEndpoint means that no variable and no file sets the backend's address.
	ErrNoEndpoint = errors.New("no endpoint")
	// ErrUntrusted means that a file in the working directory names a program to run, uses
	// a secret or weakens TLS, and that it was not recorded as trusted.
	ErrUntrusted = errors.New("not trusted")
)

// Error is the error of this package: which setting is wrong, and why. It never
// contains a secret.
type Error struct {
	// Where is the variable, the file with its line, or the key.
	Where string
	// Err is the cause; never nil.
	Err error
}

// Error returns the setting and the cause.
func (e *Error) Error() string {
	return fault.Text("flyte", "configuration", e.Where, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
