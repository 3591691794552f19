package nublado

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jetway-go/jetway/internal/fault"
)

// The kinds of an [*APIError], for errors.Is.
var (
	// ErrInvalid means that an argument is not valid. Nothing was sent.
	ErrInvalid = errors.New("the request is not valid")
	// ErrNoAnswer means that the request was not sent, or that its answer did not arrive: the
	// cause is that of the connection or of the context.
	ErrNoAnswer = errors.New("there is no answer")
	// ErrToken means that Gafaelfawr rejects the token, or that the login has none: status
	// 401, or a redirect to the login page.
	ErrToken = errors.New("the token is rejected, or there is none")
	// ErrNotLoggedIn means that the hub or the lab does not accept the cookies or the XSRF
	// value of this client, for example because it was restarted. Call
	// [Client.AuthToHub], which begins anew.
	ErrNotLoggedIn = errors.New("the hub or the lab does not accept the login; begin anew with AuthToHub")
	// ErrForbidden means that the user may not do this (403).
	ErrForbidden = errors.New("the user is not allowed to do this")
	// ErrNotFound means that there is no such user, session or kernel (404).
	ErrNotFound = errors.New("not found")
	// ErrRefused means that the hub or the lab does not do this now: the lab is already
	// running, or is starting and cannot be stopped. The message says which.
	ErrRefused = errors.New("the request is refused")
	// ErrBusy means that too many labs are starting or running (429); see
	// [APIError.RetryAfter].
	ErrBusy = errors.New("too many labs are starting or running")
	// ErrRedirect means that a redirect was not followed: it leads away from Nublado, or
	// round in circles.
	ErrRedirect = errors.New("the redirect is not followed")
	// ErrLabNotRunning means that the user's lab does not run. Start it with [Client.Spawn].
	ErrLabNotRunning = errors.New("the lab is not running; start it with Spawn")
	// ErrSpawn means that a lab did not start.
	ErrSpawn = errors.New("the lab did not start")
	// ErrServer means that the hub, the lab, or a proxy in front of them failed (5xx).
	ErrServer = errors.New("the server failed")
	// ErrAnswer means that an answer is none of Nublado's: a page instead of JSON, another
	// form, or more than its bound.
	ErrAnswer = errors.New("the answer is not one of Nublado's")
)

// APIError is the error of [Client]. errors.Is finds its Kind and its cause. It contains no
// token, no cookie, and no state, code or XSRF value of a login; only what the program's own
// code says in an exception is shown as it is.
type APIError struct {
	// Op is the operation, such as "spawn the lab".
	Op string
	// User is whose client it is.
	User string
	// Kind is one of the kinds above, such as [ErrLabNotRunning], or one of package kernel,
	// such as kernel.ErrException; never nil.
	Kind error
	// URL is the URL of the last request, without query; empty if none was made.
	URL string
	// Status is the HTTP status of the answer; zero if there is none.
	Status int
	// Message is what the answer says, on one line; may be empty.
	Message string
	// Log has what the hub said while a lab started, oldest first, if that is what failed.
	Log []string
	// Err is the cause, such as the end of the context; may be nil.
	Err error

	after time.Duration
}

// Error returns the operation, the user, the kind, the cause and the message.
func (e *APIError) Error() string {
	cause := e.Kind
	switch {
	case errors.Is(e.Err, e.Kind): // which says so itself
		cause = e.Err
	case e.Err != nil:
		cause = fmt.Errorf("%w: %w", cause, e.Err)
	}
	if e.Status != 0 {
		cause = fmt.Errorf("%w (HTTP status %d of %s)", cause, e.Status, e.URL)
	}
	if e.Message != "" {
		cause = fmt.Errorf("%w: %s", cause, e.Message)
	}
	subject := ""
	if e.User != "" {
		subject = "for " + e.User
	}
	return fault.Text("nublado", e.Op, subject, cause)
}

// Unwrap returns the kind and the cause.
func (e *APIError) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// Timeout reports whether a deadline ended the request.
func (e *APIError) Timeout() bool { return errors.Is(e.Err, context.DeadlineExceeded) }

// RetryAfter returns how long the hub asks to wait before the request is sent again; zero
// if it does not say.
func (e *APIError) RetryAfter() time.Duration { return e.after }
