package mockserver

import (
	"errors"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
)

// ErrNoHTTPFront is returned when a script is to answer a call with bare HTTP on a
// server without [WithHTTPFront].
var ErrNoHTTPFront = errors.New("answering calls with bare HTTP needs mockserver.WithHTTPFront")

// ErrUnknownClient is returned for a client ID that is not registered.
var ErrUnknownClient = errors.New("no such client; register it with mockserver.WithOAuth")

// Errors of [Script.ApproveDevice] and [Script.DenyDevice].
var (
	// ErrUnknownUserCode is returned if no device waits for approval with that user code.
	ErrUnknownUserCode = authserver.ErrUnknownUserCode
	// ErrUnknownAccount is returned if no account has that login.
	ErrUnknownAccount = authserver.ErrUnknownAccount
)

// Error is the error of this package: what failed, and why.
type Error struct {
	Op  string // "listen", "script", …
	Err error  // the cause; never nil
}

func (e *Error) Error() string { return "mockserver: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
