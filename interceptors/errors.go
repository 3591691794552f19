package interceptors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
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

// maxWords is how much of a server's message an error repeats, in bytes.
const maxWords = 200

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("interceptors: " + e.Op + " for " + e.Method)
	if e.Rejection != nil {
		b.WriteString(" after the server answered " + status.Code(e.Rejection).String())
		if e.words != "" {
			fmt.Fprintf(&b, " (%q)", e.words)
		}
	}
	b.WriteString(": " + e.Err.Error())
	return b.String()
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
	code := codes.Unauthenticated
	st, isStatus := status.FromError(e.Err)
	switch {
	case isStatus:
		code = st.Code()
	case errors.Is(e.Err, context.Canceled):
		code = codes.Canceled
	case errors.Is(e.Err, context.DeadlineExceeded):
		code = codes.DeadlineExceeded
	}
	switch code {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		return code
	case codes.OK: // an error is never a success, whatever it says
		return codes.Unauthenticated
	}
	if e.Rejection != nil {
		return codes.Unauthenticated
	}
	return code
}

// wordsOf returns what the server said, which may be the very token that it did
// not accept.
func wordsOf(answer error, sent ...*auth.Credentials) string {
	words := status.Convert(answer).Message()
	for _, c := range sent {
		if c != nil && c.AccessToken != "" {
			words = strings.ReplaceAll(words, c.AccessToken, "[token]")
		}
	}
	if len(words) > maxWords {
		words = strings.ToValidUTF8(words[:maxWords], "") + "…"
	}
	return words
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

// identifiedError is a server's error that knows its request id and is in
// everything else the error it holds.
type identifiedError struct {
	error
	id string
}

func (e *identifiedError) Unwrap() error { return e.error }

func (e *identifiedError) GRPCStatus() *status.Status { return status.Convert(e.error) }

// identify adds a request id to an error of the server. Its text is cloned,
// because ids are cut from a larger text that should not stay for their sake.
func identify(err error, id string) error {
	if err == nil || id == "" || errors.Is(err, io.EOF) {
		return err
	}
	if _, ok := status.FromError(err); !ok { // callers may compare it by ==
		return err
	}
	return &identifiedError{error: err, id: strings.Clone(id)}
}
