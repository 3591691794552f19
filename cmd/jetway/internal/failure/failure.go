// Package failure says what an error means to a person and to a script: an exit code
// that stays the same from version to version, and a hint what to do next.
//
// Call [Of] for the failure of any error; [Usage] and [Hint] make errors of the command
// line itself.
package failure

import (
	"context"
	"errors"
	"fmt"
	"net"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/auth/flow"
	"github.com/jetway-go/jetway/clientset"
	"github.com/jetway-go/jetway/cmd/jetway/internal/show"
	"github.com/jetway-go/jetway/configstore"
)

// The exit codes. They are part of the interface: scripts decide by them.
const (
	OK          = 0
	General     = 1   // anything else
	Misuse      = 2   // the command line is wrong
	Config      = 3   // a setting, a file or a certificate is wrong or missing
	Auth        = 4   // a login is needed, or was rejected
	Permission  = 5   // the login lacks a permission
	NotFound    = 6   // there is no such thing
	Conflict    = 7   // it exists already, or has changed
	Timeout     = 8   // not finished in time
	Unavailable = 9   // the backend cannot be reached now
	Interrupted = 130 // Ctrl-C
)

// ErrInterrupted is the error of a command that a signal has ended.
var ErrInterrupted = errors.New("interrupted")

// Failure is an error as a command reports it.
type Failure struct {
	// Exit is the exit code.
	Exit int `json:"code"`
	// GRPC is the gRPC code, such as "NotFound"; empty if no call failed.
	GRPC string `json:"grpc_code,omitempty"`
	// Message says what failed and why; it contains no secret.
	Message string `json:"message"`
	// Detail is the whole error where Message is a short form of it.
	Detail string `json:"detail,omitempty"`
	// Hint says what to do next; empty if the message says it.
	Hint string `json:"hint,omitempty"`

	known bool // to the person, who ended the command
}

// hinted is an error with an exit code or a hint of its own.
type hinted struct {
	exit int
	hint string
	err  error
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// Usage returns an error of the command line.
func Usage(format string, args ...any) error {
	return &hinted{exit: Misuse, err: fmt.Errorf(format, args...)}
}

// Exit returns err with an exit code and a hint; an empty hint adds none.
func Exit(code int, err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{exit: code, hint: hint, err: err}
}

// Hint returns err with a hint, and the exit code that it has anyway.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &hinted{exit: -1, hint: hint, err: err}
}

// Of returns what err means; that of nil has the exit code [OK].
func Of(err error) Failure {
	if err == nil {
		return Failure{}
	}
	f := Failure{Exit: -1, known: errors.Is(err, context.Canceled) || errors.Is(err, ErrInterrupted), Message: Plain(err.Error())}
	if h, ok := errors.AsType[*hinted](err); ok {
		f.Exit, f.Hint = h.exit, h.hint
	}
	if s, ok := status.FromError(err); ok {
		f.GRPC = s.Code().String()
	}
	if f.Exit < 0 {
		f.Exit = exit(err)
	}
	if f.Hint == "" {
		f.Hint = hint(err, f.Exit)
	}
	if errors.Is(err, auth.ErrInteractionRequired) {
		f.Detail, f.Message = f.Message, "there is no usable login for this backend"
	}
	f.Message, f.Detail = show.CleanText(f.Message), show.CleanText(f.Detail) // servers write a part of it
	f.Hint = show.CleanText(f.Hint)                                           // it may name a file that others have made
	return f
}

func exit(err error) int {
	switch {
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		return Interrupted
	case errors.Is(err, flow.ErrLoginTimeout):
		return Timeout
	case errors.Is(err, auth.ErrInteractionRequired), errors.Is(err, auth.ErrRejected), errors.Is(err, auth.ErrDeclined):
		return Auth
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	s, ok := status.FromError(err)
	switch {
	case !ok && unreached(err):
		return Unavailable
	case !ok:
		return General
	}
	switch s.Code() {
	case codes.InvalidArgument, codes.OutOfRange:
		return Misuse
	case codes.FailedPrecondition:
		return Config
	case codes.Unauthenticated:
		return Auth
	case codes.PermissionDenied:
		return Permission
	case codes.NotFound:
		return NotFound
	case codes.AlreadyExists, codes.Aborted:
		return Conflict
	case codes.DeadlineExceeded:
		return Timeout
	case codes.Unavailable, codes.ResourceExhausted:
		return Unavailable
	case codes.Canceled:
		return Interrupted
	default:
		return General
	}
}

// unreached reports whether err is that of a connection which could not be made, or was cut: of
// an HTTP API, whose errors have no code.
func unreached(err error) bool {
	lost, ok := errors.AsType[*net.OpError](err)
	return ok && lost.Op != "listen" || is[*net.DNSError](err)
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func hint(err error, code int) string {
	switch {
	case errors.Is(err, auth.ErrInteractionRequired):
		return "run: jetway login"
	case errors.Is(err, clientset.ErrPlaintext), errors.Is(err, configstore.ErrPlaintext):
		return "credentials are sent without TLS to this machine only: use TLS, or a port-forward to 127.0.0.1"
	case errors.Is(err, clientset.ErrNoGRPC):
		return "this kind of backend has an HTTP API only: jetway http makes a request; --platform names another kind"
	case code == Auth:
		return "run: jetway login; jetway auth-status shows what is stored"
	case code == Unavailable:
		return "run: jetway doctor"
	case code == Timeout:
		return "--timeout allows more; jetway doctor says what does not answer"
	case code == Permission:
		return "jetway whoami says who the backend takes you for"
	default:
		return ""
	}
}
