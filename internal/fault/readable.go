package fault

import (
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Readable returns the status that a backend answered with, as an error that is safe to
// print: if its message is too long, or could control a terminal, the message is that of
// [Message]. Every other error, and every other part of the status, stays as it is.
func Readable(err error) error {
	st, ok := status.FromError(err)
	if err == nil || !ok || st.Code() == codes.OK || isReadable(st.Message()) && isReadable(err.Error()) {
		return err
	}
	return &readableError{err}
}

// isReadable reports whether Message would return text as it is.
func isReadable(text string) bool {
	return isClean(text) && (len(text) <= MaxMessage || utf8.RuneCountInString(text) <= MaxMessage)
}

// readableError is the error that it holds, in words that are safe.
type readableError struct{ error }

func (e *readableError) Error() string { return Message(e.error.Error()) }

func (e *readableError) Unwrap() error { return e.error }

func (e *readableError) GRPCStatus() *status.Status {
	st := status.Convert(e.error).Proto()
	st.Message = Message(st.GetMessage())
	return status.FromProto(st)
}
