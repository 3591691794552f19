package flow

import (
	"net/http"
	"slices"
	"strings"
)

// meaning is what a response of a token endpoint means to the request that it answers.
type meaning string

const (
	later   meaning = "later"                  // transient: Unavailable
	refused meaning = "refused"                // for good: auth.ErrRejected
	setup   meaning = "refused: configuration" // the same, because of the client's registration
	denied  meaning = "denied"                 // ErrDenied
	lapsed  meaning = "timed out"              // ErrLoginTimeout
	pollOn  meaning = "poll again"             // transient, and the device flow continues
	slower  meaning = "poll more slowly"       // the same, with a longer interval
	ends    meaning = "later, ends the login"  // transient, but a person should not wait for it
)

// class is one row of the table: responses that mean the same.
type class struct {
	response string   // in words
	statuses statuses // which it can have
	codes    []string // the OAuth error code is one of them; nil: see coded
	coded    coded
	refresh  meaning
	login    meaning // of a machine, a password or a code; also revocation and device authorization
	person   meaning // while the device flow polls, and of an authorization endpoint
	fault    bool    // a 5xx of these counts as auth.ErrServerFault
}

// statuses is a set of HTTP statuses; nil is all of them.
type statuses func(status int) bool

// coded says whether a class without codes is of responses with an OAuth error code.
type coded int

const (
	anyCode coded = iota
	withCode
	without
)

// classes is the table of what a response means: the first class that it belongs to
// counts. It is printed in docs/flows.md.
func classes() []class {
	decision, timeout := []string{"access_denied", "authorization_declined"}, []string{"expired_token", "code_expired"}
	return []class{
		{
			response: "a person's decision, in a 5xx or the like", statuses: inTrouble, codes: decision,
			refresh: later, login: later, person: denied, fault: true,
		},
		{
			response: "the time of a person is over, in a 5xx or the like", statuses: inTrouble, codes: timeout,
			refresh: later, login: later, person: lapsed, fault: true,
		},
		{
			response: "the person has not decided yet", codes: []string{"authorization_pending"},
			refresh: later, login: later, person: pollOn,
		},
		{response: "too many requests", codes: []string{"slow_down"}, refresh: later, login: later, person: slower},
		{
			response: "the server says that this passes",
			codes: []string{
				"temporarily_unavailable", "service_unavailable", "maintenance", "internal_error", "fatal_error",
				"ratelimited", "rate_limited", "rate_limit_exceeded", "too_many_requests", "request_timeout", "timeout",
			},
			refresh: later, login: later, person: pollOn,
		},
		{
			response: "the server has a fault", statuses: serverError, coded: withCode,
			refresh: later, login: later, person: pollOn, fault: true,
		},
		{response: "the server is in trouble or busy", statuses: inTrouble, refresh: later, login: later, person: pollOn},
		{
			response: "the server has a fault, with another status", codes: []string{"server_error"},
			refresh: later, login: later, person: pollOn,
		},
		{response: "a redirect", statuses: between(300, 399), refresh: later, login: later, person: ends},
		{response: "a person's decision", codes: decision, refresh: refused, login: refused, person: denied},
		{response: "the time of a person, or of a token, is over", codes: timeout, refresh: refused, login: refused, person: lapsed},
		{
			response: "the grant or the refresh token is not valid any more",
			codes: []string{
				"invalid_grant", "bad_refresh_token", "invalid_refresh_token", "invalid_token", "token_inactive", "token_expired", "token_revoked",
			},
			refresh: refused, login: refused, person: refused,
		},
		{
			response: "the person has to act at the server",
			codes:    []string{"interaction_required", "login_required", "consent_required", "account_selection_required"},
			refresh:  refused, login: refused, person: refused,
		},
		{
			response: "an invalid request; from Dex, an invalid refresh token",
			statuses: only(http.StatusBadRequest), codes: []string{"invalid_request"},
			refresh: refused, login: refused, person: refused,
		},
		{
			response: "an invalid request, with another status", codes: []string{"invalid_request"},
			refresh: later, login: refused, person: refused,
		},
		{
			response: "the client, or what it asks for, is not allowed",
			codes:    []string{"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_target"},
			refresh:  setup, login: setup, person: setup,
		},
		{response: "an error object, `ok:false`, or any other code", coded: withCode, refresh: refused, login: refused, person: refused},
		{
			response: "a bare 401", statuses: only(http.StatusUnauthorized), coded: without,
			refresh: refused, login: refused, person: refused,
		},
		{
			response: "no OAuth response: a web page, no JSON, an incomplete or unusable one", statuses: between(200, 299), coded: without,
			refresh: later, login: later, person: pollOn,
		},
		{
			response: "no response: a network error, a time limit", statuses: only(0), coded: without,
			refresh: later, login: later, person: pollOn,
		},
		{response: "no OAuth response, with any other status", coded: without, refresh: later, login: later, person: ends},
	}
}

// classOf returns the first class of a response.
func classOf(status int, code string) class {
	for _, c := range classes() {
		if c.has(status, code) {
			return c
		}
	}
	return class{refresh: later, login: later, person: ends}
}

func (c class) has(status int, code string) bool {
	switch {
	case c.statuses != nil && !c.statuses(status):
		return false
	case c.codes != nil:
		return slices.Contains(c.codes, code)
	default:
		return c.coded == anyCode || (c.coded == withCode) == (code != "")
	}
}

// to returns the meaning for a request with that grant.
func (c class) to(grant string) meaning {
	switch grant {
	case grantRefresh:
		return c.refresh
	case grantDevice, grantAuthorize:
		return c.person
	default:
		return c.login
	}
}

// grantAuthorize stands for the request that a browser makes to an authorization
// endpoint, which has no grant_type.
const grantAuthorize = "authorization request"

func only(status int) statuses { return func(s int) bool { return s == status } }

func between(first, last int) statuses {
	return func(s int) bool { return first <= s && s <= last }
}

func serverError(status int) bool { return status >= 500 }

// inTrouble is true of a status that means a transient error, whatever the body says.
func inTrouble(status int) bool {
	return serverError(status) || status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests
}

// isErrorCode reports whether a code looks like one of OAuth: frameworks put their own
// words, such as "Internal Server Error", into the same field.
func isErrorCode(code string) bool {
	return code != "" && strings.IndexFunc(code, func(r rune) bool { return r != '_' && r != '-' && (r < 'a' || r > 'z') }) < 0
}
