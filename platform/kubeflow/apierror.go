package kubeflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/fault"
)

// What the API refuses, for errors.Is.
var (
	// ErrBadRequest means that the request or the package is not valid. An older API
	// server also answers so to an upload whose caller may not create pipelines.
	ErrBadRequest = errors.New("the API does not accept the request")
	// ErrUnauthenticated means that the API, or a proxy in front of it, rejects the login,
	// and that there is no other, or that there is none.
	ErrUnauthenticated = errors.New("the login is rejected, or there is none")
	// ErrForbidden means that the caller may not do that in the namespace.
	ErrForbidden = errors.New("the caller lacks the permission in the namespace")
	// ErrNotFound means that there is no such pipeline, or that the base is not that of the
	// API.
	ErrNotFound = errors.New("not found; is the base that of the API?")
	// ErrExists means that there is a pipeline, or a version of the pipeline, of this name.
	ErrExists = errors.New("it exists already")
	// ErrTooLarge means that a package is larger than [MaxPackage], or than the server, or a
	// proxy in front of it, takes.
	ErrTooLarge = errors.New("the package is too large")
	// ErrChanged means that a file is longer or shorter than it was when its upload began.
	// The server has not got all of it.
	ErrChanged = errors.New("the package changed while it was sent; send it again")
	// ErrServerFault means that the API server, or a proxy in front of it, failed (5xx).
	ErrServerFault = errors.New("the API server failed")
	// ErrAnswer means that the answer is not one of the API.
	ErrAnswer = errors.New("the answer is not one of Kubeflow's API")
)

// APIError is the error of [Client]. errors.Is finds what was refused, such as [ErrExists],
// or the cause why there is no answer: that of the context, of the connection or of the
// login. It converts to a gRPC status, as the errors of stubs do, and contains no secret.
type APIError struct {
	// Op is the operation, such as "upload pipeline".
	Op string
	// Subject is what it was for, such as the name of a package; may be empty.
	Subject string
	// Status is the HTTP status of the answer; zero if there is none.
	Status int
	// Message is the server's own; may be empty.
	Message string
	// Err is the cause; never nil.
	Err error
}

// Error returns the operation, the cause, and the server's message.
func (e *APIError) Error() string {
	cause := e.Err
	if e.Status != 0 {
		cause = fmt.Errorf("%w (HTTP status %d)", e.Err, e.Status)
	}
	if e.Message != "" {
		cause = fmt.Errorf("%w: %s", cause, e.Message)
	}
	return fault.Text("kubeflow", e.Op, e.Subject, cause)
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Err }

// GRPCStatus makes status.FromError and status.Code work on the error.
func (e *APIError) GRPCStatus() *status.Status { return status.New(e.code(), e.Error()) }

func (e *APIError) code() codes.Code {
	for _, known := range []struct {
		err  error
		code codes.Code
	}{
		{ErrBadRequest, codes.InvalidArgument}, {ErrUnauthenticated, codes.Unauthenticated}, {ErrForbidden, codes.PermissionDenied},
		{ErrNotFound, codes.NotFound}, {ErrExists, codes.AlreadyExists}, {ErrTooLarge, codes.InvalidArgument}, {ErrAnswer, codes.Unknown},
		{ErrChanged, codes.Aborted},
	} {
		if errors.Is(e.Err, known.err) {
			return known.code
		}
	}
	return auth.Code(e.Err)
}

// call is what an error is about.
type call struct{ op, subject string }

func (c call) fail(err error) error { return &APIError{Op: c.op, Subject: c.subject, Err: err} }

func (c call) answered(status int, err error) *APIError {
	return &APIError{Op: c.op, Subject: c.subject, Status: status, Err: err}
}

// unsent returns the error of a request that has no answer, without its URL. A login that
// failed after the API had rejected another one is named.
func (c call) unsent(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if login, ok := errors.AsType[*httpauth.Error](err); ok && login.Rejection != nil {
		return c.answered(login.Rejection.StatusCode, fmt.Errorf("%w: %w", ErrUnauthenticated, login.Err))
	}
	return c.fail(err)
}

// withID returns err, or that the answer of a success does not say what was made.
func (c call) withID(id string, err error) error {
	if err == nil && id == "" {
		return c.answered(http.StatusOK, fmt.Errorf("%w: it has no id", ErrAnswer))
	}
	return err
}

// judge returns the error of an answer that is no success.
func (c call) judge(resp *http.Response, body []byte) error {
	e := c.answered(resp.StatusCode, nil)
	said := messageIn(body)
	e.Message = fault.Foreign(said, fault.MaxForeign)
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized, code >= 300 && code < 400, code == http.StatusForbidden && isPage(body):
		e.Err = ErrUnauthenticated // a redirect, and a page with 403, are of a proxy's login
	case code == http.StatusForbidden, code == http.StatusBadRequest && strings.Contains(said, "denied: permission"):
		e.Err = ErrForbidden
	case code == http.StatusBadRequest && strings.Contains(said, "authentication failed"):
		e.Err = ErrUnauthenticated
	case code == http.StatusBadRequest:
		e.Err = ErrBadRequest
	case code == http.StatusNotFound:
		e.Err = ErrNotFound
	case code == http.StatusConflict:
		e.Err = ErrExists
	case code == http.StatusRequestEntityTooLarge:
		e.Err = ErrTooLarge
	case code >= http.StatusInternalServerError:
		e.Err = ErrServerFault
	default:
		e.Err = ErrAnswer
	}
	return e
}

// aPage is what an error says of a web page.
const aPage = "a web page"

func isPage(body []byte) bool { return strings.HasPrefix(strings.TrimSpace(string(body)), "<") }

// messageIn returns what an error says, in one of the forms that there are.
func messageIn(body []byte) string {
	var said struct {
		Upload  string `json:"error_message"`
		Gateway string `json:"message"`
	}
	switch err := json.Unmarshal(body, &said); {
	case err != nil && isPage(body):
		return aPage
	case err != nil:
		return string(body)
	case said.Upload != "":
		return said.Upload
	default:
		return said.Gateway
	}
}

// isGone reports whether err ends an operation at once: its caller has left, or there is no
// login or no connection.
func isGone(ctx context.Context, err error) bool {
	e, ok := errors.AsType[*APIError](err)
	return ok && (ctx.Err() != nil || e.Status == 0 || errors.Is(err, ErrUnauthenticated))
}
