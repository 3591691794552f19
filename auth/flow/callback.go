package flow

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/internal/fault"
)

// callback checks the answer of an authorization endpoint (RFC 6749 §4.1.2) to one
// login, which arrives by redirect or is pasted.
type callback struct {
	state       string
	issuer      string // the only server whose answer is accepted; empty: unknown
	issRequired bool
	host        string // of the authorization endpoint, for errors
}

// errStray is what every answer wraps that is none to this login. It changes nothing: a
// page in the same browser can send any number of them.
var errStray = errors.New("not an answer to this login")

// strayError is an errStray in words for the person who pasted it.
type strayError string

func (e strayError) Error() string { return string(e) }
func (strayError) Unwrap() error   { return errStray }

const (
	errOtherLogin strayError = "this address belongs to another login; paste the one that the browser ended at this time"
	errNoAnswer   strayError = "this is not the address that the browser ended at, which holds code= and state="
	errNothing    strayError = "nothing was pasted; paste the address that the browser ended at"
	errNotOpened  strayError = "this is the address to open; log in there, and paste the address that the browser ends at"
	errTwice      strayError = "a parameter occurs twice in this address; paste the address once, as the browser shows it"
)

// cutOff says that a part of the address is missing.
func cutOff(part string) error {
	return strayError("the address is cut off: " + part + " is missing or incomplete; paste the whole address")
}

// judge returns the code of an answer to this login. An error that is [errStray]
// leaves the login waiting, every other one ends it.
func (c callback) judge(query url.Values) (code string, err error) {
	for _, values := range query {
		if len(values) > 1 {
			return "", errTwice
		}
	}
	code, failure := query.Get("code"), query.Get("error")
	switch state := query.Get("state"); {
	case subtle.ConstantTimeCompare([]byte(state), []byte(c.state)) != 1:
		return "", errOtherLogin
	case (code == "") == (failure == ""):
		return "", errNoAnswer
	}
	if err := c.checkIssuer(query); err != nil {
		return "", err
	}
	if failure != "" {
		return "", c.refusal(failure, query.Get("error_description"))
	}
	return code, nil
}

// checkIssuer compares the answer with the server that was asked (RFC 9207 §2.4), so
// that another one cannot inject its own code.
func (c callback) checkIssuer(query url.Values) error {
	iss, has := query.Get("iss"), query.Has("iss")
	switch {
	case !has && c.issRequired:
		return c.mixedUp("the answer does not name its server (iss), although this server advertises that it does")
	case has && c.issuer != "" && iss != c.issuer:
		return c.mixedUp(fmt.Sprintf("the answer is from %q, not from %q (iss)", fault.Foreign(iss, 100), fault.Foreign(c.issuer, 100)))
	default:
		return nil
	}
}

func (c callback) mixedUp(reason string) error {
	return &TokenError{Endpoint: c.host, purpose: purposeAuthorize, reason: reason, final: true}
}

// refusal returns the error of an error response (RFC 6749 §4.1.2.1).
func (c callback) refusal(code, description string) error {
	known := &fault.Secrets{}
	known.Add(c.state)
	te := &TokenError{Endpoint: c.host, purpose: purposeAuthorize, grant: grantAuthorize}
	te.tell(answer{errorCode: code, errorMessage: description}, known)
	return te
}

const purposeAuthorize = "authorization"

// pasted returns the code of an address that a person copied from the browser: the
// whole address, or its query alone.
func (c callback) pasted(line string) (code string, err error) {
	line = pastedAddress(line)
	address, query, found := strings.Cut(line, "?")
	if !found {
		query = address
	}
	values, err := url.ParseQuery(query)
	switch {
	case line == "":
		return "", errNothing
	case values.Has("response_type"):
		return "", errNotOpened
	case !values.Has("code") && !values.Has("error") && !values.Has("state"):
		return "", errNoAnswer
	case err != nil: // an escape that lacks its end
		return "", cutOff("the end of a parameter")
	}
	if part := c.missing(values); part != "" {
		return "", cutOff(part + "=")
	}
	return c.judge(values)
}

// missing returns the parameter that an address lacks, or has the beginning of only; ""
// for none.
func (c callback) missing(values url.Values) string {
	state, iss := values.Get("state"), values.Get("iss")
	switch {
	case !values.Has("error") && values.Get("code") == "":
		return "code"
	case len(state) < len(c.state) && strings.HasPrefix(c.state, state):
		return "state"
	case c.issRequired && iss == "", iss != "" && len(iss) < len(c.issuer) && strings.HasPrefix(c.issuer, iss):
		return "iss"
	default:
		return ""
	}
}

// pastedAddress takes off what is never part of an address: what terminals and mail
// programs put around and into a long one, and the fragment, which no server sees.
func pastedAddress(line string) string {
	line = strings.Trim(strings.Join(strings.Fields(line), ""), "\"'`<>")
	line, _, _ = strings.Cut(line, "#")
	return line
}
