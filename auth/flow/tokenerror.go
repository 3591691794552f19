package flow

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/status"

	"github.com/jetway-go/jetway/auth"
)

// TokenError is the error response of a token endpoint, or the reason why there was no
// response. Those of device authorization, revocation and authorization endpoints have
// the same form.
//
// [errors.Is] finds [auth.ErrRejected] in it if the same request cannot succeed later,
// and the context's error if that ended the request. Text from the server is shortened
// and holds neither control characters nor secrets that were sent or received.
type TokenError struct {
	// Endpoint is the host of the endpoint.
	Endpoint string
	// Status is the HTTP status; zero means that there was no answer.
	Status int
	// Code is the error code of RFC 6749 §5.2, such as "invalid_grant"; may be empty.
	Code string
	// Description is the server's error_description, at most 200 characters.
	Description string
	// RetryAfter is how long the server asked the client to wait; zero means that it did
	// not ask.
	RetryAfter time.Duration

	purpose    string // what the endpoint is for; empty: tokens
	grant      string // grant_type of the request
	reason     string // our own words, where the server sent none
	cause      error  // network error, without secrets; may be nil
	unsent     bool   // nothing has left this machine
	unanswered bool   // the request may have arrived, no response did
	rejected   bool
	declined   error // [ErrDenied] or [ErrLoginTimeout]; nil when no person decided
}

// failure returns an error for r, to be filled in.
func (r tokenRequest) failure(host string) *TokenError {
	return &TokenError{Endpoint: host, purpose: r.purpose, grant: r.grant()}
}

// Error returns the endpoint, and the response or the reason why there was none.
func (e *TokenError) Error() string {
	var b strings.Builder
	b.WriteString(e.endpoint() + " endpoint " + cmp.Or(e.Endpoint, "(none)") + ": ")
	var parts []string
	if e.Status != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("HTTP %d %s", e.Status, http.StatusText(e.Status))))
	}
	if e.Code != "" {
		parts = append(parts, e.Code)
	}
	if e.Description != "" {
		parts = append(parts, fmt.Sprintf("%q", e.Description))
	}
	if e.reason != "" {
		parts = append(parts, e.reason)
	}
	if e.cause != nil {
		parts = append(parts, e.cause.Error())
	}
	if e.RetryAfter > 0 {
		parts = append(parts, "asks to wait "+e.RetryAfter.String())
	}
	b.WriteString(strings.Join(parts, ", "))
	if advice := e.advice(); advice != "" {
		b.WriteString("; " + advice)
	}
	return b.String()
}

func (e *TokenError) endpoint() string { return cmp.Or(e.purpose, "token") }

// advice returns what to do next, where that is known.
func (e *TokenError) advice() string {
	switch {
	case e.grant == grantRefresh && e.rejected:
		return "the refresh token has expired or was revoked; log in again"
	case e.Code == "invalid_client" || e.Code == "" && e.Status == http.StatusUnauthorized:
		return "check the client ID and secret, and whether the server expects them in the header or in the form (AuthStyle)"
	case e.Code == "invalid_scope":
		return "check the scopes"
	case e.Code == "unauthorized_client", e.Code == "unsupported_grant_type":
		return "allow this grant for the client at the authorization server"
	case e.Code == "" && e.Status == http.StatusNotFound:
		return "check the " + e.endpoint() + " endpoint's URL"
	default:
		return ""
	}
}

// Unwrap returns [auth.ErrRejected] for a final rejection, [ErrDenied] or
// [ErrLoginTimeout] if a person denied the login or did not finish it, and the error of
// the network or the context if there was one.
func (e *TokenError) Unwrap() []error {
	var errs []error
	if e.rejected {
		errs = append(errs, auth.ErrRejected)
	}
	if e.declined != nil {
		errs = append(errs, e.declined)
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// Temporary reports whether the same request may succeed later.
func (e *TokenError) Temporary() bool { return !e.rejected && e.declined == nil }

// GRPCStatus makes status.FromError and status.Code work on the error:
// Unauthenticated for a rejection, Unavailable for a transient error.
func (e *TokenError) GRPCStatus() *status.Status { return status.New(auth.Code(e), e.Error()) }

// Format prints the message for every verb: causes are not taken apart.
func (e *TokenError) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, e.Error()) }

// refuses reports whether an error response is final. For a refresh token that is only
// invalid_grant, and invalid_request at Dex, which uses that code for expired ones: every
// other error may be a mistake at the server that is corrected, and does not cost the
// login.
func refuses(grant string, httpStatus int, code string) bool {
	if httpStatus >= 300 && httpStatus < 400 || passingStatus(httpStatus) {
		return false
	}
	switch code {
	case "invalid_grant":
		return true
	case "invalid_request":
		return grant != grantRefresh || httpStatus == http.StatusBadRequest
	case "temporarily_unavailable", "server_error", "slow_down", "authorization_pending":
		return false
	case "":
		return grant != grantRefresh && httpStatus == http.StatusUnauthorized
	default:
		return grant != grantRefresh
	}
}

// before adds that the caller left before the next attempt.
func (e *TokenError) before(left error) *TokenError {
	switch {
	case left == nil:
	case e.cause == nil:
		e.cause = left
	default:
		e.cause = fmt.Errorf("%w, then %w", e.cause, left)
	}
	return e
}

// passingStatus reports whether a status means a transient error, whatever the body
// says.
func passingStatus(httpStatus int) bool {
	return httpStatus >= 500 ||
		slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}, httpStatus)
}

// stale reports whether err looks like an outdated configuration: the server does not
// know the client or the path.
func stale(err error) bool {
	te := (*TokenError)(nil)
	return errors.As(err, &te) && (te.Code == "invalid_client" || te.Status == http.StatusNotFound)
}
