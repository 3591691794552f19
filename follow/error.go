package follow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrFailed says that the run ended FAILED.
	ErrFailed = errors.New("it failed")
	// ErrAborted says that the run was aborted.
	ErrAborted = errors.New("it was aborted")
	// ErrTimedOut says that the run took longer than it may.
	ErrTimedOut = errors.New("it timed out")
	// ErrNoLogs says that the backend has no logs of the attempt: it has not started, or its
	// logs have been deleted. Tail again later, or allow more time with [WithLogGrace].
	ErrNoLogs = errors.New("there are no logs of this attempt")
	// ErrGaveUp says that stream after stream failed; the rest of the error is the last
	// failure. See [WithMaxFailures].
	ErrGaveUp = errors.New("gave up")
	// ErrRepeatedToken says that a list does not end: the server returned a page token that
	// it had returned before.
	ErrRepeatedToken = errors.New("the server returned a page token for the second time")
	// ErrEndless says that a list does not end: the server returned ever new page tokens, with
	// 1,000 pages in a row on which there is nothing.
	ErrEndless = errors.New("the server sends page after page, and nothing on them")
)

// Error is the error of this package: what was tried, with what, and why it failed. It is
// also a gRPC status, with the code and the details of the cause; an error of a server
// keeps its code through it, and one of the caller's context is Canceled or
// DeadlineExceeded.
type Error struct {
	// Op is what failed: "watch action", "watch runs", "watch actions", "tail logs",
	// "wait for run", "read outputs", or "list" and what is listed.
	Op string
	// Subject is what it was about, such as "demo/development/r1/a0"; may be empty.
	Subject string
	// Err is the cause; never nil.
	Err error
}

// Error returns the operation, its subject and the cause.
func (e *Error) Error() string {
	subject := e.Subject
	if subject != "" {
		subject = "of " + subject
	}
	return fault.Text("follow", e.Op, subject, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *Error) GRPCStatus() *status.Status {
	if st, ok := status.FromError(e.Err); ok && st.Code() != codes.OK {
		answer := st.Proto() // a copy, with the details
		answer.Message = e.Error()
		return status.FromProto(answer)
	}
	code, _ := fault.Code(e.Err)
	return status.New(code, e.Error())
}

// contextError returns why ctx ended, so that errors.Is finds both its error and its cause.
func contextError(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// permanent is what errors of this side can say of themselves, such as that the connection
// was closed by the program.
type permanent interface {
	error
	Permanent() bool
}

// transient reports whether the same call may succeed later. A stream that had begun is
// opened again after Unauthenticated too: the login is replaced then, which interceptors do
// for new calls only.
//
// What is not listed is doubtful: proxies that cut a stream and servers that crash
// answer almost anything. The number of failures in a row is limited.
func transient(err error, begun bool) bool {
	if p, ok := errors.AsType[permanent](err); ok && p.Permanent() {
		return false
	}
	switch status.Code(err) {
	case codes.NotFound, codes.PermissionDenied, codes.InvalidArgument, codes.Unimplemented,
		codes.FailedPrecondition, codes.AlreadyExists, codes.OutOfRange:
		return false
	case codes.Unauthenticated:
		return begun
	case codes.ResourceExhausted:
		return !strings.Contains(err.Error(), "larger than max") // grpc-go's own limit of a message
	case codes.Canceled:
		return !errors.Is(err, grpc.ErrClientConnClosing) //nolint:staticcheck // no other way to recognize it
	default:
		return true
	}
}
