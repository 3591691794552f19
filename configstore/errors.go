package configstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/retryafter"
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
	Op     string // "remote", "discover", "static", "cached", "disk", "chain", "overlay" or "empty store"
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

// opDiscover is the Op of [Discovery].
const opDiscover = "discover"

// RetryAfter returns how long the server asked the client to wait (Retry-After, RFC 9110
// §10.2.3), a day at most; zero means that it did not ask.
func (e *Error) RetryAfter() time.Duration {
	var longest time.Duration
	walk(e.Err, func(err error) {
		if l, ok := err.(*laterError); ok { //nolint:errorlint // walk visits the whole chain
			longest = max(longest, l.wait)
		}
	})
	return longest
}

// walk visits err and all that it wraps.
func walk(err error, visit func(error)) {
	visit(err)
	switch w := err.(type) { //nolint:errorlint // this is what errors.Is does
	case interface{ Unwrap() error }:
		if next := w.Unwrap(); next != nil {
			walk(next, visit)
		}
	case interface{ Unwrap() []error }:
		for _, next := range w.Unwrap() {
			walk(next, visit)
		}
	}
}

// laterError is an answer of a server that may do better later.
type laterError struct {
	status int
	wait   time.Duration // zero: it did not say
}

func (e *laterError) Error() string {
	text := fmt.Sprintf("the server answered HTTP %d", e.status)
	if e.wait > 0 {
		text += " and asks to wait " + e.wait.String()
	}
	return text
}

func later(resp *http.Response) error {
	return &laterError{resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"), time.Now())}
}

// retryAfter returns how long a server wants to be left alone; zero if it does not say.
func retryAfter(text string, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(text, now)
	return wait
}

// errRefused marks answers of a server, or of a proxy in front of it, that tells how to
// log in only after a login.
var errRefused = errors.New("refused")

// refusedError is invalid for a refusal.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

func (*refusedError) Is(target error) bool { return target == errRefused }

func refused(format string, args ...any) error { return &refusedError{invalid(format, args...)} }

// isRefused reports whether discovery was refused. gRPC's transport makes Unknown of a
// redirect.
func isRefused(err error) bool {
	if errors.Is(err, errRefused) {
		return true
	}
	if page, ok := errors.AsType[*pageError](err); ok {
		return status.Code(page.status) != codes.Unavailable
	}
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied:
		return true
	case codes.Unknown:
		return strings.Contains(err.Error(), "unexpected HTTP status code received from server: 3")
	default:
		return false
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
