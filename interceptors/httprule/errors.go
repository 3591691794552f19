package httprule

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/internal/fault"
)

// Error is an error of this side: a call that could not be made, a connection that broke,
// or an answer that cannot be read. It is a gRPC status, too. What a server or a proxy
// refused is a plain status.
type Error struct {
	// Method is "/package.Service/Method".
	Method string
	// Code is the gRPC code: Unavailable for the network, that of the context, or that of
	// the status in Err, such as a login's.
	Code codes.Code
	// Err is the cause; never nil, and without the URL of the request, whose query may hold
	// a secret.
	Err error
}

// Error returns the method and the cause.
func (e *Error) Error() string { return fault.Text("httprule", "call", e.Method, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// GRPCStatus is for [status.FromError].
func (e *Error) GRPCStatus() *status.Status { return status.New(e.Code, e.Error()) }

// codedError is a cause with the code that its Error will have.
type codedError struct {
	error
	code codes.Code
}

func coded(code codes.Code, err error) error { return codedError{err, code} }

func newError(method string, err error) *Error {
	if c, ok := err.(codedError); ok { //nolint:errorlint // only the outermost is one
		return &Error{Method: method, Code: c.code, Err: c.error}
	}
	return &Error{Method: method, Code: codes.Internal, Err: err}
}

// failure returns the error of a request that got no answer, or the first part of one.
func (c *conn) failure(ctx context.Context, r *http.Request, err error) error {
	code := codes.Unavailable
	slow, isNet := errors.AsType[net.Error](err) // of a body too
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // its text without the URL
	}
	switch st, ok := status.FromError(err); {
	case ctx.Err() != nil:
		code = status.FromContextError(ctx.Err()).Code()
	case ok && st.Code() != codes.OK: // a login's
		code = st.Code()
	case isNet && slow.Timeout() && c.http.Timeout > 0:
		code = codes.DeadlineExceeded
	}
	if text := withoutQuery(err.Error(), r.URL.RawQuery); text != err.Error() {
		err = &scrubbed{err, text}
	}
	return coded(code, err)
}

// scrubbed is an error whose text had the query of the URL in it. It does not unwrap, since
// those below have it still.
type scrubbed struct {
	cause error
	text  string
}

func (e *scrubbed) Error() string { return e.text }

func (e *scrubbed) Is(target error) bool { return errors.Is(e.cause, target) }

// withoutQuery removes the query of a request from a text, also where it is escaped.
func withoutQuery(text, query string) string {
	if len(query) < minQuery {
		return text
	}
	secrets := fault.Secrets{Mark: "…"}
	secrets.Add(query)
	return secrets.Scrub(text)
}
