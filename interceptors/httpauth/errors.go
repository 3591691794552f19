package httpauth

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

var (
	// ErrNotRepeated means that the server rejected the credentials of a request whose
	// body can be read only once. The credentials have been replaced, so the same request
	// can succeed when the caller sends it again.
	ErrNotRepeated = errors.New("its body can be read only once, so it was not sent again; the credentials have been replaced: " +
		"send the request again, or set Request.GetBody, as http.NewRequest does for bytes.Reader, bytes.Buffer and strings.Reader")
	// ErrOrigin means that a request was not sent because it was for another server than
	// those that credentials may be sent to; see [WithStrictOrigins].
	ErrOrigin = errors.New("the server is not one of the origins that credentials are sent to")
	// ErrPlaintext means that credentials were not sent, because they would have left this
	// machine without TLS.
	ErrPlaintext = errors.New("credentials are not sent without TLS; use TLS, or WithPlaintextCredentials if the network is trusted")
)

// minSecret is the shortest query that is removed from a text, in bytes.
const minSecret = 4

// Values of Error.Op that more than one place needs.
const (
	opSend   = "send"
	opAttach = "attach credentials"
	opRepeat = "repeat"
)

// Error is an error of this side, not an answer of a server and not one of the
// connection: those are returned as they are. errors.Is and errors.As find Err.
type Error struct {
	// Op is the operation that failed: "get credentials", "replace credentials", "attach
	// credentials", "send" or "repeat".
	Op string
	// Method is the method of the request.
	Method string
	// URL is the URL of the request, without user, query and fragment, which may hold a
	// secret.
	URL string
	// RequestID is the x-request-id of the request; may be empty.
	RequestID string
	// Rejection is the answer by which the server rejected the credentials; nil if there
	// was none. Its body needs no Close and may have been cut short.
	Rejection *http.Response
	// Err is the cause; never nil.
	Err error
}

// Error returns the operation, the request, the status of the rejection if there was one,
// and the cause.
func (e *Error) Error() string {
	subject := "for " + e.Method + " " + e.URL
	if e.Op == opSend || e.Op == opRepeat {
		subject = e.Method + " " + e.URL
	}
	if e.Rejection != nil {
		subject += fmt.Sprintf(" after the server answered %d %s", e.Rejection.StatusCode, http.StatusText(e.Rejection.StatusCode))
	}
	return fault.Text("httpauth", e.Op, subject, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Timeout reports whether a deadline ended the request, for url.Error.Timeout.
func (e *Error) Timeout() bool { return errors.Is(e.Err, context.DeadlineExceeded) }

func newError(op string, r *http.Request, err error) *Error {
	return &Error{Op: op, Method: method(r), URL: withoutSecrets(r.URL), RequestID: requestIDOf(r), Err: err}
}

// withoutSecrets returns a URL without user, query and fragment; u may be nil.
func withoutSecrets(u *url.URL) string {
	if u == nil {
		return ""
	}
	bare := *u
	bare.User, bare.RawQuery, bare.ForceQuery, bare.Fragment, bare.RawFragment = nil, "", false, "", ""
	return bare.String()
}

// Scrub returns err with the URL of the [url.Error] that http.Client made of it cut to
// scheme, host and path: its query may hold a token, a code or a state. Everything else of
// err stays as it is; an err without a url.Error is returned unchanged.
func Scrub(err error) error {
	outer, ok := err.(*url.Error) //nolint:errorlint // what is wrapped deeper is text already
	if !ok {
		return err
	}
	cut, _, _ := strings.Cut(outer.URL, "?")
	if u, parseErr := url.Parse(outer.URL); parseErr == nil {
		cut = withoutSecrets(u)
	}
	return &url.Error{Op: outer.Op, URL: cut, Err: Scrub(outer.Err)}
}

// scrubbed is an error of the transport below whose text had secrets of the URL in it. It
// does not unwrap, since those below have them still.
type scrubbed struct {
	cause error
	text  string
}

func (e *scrubbed) Error() string { return e.text }

func (e *scrubbed) Is(target error) bool { return errors.Is(e.cause, target) }

// Timeout is for url.Error.Timeout.
func (e *scrubbed) Timeout() bool {
	timeout, ok := errors.AsType[net.Error](e.cause)
	return ok && timeout.Timeout()
}

// withoutQuery removes from an error of the transport below what may be secret in the URL.
func withoutQuery(err error, u *url.URL) error {
	err = Scrub(err)
	said := err.Error()
	text := said
	if len(u.RawQuery) >= minSecret {
		text = strings.ReplaceAll(text, u.RawQuery, "…")
	}
	if u.User != nil {
		text = strings.ReplaceAll(text, u.User.String()+"@", "")
	}
	if text == said {
		return err
	}
	return &scrubbed{err, text}
}
