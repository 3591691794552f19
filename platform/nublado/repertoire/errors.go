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
	// ErrURL means that the address of the service is not set, or not a URL.
	ErrURL = errors.New("REPERTOIRE_BASE_URL not set in environment")
	// ErrWeb means that the request failed.
	ErrWeb = errors.New("service discovery failed")
	// ErrValidation means that the answer is not a discovery document.
	ErrValidation = errors.New("invalid service discovery document")
)

// Error is the error of this package. errors.Is finds its Kind in it. It converts to a
// gRPC status: Unavailable for a transient failure, Canceled for a context that was
// canceled, and FailedPrecondition for an address or an answer that will not change by
// itself.
type Error struct {
	// Kind is [ErrURL], [ErrWeb] or [ErrValidation].
	Kind error
	// URL is the URL of the request; empty for ErrURL.
	URL string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Reason says what was wrong.
	Reason string
	// Err is the network's error; may be nil.
	Err error
}

// Error returns the kind, the URL and the reason.
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
		return codes.Unavailable // also if the request exceeded its time limit
	default:
		return codes.FailedPrecondition
	}
}
