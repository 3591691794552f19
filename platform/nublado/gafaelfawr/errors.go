package gafaelfawr

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// The kinds of an [*Error], which errors.Is finds in it.
var (
	// ErrNoAuthorization means that the request had no token when it arrived.
	ErrNoAuthorization = errors.New("authentication required")
	// ErrInvalidToken means that the token of the request is unknown or has expired.
	ErrInvalidToken = errors.New("the token is not valid")
	// ErrPermissionDenied means that the token lacks the scope, or that the user name
	// for a service token does not begin with bot-.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrInvalidRequest means that a value in the request is wrong: an unknown scope,
	// an expiry that is too near, an invalid name.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrNotFound means that the URL has no such API.
	ErrNotFound = errors.New("not found")
	// ErrRateLimited means that there were too many requests; see [Error.RetryAfter].
	ErrRateLimited = errors.New("too many requests")
	// ErrWeb means that there was no answer, or none in Gafaelfawr's form.
	ErrWeb = errors.New("request failed")
)

// Error is the error of this package. It never contains more of a token than its key.
type Error struct {
	// Kind is one of the sentinels of this package.
	Kind error
	// URL is the URL of the request.
	URL string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Type and Message are those of Gafaelfawr's answer; one type is "invalid_scopes".
	Type, Message string
	// Wait is how long to wait before the next request, a day at most; zero when the
	// answer does not say.
	Wait time.Duration
	// Err is the network's error, or auth.ErrMisconfigured for a URL that no token is sent
	// to; may be nil.
	Err error
}

// Error returns the URL, the kind and what Gafaelfawr answered.
func (e *Error) Error() string {
	text := "gafaelfawr: create token at " + e.URL + ": " + e.Kind.Error()
	if e.Status != 0 {
		text += fmt.Sprintf(" [HTTP %d]", e.Status)
	}
	if e.Type != "" {
		text += " " + e.Type
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Wait > 0 {
		text += fmt.Sprintf(" (wait %v)", e.Wait)
	}
	return text
}

// RetryAfter returns Wait. An authenticator whose flow fails with this error waits as
// long.
func (e *Error) RetryAfter() time.Duration { return e.Wait }

// Unwrap returns the kind, auth.ErrRejected if another attempt cannot succeed either,
// and the network's error.
func (e *Error) Unwrap() []error {
	errs := []error{e.Kind}
	if slices.Contains([]error{ErrNoAuthorization, ErrInvalidToken, ErrPermissionDenied, ErrInvalidRequest}, e.Kind) {
		errs = append(errs, auth.ErrRejected)
	}
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	return errs
}

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(auth.Code(e), e.Error()) }

// kindOf returns the kind of an answer, by its status and its type.
func kindOf(code int, kind string) error {
	switch code {
	case http.StatusUnauthorized:
		if kind == "no_authorization" {
			return ErrNoAuthorization
		}
		return ErrInvalidToken
	case http.StatusForbidden:
		return ErrPermissionDenied
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return ErrInvalidRequest
	case http.StatusTooManyRequests:
		return ErrRateLimited
	default:
		return ErrWeb
	}
}
