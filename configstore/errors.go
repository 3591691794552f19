package configstore

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNoLogin means that the backend answered and advertises no login: calls to it
	// need no credentials. The fields that are known, such as the client ID and the
	// header key, are returned with it.
	ErrNoLogin = errors.New("the server advertises no login")
	// ErrNotFound means that the server that was asked has no configuration.
	ErrNotFound = errors.New("no client configuration found")
	// ErrInvalid means that there was an answer and that it must not be used: asking
	// again returns the same until the server or the address is changed.
	ErrInvalid = errors.New("unusable client configuration")
)

// Error is the error of this package: what was tried, where, and why it failed.
//
// It is also a gRPC status: the backend's code where there is one, the context's code
// if a deadline or cancellation ended it, Unimplemented for [ErrNoLogin] and
// [ErrNotFound], FailedPrecondition for [ErrInvalid], and Unavailable for transient
// errors.
type Error struct {
	Op     string // "remote", "discover", "static", "cached", "chain" or "empty store"
	Source string // the method or URL that was asked; may be empty
	Err    error  // the cause; never nil
}

// Error returns the operation, the source and the cause.
func (e *Error) Error() string {
	return fault.Text("configstore", e.Op, e.Source, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(code(e.Err), e.Error()) }

func code(err error) codes.Code {
	var s interface{ GRPCStatus() *status.Status }
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case errors.Is(err, ErrNoLogin), errors.Is(err, ErrNotFound):
		return codes.Unimplemented
	case errors.Is(err, ErrInvalid):
		return codes.FailedPrecondition
	case errors.As(err, &s) && s.GRPCStatus().Code() != codes.OK:
		return s.GRPCStatus().Code()
	default:
		return codes.Unavailable
	}
}

// absent reports whether err means that a store has no configuration, so that another
// may be asked.
func absent(err error) bool {
	if errors.Is(err, ErrNoLogin) || errors.Is(err, ErrNotFound) || isMissingPage(err) {
		return true
	}
	c := status.Code(err)
	return c == codes.Unimplemented || c == codes.NotFound
}

// invalid is an error that wraps ErrInvalid.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalid, fmt.Errorf(format, args...))
}
