package jupyterhub

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoUser means that the caller presented no token or cookie, or one that the hub
	// does not accept.
	ErrNoUser = errors.New("the hub identifies no user: send a token of the hub as \"authorization: token …\"")
	// ErrNotAllowed means that the caller was identified and is not authorized.
	ErrNotAllowed = errors.New("not allowed")
	// ErrOwnToken means that the hub rejects this service's own token.
	ErrOwnToken = errors.New("Permission failure checking authorization, I may need a new token") //nolint:staticcheck // JupyterHub's text
	// ErrUnavailable means that the hub answered with a server error, or with 429.
	ErrUnavailable = errors.New("Failed to check authorization (upstream problem)") //nolint:staticcheck // JupyterHub's text
	// ErrUnreachable means that the request to the hub failed.
	ErrUnreachable = errors.New("Failed to connect to Hub API") //nolint:staticcheck // JupyterHub's text
	// ErrState means that a callback belongs to no login that this browser has started.
	ErrState = errors.New("the login was started in another browser, or too long ago")
)

// Error is the error of this package. It converts to a gRPC status and has an HTTP
// status, and never contains a secret:
//
//	what happened                       gRPC               HTTP
//	[ErrNoUser]                         Unauthenticated    403
//	[ErrNotAllowed], a missing scope    PermissionDenied   403
//	[ErrOwnToken], an unexpected answer Internal           500
//	[ErrUnavailable]                    Unavailable        502
//	[ErrUnreachable]                    Unavailable        500
//	a setting is missing or wrong       FailedPrecondition 500
type Error struct {
	Op   string     // "identify", "authorize", "log in", "configure", "serve"
	Code codes.Code // never OK
	HTTP int        // the status for an HTTP caller
	Err  error      // the cause; never nil
}

// Error returns the operation and the cause.
func (e *Error) Error() string { return fault.Text("jupyterhub", e.Op, "", e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Error()) }

// setup returns the error of a setting.
func setup(err error) error {
	return &Error{Op: "configure", Code: codes.FailedPrecondition, HTTP: http.StatusInternalServerError, Err: err}
}

// classified returns err as an [Error] with its codes.
func classified(op string, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	e := &Error{Op: op, Code: codes.Internal, HTTP: http.StatusInternalServerError, Err: err}
	switch {
	case errors.Is(err, ErrNoUser):
		e.Code, e.HTTP = codes.Unauthenticated, http.StatusForbidden
	case errors.Is(err, ErrNotAllowed):
		e.Code, e.HTTP = codes.PermissionDenied, http.StatusForbidden
	case errors.Is(err, ErrUnavailable):
		e.Code, e.HTTP = codes.Unavailable, http.StatusBadGateway
	case errors.Is(err, context.Canceled):
		e.Code, e.HTTP = codes.Canceled, http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		e.Code, e.HTTP = codes.DeadlineExceeded, http.StatusGatewayTimeout
	case errors.Is(err, ErrUnreachable):
		e.Code = codes.Unavailable
	}
	return e
}

// odd returns the error of an unexpected answer, which is not the caller's fault.
func odd(status int, reason string) error {
	return fmt.Errorf("Failed to check authorization: %s (HTTP status %d)", reason, status) //nolint:staticcheck // JupyterHub's text
}
