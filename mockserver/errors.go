package mockserver

import "errors"

// ErrNoHTTPFront says that a script wants a call answered with bare HTTP, which
// needs [WithHTTPFront].
var ErrNoHTTPFront = errors.New("answering calls with bare HTTP needs mockserver.WithHTTPFront")

// ErrUnknownClient says that no client of that id was registered.
var ErrUnknownClient = errors.New("no such client; register it with mockserver.WithClient")

// Error is the error of this package: what failed, and why.
type Error struct {
	Op  string // "listen", "script", …
	Err error  // the cause; never nil
}

func (e *Error) Error() string { return "mockserver: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
