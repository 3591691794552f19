package interceptors

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// ErrNotReplayed means that a stream was rejected after more messages had been sent
// than are kept for sending them again. The credentials have been replaced, so the
// same call can succeed when the caller starts it again.
var ErrNotReplayed = errors.New("more was sent before the first response than can be sent again " +
	"(64 messages, 256 KiB); the credentials have been replaced, start the call again")

// Error is an error of this client, not an answer of a server. A retry interceptor must
// not repeat the call because of its code, since the [Source] decides when to try
// again; if the code is Unavailable, a later call may succeed. status.FromError accepts
// it. errors.Is and errors.As find both Err and Rejection.
type Error struct {
	// Op is the operation that failed: "get credentials", "get proxy credentials", "replace
	// credentials", "attach credentials" or "replay".
	Op string
	// Method is the full method name of the call.
	Method string
	// RequestID is the call's x-request-id; may be empty.
	RequestID string
	// Rejection is the server's answer that preceded the error; nil if there was none.
	Rejection error
	// Err is the cause; never nil.
	Err error

	words string // of the rejection, without any token
}

// Error returns the operation, the method, the rejection if there was one, and the
// cause.
func (e *Error) Error() string {
	subject := "for " + e.Method
	if e.Rejection != nil {
		subject += " after the server answered " + status.Code(e.Rejection).String()
		if e.words != "" {
			subject += fmt.Sprintf(" (%q)", e.words)
		}
	}
	return fault.Text("interceptors", e.Op, subject, e.Err)
}

// Unwrap returns Err, and Rejection if it is set.
func (e *Error) Unwrap() []error {
	if e.Rejection == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Rejection}
}

// GRPCStatus makes status.FromError and status.Code work on the error. Without a
// rejection the code is that of Err. After a rejection it is that of Err only if that
// is transient, caused by the caller, or about a setting (Unavailable, Canceled,
// DeadlineExceeded, FailedPrecondition), and the credentials have expired or there were
// none. In all other cases it is Unauthenticated.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

func (e *Error) code() codes.Code {
	code, ok := fault.Code(e.Err)
	switch {
	case !ok, e.Rejection != nil && errors.Is(e.Err, auth.ErrNotReplaced):
		return codes.Unauthenticated
	case e.Rejection == nil:
		return code
	}
	switch code {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded, codes.FailedPrecondition:
		return code
	default:
		return codes.Unauthenticated
	}
}

// isOwn reports whether err is an [Error], not an answer of a server.
func isOwn(err error) bool {
	_, own := errors.AsType[*Error](err)
	return own
}

// RequestID returns the x-request-id of the call that failed with err, or "" if err
// has none.
func RequestID(err error) string {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.RequestID
	}
	if answered, ok := errors.AsType[*identifiedError](err); ok {
		return answered.id
	}
	return ""
}
