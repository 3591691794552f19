package flow

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrDenied says that the person, or the server on their behalf, denied access. It
	// wraps [auth.ErrDeclined].
	ErrDenied = fmt.Errorf("%w: access was denied", auth.ErrDeclined)
	// ErrLoginTimeout says that the person did not finish the login in time. It wraps
	// [auth.ErrDeclined].
	ErrLoginTimeout = fmt.Errorf("%w: the login timed out", auth.ErrDeclined)
)

// Error is the error of this package: which flow failed, and why. Its cause is a
// [*TokenError] when a server returned an error or could not be reached. It is also a
// gRPC status, whose code is that of [auth.Code], and never holds a secret.
type Error struct {
	Flow string // the flow's own name, such as "client_credentials" or "pkce"
	Err  error  // the cause; never nil
}

// Error returns the name of the flow and the cause.
func (e *Error) Error() string { return strings.ReplaceAll(e.Flow, "_", " ") + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(auth.Code(e.Err), e.Error()) }

// RetryAfter returns how long the authorization server asked the client to wait before
// the next request, a day at most; zero if it did not ask.
func (e *Error) RetryAfter() time.Duration {
	if said, ok := errors.AsType[*TokenError](e.Err); ok {
		return said.RetryAfter
	}
	return 0
}

// Format prints the message for every verb: causes are not taken apart.
func (e *Error) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, e.Error()) }

// settingError is an error that only another setting helps against.
type settingError struct{ error }

func setting(err error) error { return &settingError{err} }

func (e *settingError) Unwrap() error { return e.error }

func (*settingError) Is(target error) bool { return target == auth.ErrMisconfigured }

// failed puts the name of a flow in front of err; nil stays nil.
func failed(name string, err error) error {
	if err == nil {
		return nil
	}
	if own := (*Error)(nil); errors.As(err, &own) {
		return err
	}
	return &Error{Flow: name, Err: err}
}

// safely runs f on a goroutine of this package, where a panic of what the program gave
// (a Prompter, a reader, a browser) would end the program, and makes it an error.
func safely(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panicked (%s)", fault.Panic(value))
		}
	}()
	return f()
}
