package wallaroo

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/jetway-go/jetway/auth"
	"github.com/jetway-go/jetway/interceptors/httpauth"
	"github.com/jetway-go/jetway/internal/fault"
)

// What an [APIError] wraps, if the instance answered.
var (
	// ErrUnauthenticated means that the instance does not accept the login: status 401, a
	// redirect to the login page, or that page itself, or GraphQL's errors of a token.
	ErrUnauthenticated = errors.New("the instance does not accept the login; log in again")
	// ErrForbidden means that the user may not do this: status 403, or GraphQL's error of
	// a permission. Some instances may answer so to a bad token too.
	ErrForbidden = errors.New("the user is not allowed to do this")
	// ErrNotFound means that there is no such thing: status 404.
	ErrNotFound = errors.New("there is no such thing")
	// ErrRefused means that the instance refused the request for another reason.
	ErrRefused = errors.New("the instance refused the request")
	// ErrAnswer means that an answer is not one of Wallaroo's API, or is too long.
	ErrAnswer = errors.New("this is not an answer of Wallaroo's API; check the address of the instance")
	// ErrOrigin means that the instance named an address at another server than those
	// that the client was made for.
	ErrOrigin = errors.New("the server is not one of those that the client was made for")
)

// APIError is the error of a call of [Client], in whichever form the instance refused it.
// Whatever looks like a token is removed from the instance's own texts.
type APIError struct {
	// Op is the call, such as workspaces/list.
	Op string
	// Status is the HTTP status; zero when there was no answer. GraphQL's errors have 200.
	Status int
	// Code is what the instance calls the error, such as invalid-jwt; may be empty.
	Code string
	// Message is the instance's own text; may be empty.
	Message string
	// Errors are the errors of a GraphQL answer; Code and Message are those of the first.
	Errors []GraphQLError
	// Err is one of the errors of this package, or the cause if there was no answer; never
	// nil.
	Err error
}

// Error returns the call, the status, what the instance says, and the cause.
func (e *APIError) Error() string {
	subject := ""
	if e.Status != 0 {
		subject = fmt.Sprintf("[HTTP %d]", e.Status)
	}
	if e.Code != "" {
		subject += " " + e.Code
	}
	if e.Message != "" {
		subject += " " + e.Message
	}
	return fault.Text("wallaroo", e.Op, strings.TrimSpace(subject), e.Err)
}

// Unwrap returns the cause.
func (e *APIError) Unwrap() error { return e.Err }

// GraphQLError is one error of GraphQL.
type GraphQLError struct {
	Message string
	// Code is what the server calls it, such as validation-failed; may be empty.
	Code string
}

// unanswered returns the error of a request that has no answer to show, without Op. If the
// instance refused the token, and there is no other, that is known here only.
func unanswered(err error) *APIError {
	own, ok := errors.AsType[*httpauth.Error](err)
	if !ok || own.Rejection == nil {
		return &APIError{Err: httpauth.Scrub(err)}
	}
	e := &APIError{Status: own.Rejection.StatusCode, Err: own}
	if errors.Is(own, auth.ErrRejected) {
		e.Err = fmt.Errorf("%w: %w", ErrUnauthenticated, own)
	}
	return e
}

// refusal returns the error that an answer is, without Op; nil if it is none.
func refusal(answer *http.Response, body []byte) *APIError {
	said := parseRefusal(body)
	e := &APIError{Status: answer.StatusCode, Code: said.code, Message: said.message, Errors: said.errors}
	switch status := answer.StatusCode; {
	case status == http.StatusUnauthorized, isLoginRedirect(answer):
		e.Err = ErrUnauthenticated
	case status >= 300 && status < 400:
		e.Err = fmt.Errorf("%w: it redirects to another address", ErrAnswer)
	case isPage(answer):
		e.Err = pageError(status)
	case status == http.StatusForbidden:
		e.Err = ErrForbidden
	case status == http.StatusNotFound:
		e.Err = ErrNotFound
	case status >= 300:
		e.Err = ErrRefused
	case said.isError:
		e.Err = kindOf(said.code)
	default:
		return nil
	}
	return e
}

// isPage reports whether an answer is an HTML page.
func isPage(answer *http.Response) bool {
	kind, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	return err == nil && kind == "text/html"
}

// pageError is what a page means: a successful one is for people, to log in on.
func pageError(status int) error {
	switch {
	case status < 300:
		return fmt.Errorf("the answer is a page for people: %w", ErrUnauthenticated)
	case status == http.StatusForbidden:
		return ErrForbidden
	case status == http.StatusNotFound:
		return ErrNotFound
	default:
		return ErrRefused
	}
}

// kindOf returns the error that a code of GraphQL's stands for.
func kindOf(code string) error {
	switch code {
	case "invalid-jwt", "invalid-headers", "access-denied":
		return ErrUnauthenticated
	case "permission-error", "permission-denied":
		return ErrForbidden
	default:
		return ErrRefused
	}
}

// isLoginRedirect reports whether an answer redirects to a page of Keycloak.
func isLoginRedirect(answer *http.Response) bool {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return false
	}
	to, err := url.Parse(answer.Header.Get("Location"))
	if err != nil {
		return false
	}
	query := to.Query()
	return strings.Contains(to.Path, "/realms/") || query.Has("client_id") && query.Has("response_type")
}

// heard is what the body of an answer says of an error.
type heard struct {
	code, message string
	errors        []GraphQLError
	isError       bool // it is the form of an error, whatever the status
}

// parseRefusal reads what a body says: a JSON object, a list whose first item is the
// error, GraphQL's list of errors, or a text.
func parseRefusal(body []byte) heard {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(body, &object) != nil {
		return heard{message: plain(body)}
	}
	var h heard
	var items []json.RawMessage
	if json.Unmarshal(object["errors"], &items) == nil {
		for _, item := range items {
			h.errors = append(h.errors, graphQLError(item))
		}
	}
	if len(h.errors) > 0 {
		h.code, h.message, h.isError = h.errors[0].Code, h.errors[0].Message, true
		return h
	}
	if cause, ok := object["error"]; ok && string(cause) != "null" && string(cause) != "false" {
		h.isError = true
		var inner map[string]json.RawMessage
		if json.Unmarshal(cause, &inner) == nil {
			object = inner
		}
	}
	h.code = word(object, "code", "error_code")
	h.message = word(object, "message", "msg", "error_description", "detail", "details", "reason", "error", "title")
	return h
}

func graphQLError(item json.RawMessage) GraphQLError {
	var one map[string]json.RawMessage
	if json.Unmarshal(item, &one) != nil {
		return GraphQLError{Message: plain(item)}
	}
	var extensions map[string]json.RawMessage
	_ = json.Unmarshal(one["extensions"], &extensions) // it may be something else
	return GraphQLError{Message: word(one, "message"), Code: word(extensions, "code")}
}

// word returns the first of these fields that is a text or a number.
func word(object map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var t text
		if raw, ok := object[name]; ok && t.UnmarshalJSON(raw) == nil && t != "" {
			return readable(string(t))
		}
	}
	return ""
}

// plain returns a body that is not JSON, unless it is a page.
func plain(body []byte) string {
	var t text
	if t.UnmarshalJSON(body) == nil {
		return readable(string(t))
	}
	if len(body) > maxPlain || strings.HasPrefix(strings.TrimSpace(string(body)), "<") {
		return ""
	}
	return readable(string(body))
}

// maxPlain is how long a text that is not JSON may be to be quoted.
const maxPlain = 4096

// readable returns what the instance wrote as an error may show it. A server may repeat
// the token that it was sent: whatever looks like one is removed.
func readable(foreign string) string {
	return fault.Foreign(withoutTokens(foreign), fault.MaxForeign)
}

// withoutTokens removes JWTs, and whatever else is as long without a space: names and ids
// in messages are shorter.
func withoutTokens(foreign string) string {
	const longest = 80
	var out strings.Builder
	for {
		start := strings.IndexFunc(foreign, isTokenByte)
		if start < 0 {
			out.WriteString(foreign)
			return out.String()
		}
		out.WriteString(foreign[:start])
		foreign = foreign[start:]
		end := strings.IndexFunc(foreign, func(r rune) bool { return !isTokenByte(r) })
		if end < 0 {
			end = len(foreign)
		}
		if run := foreign[:end]; len(run) > longest || strings.HasPrefix(run, "eyJ") {
			out.WriteString(fault.Redacted)
		} else {
			out.WriteString(run)
		}
		foreign = foreign[end:]
	}
}

// isTokenByte reports whether r may be part of a token (b64token, RFC 6750 §2.1).
func isTokenByte(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._~+/=", r)
}
