package mockserver

import (
	"errors"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
)

// ErrOption means that an option of [New] has a value with which no server can start, or lacks
// another option. What may be different at another time, such as a port that is taken, is no
// such error.
var ErrOption = errors.New("an option cannot be served")

// ErrNoHTTPFront means that a method of [Script] answers calls with bare HTTP, and that
// the server has no [WithHTTPFront].
var ErrNoHTTPFront = errors.New("answering calls with bare HTTP needs mockserver.WithHTTPFront")

// ErrUnknownClient means that the client ID is not registered.
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
	Op  string // what failed, such as "listen for gRPC" or "script"
	Err error  // the cause; never nil

	option bool // it is an ErrOption
}

// Error returns the operation and the cause.
func (e *Error) Error() string { return "mockserver: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is [ErrOption], and the error one of an option.
func (e *Error) Is(target error) bool { return e.option && target == ErrOption }
