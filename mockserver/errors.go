package mockserver

import (
	"errors"

	"github.com/jetway-go/jetway/mockserver/internal/authserver"
)

// ErrNoHTTPFront says that a script wants a call answered with bare HTTP, which
// needs [WithHTTPFront].
var ErrNoHTTPFront = errors.New("answering calls with bare HTTP needs mockserver.WithHTTPFront")

// ErrUnknownClient says that no client of that id was registered.
var ErrUnknownClient = errors.New("no such client; register it with mockserver.WithOAuth")

// What [Script.ApproveDevice] and [Script.DenyDevice] find wrong.
var (
	// ErrUnknownUserCode says that no device waits with that user code.
	ErrUnknownUserCode = authserver.ErrUnknownUserCode
	// ErrUnknownAccount says that no account has that login.
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
