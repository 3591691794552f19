package kubeflow

import (
	"fmt"
	"net/url"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// Error is the error of this package: what was tried, and why it failed. It reads
// as a gRPC status by the rules of [auth.Code], and never holds a secret.
type Error struct {
	Op  string // "resolve", "log in with Dex", "find the namespace"
	Err error  // the cause; never nil
}

func (e *Error) Error() string { return "kubeflow: " + e.Op + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status { return status.New(auth.Code(e.Err), e.Error()) }

func failed(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Err: err}
}

// StatusError is an answer whose HTTP status ends a login.
type StatusError struct {
	// Status is the HTTP status code.
	Status int
	// Method is the request's.
	Method string
	// URL is where it went, without its query, in which states and codes travel.
	URL string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("HTTP status code '%d' for %s against: %s", e.Status, e.Method, e.URL)
}

// shown is a URL fit for an error or a log.
func shown(u *url.URL) string {
	if u == nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
