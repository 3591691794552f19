package auth

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/configstore"
	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoCredentials says that a store holds no login for a key.
	ErrNoCredentials = errors.New("no credentials")
	// ErrRejected says that a server rejected credentials for good: sending them
	// again cannot help.
	ErrRejected = errors.New("credentials rejected")
	// ErrDeclined says that a person refused the login or did not finish it in time.
	// It is remembered until the next explicit Login.
	ErrDeclined = errors.New("login declined")
	// ErrInteractionRequired says that a person has to log in first. [ErrNotLoggedIn] and
	// [ErrLoginEnded] wrap it.
	ErrInteractionRequired = errors.New("interactive login required")
	// ErrNotLoggedIn says that no person has logged in yet, as far as the store knows.
	ErrNotLoggedIn = fmt.Errorf("%w: there is no usable stored login", ErrInteractionRequired)
	// ErrLoginEnded says that a person has logged in before, and that this login can
	// neither be used nor refreshed any more.
	ErrLoginEnded = fmt.Errorf("%w: the login has ended", ErrInteractionRequired)
	// ErrServerFault says that an authorization server answered 5xx, but with an OAuth
	// error in the body. Most of them will do better later; some answer so, for good, to a
	// refresh token that has expired. It counts as transient.
	ErrServerFault = errors.New("the authorization server failed")
	// ErrNotReplaced says that rejected credentials cannot be replaced now, although they
	// have not expired by the clock: the rejection is the result of the call. The rest of
	// the error says why.
	ErrNotReplaced = errors.New("the rejected credentials cannot be replaced now")
	// ErrMisconfigured says that a setting is missing, or cannot be used: the same login
	// succeeds only after a change of the settings.
	ErrMisconfigured = errors.New("unusable settings of the login")
	// ErrClosed says that the Authenticator was closed.
	ErrClosed = errors.New("authenticator closed")
)

// Error is the error of this package and of the stores of auth/tokenstore: what was
// tried, for which endpoint, and why it failed. It is also a gRPC status, with the code
// that [Code] returns for Err; if a login that several callers share ran out of time,
// and not the caller, the code is Unavailable.
type Error struct {
	// Op is what failed: "login", "renew", "wait for login", "logout" or "inspect"; of a
	// store "store", "retrieve", "delete", "list" or "lock".
	Op       string
	Endpoint string // the backend; may be empty
	Err      error  // the cause; never nil

	// shared marks what several callers waited for: a time limit in it is the
	// login's own, never the deadline of the caller who reads it.
	shared      bool
	notReplaced bool // it is ErrNotReplaced too
}

// asNotReplaced returns err as ErrNotReplaced too, with the same text and code.
func asNotReplaced(err error) error {
	e := &Error{Op: "renew", Err: err, notReplaced: true}
	if own, ok := errors.AsType[*Error](err); ok {
		e.Op, e.Endpoint, e.shared = own.Op, own.Endpoint, own.shared
	}
	if own, ok := err.(*Error); ok { //nolint:errorlint // only if nothing is around it
		e.Err = own.Err
	}
	return e
}

// Is reports whether e is target, which [ErrNotReplaced] can be.
func (e *Error) Is(target error) bool { return e.notReplaced && target == ErrNotReplaced }

// Error returns the operation, the endpoint and the cause.
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

// Code returns the gRPC code of an error of a login: OK for nil, Unauthenticated when a
// person or an operator has to act, Canceled or DeadlineExceeded when the context ended
// it, Canceled for [ErrClosed], FailedPrecondition for [ErrMisconfigured] and where
// discovery found nothing that can be used ([configstore.ErrInvalid] and
// [configstore.ErrNotFound]), Internal when a flow or a store panicked, and Unavailable
// for every other error, which counts as transient.
func Code(err error) codes.Code {
	switch {
	case err == nil:
		return codes.OK
	case errors.Is(err, ErrRejected), errors.Is(err, ErrDeclined),
		errors.Is(err, ErrInteractionRequired), errors.Is(err, ErrNoCredentials),
		errors.Is(err, configstore.ErrNoLogin), errors.Is(err, errUnusable):
		return codes.Unauthenticated
	case errors.Is(err, ErrClosed):
		return codes.Canceled
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, ErrMisconfigured), errors.Is(err, configstore.ErrInvalid), errors.Is(err, configstore.ErrNotFound):
		return codes.FailedPrecondition
	default:
		if _, ok := errors.AsType[*panicError](err); ok {
			return codes.Internal
		}
		return codes.Unavailable
	}
}
