package interceptors

import (
	"errors"
	"io"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/internal/fault"
)

// minToken is the shortest token, in bytes, that is removed from a server's
// message; shorter ones occur in tests only, and in many words.
const minToken = 6

// maxSearched is how much of a server's message is searched, in characters: far more than
// is shown of it.
const maxSearched = 1 << 20

// identify adds the request id to the server's last answer, and removes tokens that
// the server repeats in it.
func (k *call) identify(answer error) error {
	return identify(withoutTokens(answer, k.mainNow, k.proxyNow), k.id)
}

// identifiedError is a server's error with its request id; in all else it behaves
// like the error that it wraps.
type identifiedError struct {
	error
	id string
}

func (e *identifiedError) Unwrap() error { return e.error }

func (e *identifiedError) GRPCStatus() *status.Status { return status.Convert(e.error) }

// identify adds a request id to an error of the server, and makes it safe to print.
func identify(err error, id string) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	err = fault.Readable(err)
	if id == "" {
		return err
	}
	if _, ok := status.FromError(err); !ok { // callers may compare it by ==
		return err
	}
	return &identifiedError{error: err, id: id}
}

// withoutTokens returns an answer of the server as it is, unless it repeats one of
// the tokens that it was sent, in whatever form: then it returns a status with the same
// code, and the message without them.
func withoutTokens(answer error, sent ...*auth.Credentials) error {
	if answer == nil || errors.Is(answer, io.EOF) || isOwn(answer) {
		return answer
	}
	known := fault.Secrets{Mark: "[token]"}
	for _, c := range sent {
		if c != nil && len(c.AccessToken) >= minToken {
			known.Add(c.AccessToken)
		}
	}
	if !known.Find(fault.Cut(answer.Error(), maxSearched)) {
		return answer
	}
	return status.Error(status.Code(answer), known.Scrub(fault.Cut(status.Convert(answer).Message(), maxSearched)))
}
