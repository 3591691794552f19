package kubeflow

import (
	"fmt"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// Error is the error of this package: the operation, and why it failed. It converts to
// a gRPC status, FailedPrecondition if a setting is missing or wrong and by the rules
// of [auth.Code] otherwise. It never contains a secret.
type Error struct {
	// Op is what failed: "resolve" (a setting), "log in", "log in with Dex", "log in with
	// cookies", "log in with a token" or "find the namespace".
	Op string
	// Err is the cause; never nil.
	Err error
}

// Error returns the operation and the cause.
func (e *Error) Error() string { return fault.Text("kubeflow", e.Op, "", e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status {
	code := auth.Code(e.Err)
	if e.Op == opResolve && code == codes.Unavailable { // no request was made: only the program can change it
		code = codes.FailedPrecondition
	}
	return status.New(code, e.Error())
}

const opResolve = "resolve"

func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Err: err}
}

// StatusError is the error of an answer with an unexpected HTTP status.
type StatusError struct {
	// Status is the HTTP status code.
	Status int
	// Method is the request's.
	Method string
	// URL is the URL of the request, without its query, which may contain states and codes.
	URL string
}

// Error returns status, method and URL.
func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP status code '%d' for %s against: %s", e.Status, e.Method, e.URL)
}

// shown returns a URL without user, query and fragment, for an error or a log.
func shown(u *url.URL) string {
	if u == nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
