package auth

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoCredentials says that a store holds nothing for a key.
	ErrNoCredentials = errors.New("no credentials")
	// ErrRejected says that credentials were refused for good: sending them
	// again cannot help.
	ErrRejected = errors.New("credentials rejected")
	// ErrDeclined says that a person refused the login or let it lapse. It is
	// remembered until the next explicit Login.
	ErrDeclined = errors.New("login declined")
	// ErrInteractionRequired says that a person has to log in first.
	ErrInteractionRequired = errors.New("interactive login required")
	// ErrClosed says that the Authenticator was closed.
	ErrClosed = errors.New("authenticator closed")
)

// Error is the error of this package: what was tried, for which endpoint, and
// why it failed. It reads as a gRPC status too: Unauthenticated when someone has
// to act, the context's own code when a deadline or cancellation ended it, and
// Unavailable for trouble that may pass.
type Error struct {
	Op       string // "login", "renew", "store", …
	Endpoint string // the backend, may be empty
	Err      error  // the cause; never nil

	// shared marks what several callers waited for: a time limit in it is the
	// login's own, never the deadline of the caller who reads it.
	shared bool
}

func (e *Error) Error() string {
	subject := e.Endpoint
	if subject != "" {
		subject = "for " + subject
	}
	return fault.Text("auth", e.Op, subject, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status {
	code := Code(e.Err)
	if e.shared && (code == codes.DeadlineExceeded || code == codes.Canceled) {
		code = codes.Unavailable
	}
	return status.New(code, e.Error())
}

// Code is the gRPC code that a failure to log in surfaces as.
func Code(err error) codes.Code {
	switch {
	case err == nil:
		return codes.OK
	case errors.Is(err, ErrRejected), errors.Is(err, ErrDeclined),
		errors.Is(err, ErrInteractionRequired), errors.Is(err, ErrNoCredentials),
		errors.Is(err, configstore.ErrNoLogin):
		return codes.Unauthenticated
	case errors.Is(err, ErrClosed):
		return codes.Canceled
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	default:
		return codes.Unavailable
	}
}
