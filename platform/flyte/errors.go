package flyte

import (
	"errors"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoEndpoint says that nobody told where the backend is.
	ErrNoEndpoint = errors.New("no endpoint")
	// ErrUntrusted says that a file in the working directory wants to run a program,
	// use a secret or weaken TLS, and nobody has recorded that it may.
	ErrUntrusted = errors.New("not trusted")
)

// Error is the error of this package: where something was wrong, and what. It
// never holds a secret.
type Error struct {
	// Where is the variable, the file with its line, or the key.
	Where string
	// Err is the cause; never nil.
	Err error
}

func (e *Error) Error() string {
	return fault.Text("flyte", "configuration", e.Where, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
