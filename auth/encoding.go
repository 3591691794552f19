package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxEncoded is the size in bytes of the largest login that [Encode] writes and a
// [Store] should read.
const MaxEncoded = 1 << 20

// ErrNewerVersion says that a later version of this package wrote a stored login.
// A [Store] does not delete it; its Retrieve returns an error that wraps
// [ErrNoCredentials].
var ErrNewerVersion = errors.New("written by a later version of this program")

// wireVersion is the newest stored form that this program knows.
const wireVersion = 1

// wire is the JSON form of a stored login, tokens included. Fields that a later
// program of the same version adds are ignored.
type wire struct {
	Version     int             `json:"version"`
	Key         wireKey         `json:"key"`
	Credentials wireCredentials `json:"credentials"`
}

type wireKey struct {
	Endpoint string `json:"endpoint"`
	ClientID string `json:"client_id"`
	Audience string `json:"audience,omitempty"`
	Flow     string `json:"flow"`
	User     string `json:"user"`
	Profile  string `json:"profile"`
}

type wireCredentials struct {
	AccessToken  string    `json:"access_token,omitempty"`
	RefreshToken string    `json:"refresh_token,omitempty"`
	TokenType    string    `json:"token_type,omitempty"`
	HeaderKey    string    `json:"header_key,omitempty"`
	Expiry       time.Time `json:"expiry,omitzero"`
	IssuedAt     time.Time `json:"issued_at,omitzero"`
	ClientID     string    `json:"client_id,omitempty"`
	// Logins of older programs do not say what they were made for.
	PurposeKnown bool   `json:"purpose_known,omitempty"`
	Audience     string `json:"audience,omitempty"`
	Scope        string `json:"scope,omitempty"`
	// Logins of older programs do not say which server issued them.
	TokenOrigin      string `json:"token_origin,omitempty"`
	RevocationOrigin string `json:"revocation_origin,omitempty"`
	Ended            string `json:"ended,omitempty"`
	// Notes of programs that share the login; older programs write none.
	Refusals int       `json:"refusals,omitempty"`
	Refused  string    `json:"refused,omitempty"`
	RetryAt  time.Time `json:"retry_at,omitzero"`
}

// Encode returns c, and the key that it is stored under, as one line of JSON for a
// [Store]. The tokens are in it in plain text: the store protects them. It is the form
// that the stores of auth/tokenstore write, and [Decode] reads it. The error is that of
// [CheckStorable], or says that the login is larger than [MaxEncoded]; it contains
// neither tokens nor the key.
func Encode(k Key, c *Credentials) ([]byte, error) {
	if err := CheckStorable(k, c); err != nil {
		return nil, err
	}
	data, err := json.Marshal(wire{
		Version: wireVersion,
		Key:     wireKey(k),
		Credentials: wireCredentials{
			AccessToken: c.AccessToken, RefreshToken: c.RefreshToken, TokenType: c.TokenType, HeaderKey: c.HeaderKey,
			Expiry: c.Expiry.UTC(), IssuedAt: c.IssuedAt.UTC(), ClientID: c.ClientID,
			PurposeKnown: c.PurposeKnown, Audience: c.Audience, Scope: c.Scope,
			TokenOrigin: c.TokenOrigin, RevocationOrigin: c.RevocationOrigin, Ended: c.Ended,
			Refusals: c.Refusals, Refused: c.Refused, RetryAt: c.RetryAt.UTC(),
		},
	})
	if err != nil {
		return nil, err
	}
	if len(data) > MaxEncoded {
		return nil, fmt.Errorf("the login has %d bytes; at most %d can be stored", len(data), MaxEncoded)
	}
	return append(data, '\n'), nil
}

// Decode reads what [Encode] wrote. A Store compares the key with the one that it was
// asked for: data may have been moved. The error wraps [ErrNewerVersion] if a later
// version of this package wrote data; it never quotes data.
func Decode(data []byte) (Key, *Credentials, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return Key{}, nil, malformed(err)
	}
	switch {
	case version.Version > wireVersion:
		return Key{}, nil, ErrNewerVersion
	case version.Version != wireVersion:
		return Key{}, nil, errors.New("not a stored login: unknown version")
	}
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return Key{}, nil, malformed(err)
	}
	c := w.Credentials
	k, creds := Key(w.Key), &Credentials{
		AccessToken: c.AccessToken, RefreshToken: c.RefreshToken, TokenType: c.TokenType, HeaderKey: c.HeaderKey,
		Expiry: c.Expiry.UTC(), IssuedAt: c.IssuedAt.UTC(), ClientID: c.ClientID,
		PurposeKnown: c.PurposeKnown, Audience: c.Audience, Scope: c.Scope,
		TokenOrigin: c.TokenOrigin, RevocationOrigin: c.RevocationOrigin, Ended: c.Ended,
		Refusals: c.Refusals, Refused: c.Refused, RetryAt: c.RetryAt.UTC(),
	}
	if err := CheckStorable(k, creds); err != nil {
		return Key{}, nil, err
	}
	return k, creds, nil
}

// CheckStorable returns an error that says why c cannot be stored under k, or nil if it
// can: c must hold a token, its texts must be UTF-8 without control characters, and its
// times must be in the years 0 to 9999. [Encode] and [Decode] call it; a [Store] that
// writes another format calls it in its Store method, so that Retrieve returns what was
// stored.
func CheckStorable(k Key, c *Credentials) error {
	if c == nil || c.AccessToken == "" && c.RefreshToken == "" && !c.isNote() {
		return errors.New("the login holds no token")
	}
	for _, f := range []struct{ name, text string }{
		{"key's endpoint", k.Endpoint},
		{"key's client ID", k.ClientID},
		{"key's audience", k.Audience},
		{"key's flow", k.Flow},
		{"key's user", k.User},
		{"key's profile", k.Profile},
		{"access token", c.AccessToken},
		{"refresh token", c.RefreshToken},
		{"token type", c.TokenType},
		{"header key", c.HeaderKey},
		{"client ID", c.ClientID},
		{"audience", c.Audience},
		{"scope", c.Scope},
		{"token origin", c.TokenOrigin},
		{"revocation origin", c.RevocationOrigin},
		{"reason of its end", c.Ended},
		{"note of its refusal", c.Refused},
	} {
		if !utf8.ValidString(f.text) || strings.ContainsFunc(f.text, unicode.IsControl) {
			return fmt.Errorf("the %s contains a control character or is not UTF-8 text", f.name)
		}
	}
	if c.Refusals < 0 {
		return errors.New("the number of refusals is negative")
	}
	for _, t := range []time.Time{c.Expiry, c.IssuedAt, c.RetryAt} {
		if y := t.UTC().Year(); y < 0 || y > 9999 { // RFC 3339 has four digits
			return errors.New("a time is outside of the years 0 to 9999")
		}
	}
	return nil
}

// malformed replaces an error of the JSON reader, which may quote what it read.
func malformed(err error) error {
	var (
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not a stored login: no JSON at byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("not a stored login: %s has the wrong type", kind.Field)
	default:
		return errors.New("not a stored login")
	}
}
