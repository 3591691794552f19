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

// What Gafaelfawr may object to; errors.Is finds them in an [*Error].
var (
	// ErrNoAuthorization says that no token was sent, or none arrived.
	ErrNoAuthorization = errors.New("authentication required")
	// ErrInvalidToken says that the token that was sent is unknown or has ended.
	ErrInvalidToken = errors.New("the token is not valid")
	// ErrPermissionDenied says that the token may not do this, or that a service
	// was to be called something else than bot-.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrInvalidRequest says that the request asks for what there is not: an unknown
	// scope, an expiry that is too near, a name that is none.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrNotFound says that there is no such thing, or no such API at this address.
	ErrNotFound = errors.New("not found")
	// ErrRateLimited says to come back later; see RetryAfter.
	ErrRateLimited = errors.New("too many requests")
	// ErrWeb says that Gafaelfawr could not be asked, or did not answer as it does.
	ErrWeb = errors.New("request failed")
)

// Error is the error of this package. It never holds more of a token than its key.
type Error struct {
	// Kind is one of the sentinels of this package.
	Kind error
	// URL is what was asked.
	URL string
	// Status is the HTTP status; zero when there was no answer.
	Status int
	// Type and Message are what Gafaelfawr said, such as "invalid_scopes".
	Type, Message string
	// RetryAfter is how long to wait; zero when Gafaelfawr did not say.
	RetryAfter time.Duration
	// Err is what the network said; may be nil.
	Err error
}

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
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" (wait %v)", e.RetryAfter)
	}
	return text
}

// Unwrap returns the kind, auth.ErrRejected where asking again cannot help, and
// the network's error.
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

// kindOf sorts an answer by its status, and by its type where that says more.
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
