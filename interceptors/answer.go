package interceptors

import (
	"errors"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

const (
	// maxWords is how much of a server's message an [Error] repeats, in bytes.
	maxWords = 200
	// minToken is the shortest token, in bytes, that is removed from a server's
	// message; shorter ones occur in tests only, and in many words.
	minToken = 6
)

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

// identify adds a request id to an error of the server.
func identify(err error, id string) error {
	if err == nil || id == "" || errors.Is(err, io.EOF) {
		return err
	}
	if _, ok := status.FromError(err); !ok { // callers may compare it by ==
		return err
	}
	return &identifiedError{error: err, id: id}
}

// cut returns at most the first maxWords bytes of a text.
func cut(words string) string {
	if len(words) <= maxWords {
		return words
	}
	return strings.ToValidUTF8(words[:maxWords], "") + "…"
}

// withoutTokens returns an answer of the server as it is, unless it repeats one of
// the tokens that it was sent: then it returns a status with the same code, and the
// message without them.
func withoutTokens(answer error, sent ...*auth.Credentials) error {
	if answer == nil || errors.Is(answer, io.EOF) || isOwn(answer) {
		return answer
	}
	text := answer.Error()
	told := func(c *auth.Credentials) bool {
		return c != nil && len(c.AccessToken) >= minToken && strings.Contains(text, c.AccessToken)
	}
	if !slices.ContainsFunc(sent, told) {
		return answer
	}
	words := status.Convert(answer).Message()
	for _, c := range sent {
		if told(c) {
			words = strings.ReplaceAll(words, c.AccessToken, "[token]")
		}
	}
	return status.Error(status.Code(answer), words)
}
