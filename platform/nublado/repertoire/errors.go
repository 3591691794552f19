package repertoire

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var (
	// ErrURL says that nobody told where the service is.
	ErrURL = errors.New("REPERTOIRE_BASE_URL not set in environment")
	// ErrWeb says that the service could not be asked.
	ErrWeb = errors.New("service discovery failed")
	// ErrValidation says that what it answered is no discovery document.
	ErrValidation = errors.New("invalid service discovery document")
)

// Error is the error of this package. errors.Is finds its Kind in it. It reads as a
// gRPC status: Unavailable for trouble that may pass, the context's code when that
// ended the request, and FailedPrecondition for an address or an answer that
// somebody has to change.
type Error struct {
	// Kind is [ErrURL], [ErrWeb] or [ErrValidation].
	Kind error
	// URL is what was asked; empty for ErrURL.
	URL string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Reason says what was wrong.
	Reason string
	// Err is what the network said; may be nil.
	Err error
}

func (e *Error) Error() string {
	if e.URL == "" {
		return e.Reason
	}
	return fmt.Sprintf("%v: GET %s: %s", e.Kind, e.URL, e.Reason)
}

// Unwrap returns the kind and the network's error.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

func (e *Error) code() codes.Code {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return codes.Canceled
	case errors.Is(e.Kind, ErrWeb) && (e.Err != nil || e.Status >= 500 || e.Status == http.StatusTooManyRequests):
		return codes.Unavailable // also when our own time limit ended it
	default:
		return codes.FailedPrecondition
	}
}
