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

// TokenError is what a token endpoint answered instead of a token, or why there
// was no answer. The device authorization endpoint, the revocation endpoint, and
// what an authorization endpoint sends a browser back with are told of in the
// same form.
//
// errors.Is finds [auth.ErrRejected] in it when asking again cannot help, and
// the context's error when that ended the request. All text from the server is
// shortened, stripped of control characters, and cleared of every secret that
// was sent or received.
type TokenError struct {
	// Endpoint is the host of the endpoint.
	Endpoint string
	// Status is the HTTP status; zero means that there was no answer.
	Status int
	// Code is the error code of RFC 6749 §5.2, such as "invalid_grant"; may be empty.
	Code string
	// Description is the server's error_description, at most 200 characters.
	Description string
	// RetryAfter is how long the server asked to be left alone; zero means that
	// it did not say.
	RetryAfter time.Duration

	purpose    string // what the endpoint is for; empty: tokens
	grant      string // grant_type of the request
	reason     string // our own words, where the server had none
	cause      error  // network error, cleared of secrets; may be nil
	unsent     bool   // nothing has left this machine
	unanswered bool   // the request may have arrived, no answer did
	rejected   bool
	declined   error // [ErrDenied] or [ErrLoginTimeout]; nil when no person had a part in it
}

// failure is an error for r, to be filled in.
func (r tokenRequest) failure(host string) *TokenError {
	return &TokenError{Endpoint: host, purpose: r.purpose, grant: r.grant()}
}

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

// advice says what to do next, where that is known.
func (e *TokenError) advice() string {
	switch {
	case e.grant == grantRefresh && e.rejected:
		return "the login has ended, log in again"
	case e.Code == "invalid_client" || e.Code == "" && e.Status == http.StatusUnauthorized:
		return "check the client ID and secret, and whether the server wants them in the header or in the form (AuthStyle)"
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

// Unwrap returns [auth.ErrRejected] for a terminal refusal, [ErrDenied] or
// [ErrLoginTimeout] where a person decided, and the network's or the context's error
// where there was one.
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

// Temporary tells whether the same request may succeed later.
func (e *TokenError) Temporary() bool { return !e.rejected && e.declined == nil }

// GRPCStatus makes status.FromError and status.Code work on the error:
// Unauthenticated for a refusal, Unavailable for what may pass.
func (e *TokenError) GRPCStatus() *status.Status { return status.New(auth.Code(e), e.Error()) }

// Format prints the message for every verb: causes are not taken apart.
func (e *TokenError) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, e.Error()) }

// refuses tells whether an answer ends things for good. A refresh token dies
// only of invalid_grant, and of invalid_request at Dex, which uses that code for
// dead ones: all else may be somebody's mistake that gets mended, and a login is
// not thrown away over it.
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

// before adds that the caller left while another try was waited for.
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

// passingStatus tells whether a status speaks of trouble that may pass, whatever
// the answer says beside it.
func passingStatus(httpStatus int) bool {
	return httpStatus >= 500 ||
		slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests}, httpStatus)
}

// stale tells whether err looks like an outdated configuration: the server no
// longer knows the client or the path.
func stale(err error) bool {
	te := (*TokenError)(nil)
	return errors.As(err, &te) && (te.Code == "invalid_client" || te.Status == http.StatusNotFound)
}
