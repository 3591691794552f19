package jupyterhub

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/clock"
	"github.com/jetway-go/jetway/internal/fault"
	"github.com/jetway-go/jetway/internal/retryafter"
)

// What the hub's API refuses, for errors.Is.
var (
	// ErrBadRequest means that the request is not valid, or not now: a server that is
	// already running, or one that is starting and cannot be stopped. The message of
	// the hub says which (400).
	ErrBadRequest = errors.New("the hub does not accept the request")
	// ErrTokenRejected means that the token is missing, not valid, expired or revoked, and
	// that the login has no other: 401, 403 of [Client.Self], or a 403 that the login
	// has looked into, see [Resolver.Resolve].
	ErrTokenRejected = errors.New("the hub rejects the token")
	// ErrForbidden means that the token lacks a scope. The hub answers alike to a token
	// that is not valid; [Client.Self] says if it is (403).
	ErrForbidden = errors.New("the token lacks a scope, or is not valid")
	// ErrNotFound means that there is no such user, group, token or server, or that the
	// token may not see it (404).
	ErrNotFound = errors.New("not found, or not visible with this token")
	// ErrExists means that there is a user or group of this name already (409).
	ErrExists = errors.New("it exists already")
	// ErrServerNotRunning means that a request to a user's server was not delivered,
	// because that server does not run: 424, a redirect to the hub's /hub/user/, or the
	// hub's page with 405.
	ErrServerNotRunning = errors.New("the user's server is not running; start it with StartServer")
	// ErrSpawnFailed means that a server did not start.
	ErrSpawnFailed = errors.New("the server did not start")
	// ErrTooManyRequests means that too many servers are starting or running; see
	// [APIError.RetryAfter] (429).
	ErrTooManyRequests = errors.New("too many servers are starting or running")
	// ErrHubFault means that the hub, or a proxy in front of it, failed (5xx).
	ErrHubFault = errors.New("the hub failed")
	// ErrAnswer means that the answer is not one of the hub's API.
	ErrAnswer = errors.New("the answer is not one of the hub's API")
)

// APIError is the error of [Client]. errors.Is finds what the hub refused, such as
// [ErrNotFound], or the cause why there is no answer: that of the context, of the
// connection or of the login. It contains no secret.
type APIError struct {
	// Op is the operation, such as "start server".
	Op string
	// Subject is what it was for, such as "ada"; may be empty.
	Subject string
	// Status is the HTTP status of the hub's answer; zero if there is none.
	Status int
	// Message is the hub's own, on one line; may be empty.
	Message string
	// Err is the cause; never nil.
	Err error

	after time.Duration
}

// Error returns the operation, the cause, and the hub's message.
func (e *APIError) Error() string {
	cause := e.Err
	if e.Status != 0 {
		cause = fmt.Errorf("%w (HTTP status %d)", e.Err, e.Status)
	}
	if e.Message != "" {
		cause = fmt.Errorf("%w: %s", cause, e.Message)
	}
	return fault.Text("jupyterhub", e.Op, e.Subject, cause)
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Err }

// RetryAfter returns how long the hub asks to wait before the request is sent again; zero
// if it does not say.
func (e *APIError) RetryAfter() time.Duration { return e.after }

// fail returns the error of a request that has no answer.
func (r request) fail(err error) error {
	return &APIError{Op: r.op, Subject: r.subject, Err: err}
}

// unsent returns the error of http.Client, without the URL. A login that failed after the
// hub had rejected the token has that answer in it.
func (r request) unsent(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	login, ok := errors.AsType[*httpauth.Error](err)
	switch {
	case strings.Contains(err.Error(), "Location header"): // which may contain a secret
		return r.fail(errors.New("the hub redirects to an invalid address"))
	case !ok:
		return r.fail(err)
	case login.Rejection == nil:
		return r.fail(fmt.Errorf("%s: %w", login.Op, login.Err))
	}
	body, _ := io.ReadAll(io.LimitReader(login.Rejection.Body, maxRefusal))
	e := r.refused(login.Rejection.StatusCode, fmt.Errorf("%w: %w", ErrTokenRejected, login.Err))
	e.Message = reasonIn(body)
	return e
}

// refused returns the error of an answer.
func (r request) refused(status int, err error) *APIError {
	return &APIError{Op: r.op, Subject: r.subject, Status: status, Err: err}
}

// judge returns the error of an answer that is no success.
func (r request) judge(resp *http.Response, body []byte) error {
	e := r.refused(resp.StatusCode, r.meaning(resp))
	e.Message = reasonIn(body)
	e.after = retryAfter(resp.Header, clock.Clock{}.Read().Wall())
	return e
}

func (r request) meaning(resp *http.Response) error {
	switch status := resp.StatusCode; {
	case status == http.StatusBadRequest:
		return ErrBadRequest
	case status == http.StatusUnauthorized, status == http.StatusForbidden && r.own:
		return ErrTokenRejected
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	case status == http.StatusConflict:
		return ErrExists
	case status == http.StatusFailedDependency, status == http.StatusMethodNotAllowed && isInstead(resp):
		return ErrServerNotRunning
	case status == http.StatusTooManyRequests:
		return ErrTooManyRequests
	case status == http.StatusInternalServerError && r.starts:
		return ErrSpawnFailed
	case status >= http.StatusInternalServerError:
		return ErrHubFault
	case status >= http.StatusMultipleChoices && status < http.StatusBadRequest:
		return redirected(resp.Header.Get("Location"))
	default:
		return ErrAnswer
	}
}

// isInstead reports whether a 405 comes from the hub in place of a user's server: it
// redirects only a GET from there to where it says 424. The server's own 405 is JSON.
func isInstead(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && kind == "text/html" && resp.Request != nil &&
		strings.Contains(resp.Request.URL.Path, "/user/") && !strings.Contains(resp.Request.URL.Path, "/hub/")
}

// redirected is the error of a redirect. The proxy sends requests to a server that does
// not run to the hub, which would answer 424; to follow would make a GET of a POST.
func redirected(location string) error {
	to, err := url.Parse(location)
	switch {
	case err != nil:
		return ErrAnswer
	case strings.Contains(to.Path, "/hub/user/"), strings.Contains(to.Path, "/hub/spawn-pending/"):
		return ErrServerNotRunning
	}
	to.User, to.RawQuery, to.Fragment = nil, "", ""
	return fmt.Errorf("%w: it redirects to %s; set the base to the address of the hub's API, or log in again", ErrAnswer, cleaned(to.String()))
}

// retryAfter returns how long the hub wants to be left alone; zero if it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait, _ := retryafter.Parse(h.Get("Retry-After"), now)
	return wait
}
