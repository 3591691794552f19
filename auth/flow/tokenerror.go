package flow

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
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
// [auth.ErrServerFault] if the server has a fault and says so as OAuth does, and the
// context's error if that ended the request. docs/flows.md has a table of what counts as
// what. Text from the server is shortened and holds neither control characters nor secrets
// that were sent or received.
type TokenError struct {
	// Endpoint is the host of the endpoint.
	Endpoint string
	// Status is the HTTP status; zero means that there was no answer.
	Status int
	// Code is the error code of RFC 6749 §5.2, such as "invalid_grant"; may be empty. For an
	// error that is no text it is the code in it, or its JSON.
	Code string
	// Description is the server's error_description, at most 400 characters: the beginning
	// and the end of a longer one.
	Description string
	// RetryAfter is how long the server asked the client to wait; zero means that it did
	// not ask.
	RetryAfter time.Duration

	purpose    string // what the endpoint is for; empty: tokens
	grant      string // grant_type of the request
	content    string // media type of an answer; "no content type" where it has none
	reason     string // our own words, where the server sent none
	cause      error  // network error, without secrets; may be nil
	unsent     bool   // nothing has left this machine
	unanswered bool   // the request may have arrived, no response did
	final      bool   // refused by this client, whatever the answer means by itself
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
	if e.Code == "" && e.content != "" {
		parts = append(parts, e.content)
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
	case e.grant == grantRefresh && e.meaning() == setup:
		return "the client of this login may not refresh it any more: check its registration, and log in again"
	case e.grant == grantRefresh && e.rejected():
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
// [ErrLoginTimeout] if a person denied the login or did not finish it,
// [auth.ErrServerFault] for a 5xx with an OAuth error, and the error of the network or the
// context if there was one.
func (e *TokenError) Unwrap() []error {
	var errs []error
	switch e.meaning() {
	case refused, setup:
		errs = append(errs, auth.ErrRejected)
	case denied:
		errs = append(errs, ErrDenied)
	case lapsed:
		errs = append(errs, ErrLoginTimeout)
	default:
		if classOf(e.Status, e.Code).fault && serverError(e.Status) && isErrorCode(e.Code) {
			errs = append(errs, auth.ErrServerFault)
		}
	}
	if e.cause != nil {
		errs = append(errs, e.cause)
	}
	return errs
}

// Temporary reports whether the same request may succeed later.
func (e *TokenError) Temporary() bool {
	switch e.meaning() {
	case refused, setup, denied, lapsed:
		return false
	default:
		return true
	}
}

// meaning returns what the response means to the request.
func (e *TokenError) meaning() meaning {
	if e.final {
		return refused
	}
	return classOf(e.Status, e.Code).to(e.grant)
}

func (e *TokenError) rejected() bool { return e.meaning() == refused || e.meaning() == setup }

// GRPCStatus makes status.FromError and status.Code work on the error:
// Unauthenticated for a rejection, Unavailable for a transient error.
func (e *TokenError) GRPCStatus() *status.Status { return status.New(auth.Code(e), e.Error()) }

// Format prints the message for every verb: causes are not taken apart.
func (e *TokenError) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, e.Error()) }

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

// unreachable reports whether no connection to the server could be used.
func (e *TokenError) unreachable() bool {
	cert := (*tls.CertificateVerificationError)(nil)
	return e.unsent || e.unanswered || errors.As(e.cause, &cert)
}

// stale reports whether err looks like an outdated configuration: the server does not
// know the client or the path.
func stale(err error) bool {
	te := (*TokenError)(nil)
	return errors.As(err, &te) && (te.Code == "invalid_client" || te.Status == http.StatusNotFound)
}
