package flow

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	maxAnswer = 1 << 20  // bytes of an answer that are read
	maxToken  = 64 << 10 // more does not fit into any server's header limit
)

// answer is the response of a token endpoint (RFC 6749 §5.1 and §5.2).
type answer struct {
	accessToken, tokenType, refreshToken string
	issuedType                           string // RFC 8693 §2.2.1; empty: an access token

	expiresIn               int64  // seconds; zero means that the server did not say
	doubt                   string // why expiresIn is zero, if the server did say something
	errorCode, errorMessage string

	held []string // every secret in it, for the scrubber
}

// parseAnswer reads an answer in either of the forms that servers use. It recognises JSON
// by its first character, because some servers call it text/plain. Errors quote nothing
// of it; the answer beside an error still holds the refresh token, and lists the secrets
// in it.
func parseAnswer(contentType string, body []byte) (answer, error) {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte(byteOrderMark)))
	media, _, _ := mime.ParseMediaType(contentType) // empty is as good as unknown
	switch {
	case len(body) == 0:
		return answer{}, errors.New("the answer is empty")
	case body[0] == '{':
		return parseJSONAnswer(body)
	case body[0] == '<':
		return answer{}, errors.New("the answer is a web page, not JSON: is something in front of the token endpoint?")
	case media == "application/x-www-form-urlencoded", media == "text/plain":
		return parseFormAnswer(string(body))
	default:
		return answer{}, errors.New("the answer is no JSON object")
	}
}

func parseJSONAnswer(body []byte) (answer, error) {
	// A map, because struct fields would match in any case.
	var fields map[string]json.RawMessage
	var errs []error
	if err := json.Unmarshal(body, &fields); err != nil {
		fields = completeMembers(body) // of which the refresh token is one, perhaps
		errs = append(errs, errors.New("the answer is broken JSON"))
	}
	text := func(name string) string {
		value, ok := textOf(fields[name])
		if !ok {
			errs = append(errs, fmt.Errorf("%s is not a string", name))
		}
		return value
	}
	beside := func(name string) string { // of any type
		value, _ := textOf(fields[name])
		return value
	}
	var a answer
	a.refreshToken, a.accessToken = text("refresh_token"), text("access_token")
	a.tokenType, a.issuedType = text("token_type"), beside("issued_token_type")
	a.errorCode, a.errorMessage = errorOf(fields["error"])
	if a.errorCode == "" && string(fields["ok"]) == "false" {
		a.errorCode = "ok:false"
	}
	a.errorMessage = cmp.Or(beside("error_description"), a.errorMessage)
	a.held = []string{a.accessToken, a.refreshToken, beside("id_token"), beside("device_code")}
	if a.errorCode != "" || len(errs) > 0 {
		return a, errors.Join(errs...)
	}
	expires := string(fields["expires_in"])
	if unquoted, ok := textOf(fields["expires_in"]); ok {
		expires = unquoted
	}
	return a.completed(expires)
}

// textOf returns a string. What is absent, null or false counts as an empty one.
func textOf(raw json.RawMessage) (value string, ok bool) {
	if len(raw) == 0 || string(raw) == "null" || string(raw) == "false" {
		return "", true
	}
	return value, json.Unmarshal(raw, &value) == nil
}

// errorOf returns the code and the message of an error, which some servers make an object,
// a number or true.
func errorOf(raw json.RawMessage) (code, message string) {
	if code, ok := textOf(raw); ok {
		return code, ""
	}
	var object map[string]json.RawMessage
	_ = json.Unmarshal(raw, &object) // no object has no members
	first := func(names ...string) string {
		for _, name := range names {
			var value jsonScalar
			if len(object[name]) > 0 && value.UnmarshalJSON(object[name]) == nil && value != "" {
				return string(value)
			}
		}
		return ""
	}
	code, message = first("code", "error", "type", "status"), first("message", "error_description", "description", "msg")
	if code != "" {
		return code, message
	}
	var compact bytes.Buffer
	if json.Compact(&compact, raw) != nil {
		return string(raw), message
	}
	return compact.String(), message
}

// completeMembers returns the members of a broken JSON object that precede the fault.
func completeMembers(body []byte) map[string]json.RawMessage {
	fields := map[string]json.RawMessage{}
	d := json.NewDecoder(bytes.NewReader(body))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return fields
	}
	for d.More() {
		name, err := d.Token()
		key, ok := name.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			break
		}
		fields[key] = value
	}
	return fields
}

// parseFormAnswer reads a query string, as servers sent it before RFC 6749.
func parseFormAnswer(body string) (answer, error) {
	fields, err := url.ParseQuery(body)
	if err != nil || !fields.Has("access_token") && !fields.Has("error") {
		return answer{}, errors.New("the answer is neither JSON nor a form with an access_token")
	}
	a := answer{
		accessToken:  fields.Get("access_token"),
		tokenType:    fields.Get("token_type"),
		refreshToken: fields.Get("refresh_token"),
		errorCode:    fields.Get("error"),
		errorMessage: fields.Get("error_description"),
	}
	a.held = []string{a.accessToken, a.refreshToken, fields.Get("id_token")}
	if a.errorCode != "" {
		return a, nil
	}
	return a.completed(fields.Get("expires_in"))
}

// completed checks the required parts of a success.
func (a answer) completed(expires string) (answer, error) {
	switch {
	case a.accessToken == "":
		return a, errors.New("the answer has no access_token")
	case a.issuedType == TokenTypeRefresh:
		return a, errors.New("the issued token is a refresh token, which must not be sent to a backend; set RequestedTokenType")
	case !a.bearer():
		return a, fmt.Errorf("token_type is %s, only Bearer can be used here", knownType(a.tokenType))
	}
	if err := checkToken(a.accessToken); err != nil {
		return a, fmt.Errorf("the access_token %w", err)
	}
	// The token is good for a time that is not known.
	seconds, err := parseSeconds(expires)
	switch {
	case err != nil:
		a.doubt = err.Error()
	case seconds < 0:
		a.doubt = fmt.Sprintf("is negative (%d)", seconds)
	default:
		a.expiresIn = seconds
	}
	return a, nil
}

// bearer reports whether the token can be used as a bearer token. So can a JWT that is
// no access token, whose type is N_A (RFC 8693 §2.2.1).
func (a answer) bearer() bool {
	return isBearer(a.tokenType) ||
		strings.EqualFold(a.tokenType, "N_A") && (a.issuedType == TokenTypeID || a.issuedType == TokenTypeJWT)
}

// isBearer reports whether a token_type is one of the names that servers have for Bearer.
func isBearer(tokenType string) bool {
	return slices.Contains([]string{"", "bearer", "bearertoken", "jwt"}, strings.ToLower(strings.TrimSpace(tokenType)))
}

// knownType names a token type, without quoting the server.
func knownType(name string) string {
	known := []string{"mac", "DPoP", "PoP", "N_A"} // N_A: RFC 8693 §2.2.1
	if i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) }); i >= 0 {
		return known[i]
	}
	return "unknown"
}

// parseSeconds reads a number of seconds, whole or not; more than x/oauth2 can read
// become its maximum, some 68 years. Empty is zero: expires_in is optional.
func parseSeconds(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(seconds) {
		return 0, errors.New("is not a number of seconds")
	}
	return int64(min(max(math.Floor(seconds), -math.MaxInt32), math.MaxInt32)), nil
}

// checkToken returns an error for a token that no header can hold (RFC 6749 appendix
// A.12).
func checkToken(token string) error {
	if len(token) > maxToken {
		return fmt.Errorf("is longer than %d KiB", maxToken>>10)
	}
	for _, c := range []byte(token) {
		if c < 0x20 || c > 0x7e {
			return errors.New("contains a line break or another character that is not valid in a header")
		}
	}
	return nil
}
