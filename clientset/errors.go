package clientset

import (
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrClosed means that the ClientSet was closed, or is shutting down.
	ErrClosed = errors.New("client set closed")
	// ErrPlaintext means that credentials were not sent, because they would have
	// left this machine without TLS.
	ErrPlaintext = httpauth.ErrPlaintext
	// ErrNoGRPC means that the backend has no gRPC API, as far as the target or the
	// options say.
	ErrNoGRPC = errors.New("there is no gRPC endpoint; use HTTPConn, or HTTPClient and HTTPURL, or give an endpoint")
	// ErrNoHTTP means that the backend has no HTTP API, as far as the target or the options
	// say.
	ErrNoHTTP = errors.New("there is no HTTP base; call the gRPC services, or add WithHTTPBase")
)

// errNoConn is what calls get after ForConn(nil).
var errNoConn = errors.New("ForConn was given no connection")

// Values of Error.Op that more than one place needs.
const (
	opCall      = "call"
	opConfigure = "configure"
	opConsole   = "console"
	opLogin     = "login"
	opSelect    = "select cluster"
)

// Error is the error of this package: what was tried, at which endpoint, and why
// it failed. It is also a gRPC status, so that a caller that decides by codes needs no
// other case.
//
// The error of a call is the server's status, as gRPC returns it, or an error of the
// client's side: an *Error or an *interceptors.Error. Advice on what to do may be added
// to both. The code is FailedPrecondition if only a change of the settings helps.
type Error struct {
	// Op is what failed: "configure", "resolve", "login", "select cluster", "call",
	// "console", "shutdown" or "close".
	Op string
	// Endpoint is the backend; empty if it was not known yet.
	Endpoint string
	// Err is the cause; never nil.
	Err error
}

// Error returns the operation, the endpoint and the cause.
func (e *Error) Error() string {
	subject := e.Endpoint
	if subject != "" && e.Op == opLogin {
		subject = "for " + subject
	}
	return fault.Text("clientset", e.Op, subject, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error: the
// cause's own code where it has one, Unavailable for [ErrClosed], and
// FailedPrecondition for everything that only the program can change.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

// Permanent reports whether no later call can succeed, whatever the code says: the ClientSet
// was closed.
func (e *Error) Permanent() bool { return errors.Is(e.Err, ErrClosed) }

func (e *Error) code() codes.Code {
	code, ok := fault.Code(e.Err)
	switch {
	case ok:
		return code
	case errors.Is(e.Err, ErrClosed):
		return codes.Unavailable
	default:
		return codes.FailedPrecondition
	}
}
