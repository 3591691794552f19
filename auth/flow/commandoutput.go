package flow

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jetway-go/jetway/auth"
)

// parseCommandOutput reads what a token command printed. Errors hold nothing of it.
func parseCommandOutput(out []byte, now time.Time) (*auth.Credentials, error) {
	out = bytes.TrimSpace([]byte(utf8Text(out)))
	var c auth.Credentials
	var err error
	switch {
	case len(out) == 0:
		return nil, errors.New("empty, where a token should be")
	case out[0] == '{':
		c, err = parseJSONOutput(out, now)
	case out[0] == '"': // what az and jq print of one field, unless told otherwise
		if json.Unmarshal(out, &c.AccessToken) != nil || c.AccessToken == "" {
			return nil, errors.New("broken JSON, where a token in quotes should be")
		}
	default:
		c.AccessToken = string(out)
	}
	if err != nil {
		return nil, err
	}
	c.AccessToken = bareToken(c.AccessToken, "")
	switch {
	case c.AccessToken == "":
		return nil, errors.New("a scheme or quotes, and no token")
	case out[0] != '{' && out[0] != '"' && strings.ContainsAny(c.AccessToken, " \t\r\n"):
		return nil, errors.New("more than one word, where only the token should be")
	}
	if err := checkToken(c.AccessToken); err != nil {
		return nil, fmt.Errorf("the token %w", err)
	}
	if c.Expiry.IsZero() {
		c.Expiry = jwtExpiry(c.AccessToken, now)
	} else if !now.Before(c.Expiry) {
		return nil, fmt.Errorf("the token expired at %s by this machine's clock", c.Expiry.UTC().Format(time.RFC3339))
	}
	c.IssuedAt = now
	return &c, nil
}

// commandJSON are the names that token commands use.
type commandJSON struct {
	AccessToken string `json:"access_token"`
	Token       string `json:"token"`
	AzureToken  string `json:"accessToken"`
	TokenType   string `json:"token_type"`

	ExpiresIn jsonScalar `json:"expires_in"`
	Expiry    jsonScalar `json:"expiry"`
	ExpiresAt jsonScalar `json:"expires_at"`
	ExpiresOn jsonScalar `json:"expires_on"`

	Status json.RawMessage `json:"status"` // an object in kubectl's ExecCredential
}

type execStatus struct {
	Token               string     `json:"token"`
	ExpirationTimestamp jsonScalar `json:"expirationTimestamp"`
}

func parseJSONOutput(out []byte, now time.Time) (auth.Credentials, error) {
	var c auth.Credentials
	var j commandJSON
	var status execStatus
	isExec := false
	err := json.Unmarshal(out, &j)
	if err == nil && bytes.HasPrefix(j.Status, []byte("{")) {
		isExec, err = true, json.Unmarshal(j.Status, &status)
	}
	if err != nil {
		return c, errors.New("broken JSON, or a field of a wrong type")
	}
	until := []jsonScalar{j.Expiry, j.ExpiresAt, j.ExpiresOn}
	tokens := []string{j.AccessToken, j.Token, j.AzureToken}
	if isExec {
		until, tokens = []jsonScalar{status.ExpirationTimestamp}, []string{status.Token}
	}
	c.AccessToken = cmp.Or(tokens...)
	switch {
	case c.AccessToken == "" && isExec:
		return c, errors.New("an ExecCredential without status.token; client certificates are not supported")
	case c.AccessToken == "":
		return c, errors.New("JSON without access_token, token or accessToken")
	case !isBearer(j.TokenType):
		return c, errors.New("token_type is not Bearer")
	}
	seconds, err := parseSeconds(string(j.ExpiresIn))
	if err != nil || seconds < 0 {
		return c, errors.New("expires_in is not a number of seconds, or is negative")
	}
	if seconds > 0 {
		c.Expiry = now.Add(time.Duration(seconds) * time.Second)
		return c, nil
	}
	if at := cmp.Or(until...); at != "" {
		c.Expiry, err = parseInstant(string(at))
	}
	return c, err
}

// jsonScalar is a string or a number, which programs mix up.
type jsonScalar string

// UnmarshalJSON takes strings, numbers and null.
func (s *jsonScalar) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) == nil {
		*s = jsonScalar(text)
		return nil
	}
	var number json.Number
	if err := json.Unmarshal(b, &number); err != nil {
		return err
	}
	*s = jsonScalar(number)
	return nil
}

// latest is the end of the year 9999, the last that RFC 3339 can write, in seconds since
// 1970.
const latest = 253402300799

// sinceEpoch returns the time that is so many seconds after 1970, or milliseconds, where
// seconds would be after the year 5100.
func sinceEpoch(seconds float64) time.Time {
	const leastMillis = 1e11
	if seconds >= leastMillis && seconds < leastMillis*1000 {
		return time.UnixMilli(int64(seconds))
	}
	return time.Unix(int64(min(max(seconds, 0), latest)), 0)
}

// parseInstant reads RFC 3339, or seconds or milliseconds since 1970.
func parseInstant(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(seconds) {
		return time.Time{}, errors.New("the expiry is neither RFC 3339 nor seconds since 1970")
	}
	return sinceEpoch(seconds), nil
}

// jwtExpiry returns the exp claim of a JWT (RFC 7519 §4.1.4), unverified: it is a hint
// for refreshing in time. It is zero for any other text, and for a time in the past: the
// clocks may differ, and the server decides.
func jwtExpiry(token string, now time.Time) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Exp <= 0 {
		return time.Time{}
	}
	at := sinceEpoch(claims.Exp)
	if !at.After(now) {
		return time.Time{}
	}
	return at
}
