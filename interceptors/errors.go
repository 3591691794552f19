package interceptors

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

// ErrNotReplayed says that a stream was rejected after more had been sent than
// is kept for sending it again. The credentials have been replaced: the same
// call, started afresh, can succeed.
var ErrNotReplayed = errors.New("more was sent before the first response than can be sent again " +
	"(64 messages, 256 KiB); the credentials have been replaced, start the call again")

// Error is an error made on this side: no server answered it, and trying the
// same call again through a retry that looks at codes does not help. It reads as
// a gRPC status. Both its causes are found by errors.Is and errors.As.
type Error struct {
	// Op is what failed: "get credentials", "get proxy credentials", "replace
	// credentials", "attach credentials" or "replay".
	Op string
	// Method is the full method name of the call.
	Method string
	// RequestID is the call's x-request-id; may be empty.
	RequestID string
	// Rejection is what the server had answered before; nil when it had not been
	// asked yet.
	Rejection error
	// Err is the cause; never nil.
	Err error

	words string // of the rejection, without any token
}

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

// Unwrap returns the cause and what the server had answered.
func (e *Error) Unwrap() []error {
	if e.Rejection == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Rejection}
}

// GRPCStatus makes status.FromError and status.Code work on the error. Before
// the server was asked the code is the cause's own. After a rejection it is the
// cause's own only if that may pass or was the caller's doing (Unavailable,
// Canceled, DeadlineExceeded). Everything else is Unauthenticated.
func (e *Error) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

func (e *Error) code() codes.Code {
	code, ok := fault.Code(e.Err)
	passing := code == codes.Unavailable || code == codes.Canceled || code == codes.DeadlineExceeded
	if !ok || e.Rejection != nil && !passing {
		return codes.Unauthenticated
	}
	return code
}

// isOwn tells an error made on this side from a server's.
func isOwn(err error) bool {
	_, own := errors.AsType[*Error](err)
	return own
}

// RequestID returns the x-request-id of the call that ended with err, or "" when
// err does not tell.
func RequestID(err error) string {
	if own, ok := errors.AsType[*Error](err); ok {
		return own.RequestID
	}
	if answered, ok := errors.AsType[*identifiedError](err); ok {
		return answered.id
	}
	return ""
}
