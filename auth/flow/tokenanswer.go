package flow

import (
	"bytes"
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

	expiresIn               int64 // seconds; zero means that the server did not say
	errorCode, errorMessage string

	held []string // every secret in it, for the scrubber
}

// parseAnswer reads an answer in either of the forms that servers use. It recognises JSON
// by its first character, because some servers call it text/plain. Errors quote nothing
// of it; the answer beside an error still lists the secrets in it.
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
	if err := json.Unmarshal(body, &fields); err != nil {
		return answer{}, errors.New("the answer is broken JSON")
	}
	var a answer
	var errs []error
	text := func(name string) string {
		raw, ok := fields[name]
		if !ok || string(raw) == "null" {
			return ""
		}
		var value string
		if err := json.Unmarshal(raw, &value); err != nil {
			errs = append(errs, fmt.Errorf("%s is not a string", name))
		}
		return value
	}
	a.accessToken, a.refreshToken = text("access_token"), text("refresh_token")
	a.tokenType = text("token_type")
	a.errorCode, a.errorMessage = text("error"), text("error_description")
	beside := func(name string) (value string) { // of any type
		_ = json.Unmarshal(fields[name], &value)
		return value
	}
	a.issuedType = beside("issued_token_type")
	a.held = []string{a.accessToken, a.refreshToken, beside("id_token"), beside("device_code")}
	if a.errorCode != "" || len(errs) > 0 {
		return a, errors.Join(errs...)
	}
	expires := string(fields["expires_in"])
	if unquoted := ""; json.Unmarshal(fields["expires_in"], &unquoted) == nil {
		expires = unquoted // null leaves it empty
	}
	return a.completed(expires)
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
	var err error
	a.expiresIn, err = parseSeconds(expires)
	if err == nil && a.expiresIn < 0 {
		err = fmt.Errorf("is negative (%d)", a.expiresIn)
	}
	if err != nil {
		return a, fmt.Errorf("expires_in %w", err)
	}
	return a, nil
}

// bearer reports whether the token can be used as a bearer token. So can a JWT that is
// no access token, whose type is N_A (RFC 8693 §2.2.1).
func (a answer) bearer() bool {
	return a.tokenType == "" || strings.EqualFold(a.tokenType, "bearer") ||
		strings.EqualFold(a.tokenType, "N_A") && (a.issuedType == TokenTypeID || a.issuedType == TokenTypeJWT)
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
