package tokenstore

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/jetway-go/jetway/auth"
)

const (
	// wireVersion is the newest stored form that this program knows.
	wireVersion = 1
	// maxWire is the largest stored form that is written or read.
	maxWire = 1 << 20
)

// wire is the private JSON form of a stored login, tokens included. Fields that
// a later program of the same version adds are ignored.
type wire struct {
	Version     int             `json:"version"`
	Key         wireKey         `json:"key"`
	Credentials wireCredentials `json:"credentials"`
}

type wireKey struct {
	Endpoint string `json:"endpoint"`
	ClientID string `json:"client_id"`
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
	// Without them (older programs) it is unknown who issued the login.
	TokenOrigin      string `json:"token_origin,omitempty"`
	RevocationOrigin string `json:"revocation_origin,omitempty"`
}

// errNewer says that a later version of this program wrote the login.
var errNewer = errors.New("written by a later version of this program")

// encode makes the stored form. It refuses what decode would not give back.
func encode(k auth.Key, c *auth.Credentials) ([]byte, error) {
	if err := storable(k, c); err != nil {
		return nil, err
	}
	data, err := json.Marshal(wire{
		Version: wireVersion,
		Key:     wireKey(k),
		Credentials: wireCredentials{
			AccessToken: c.AccessToken, RefreshToken: c.RefreshToken, TokenType: c.TokenType, HeaderKey: c.HeaderKey,
			Expiry: c.Expiry.UTC(), IssuedAt: c.IssuedAt.UTC(), ClientID: c.ClientID,
			TokenOrigin: c.TokenOrigin, RevocationOrigin: c.RevocationOrigin,
		},
	})
	if err != nil {
		return nil, err
	}
	if len(data) > maxWire {
		return nil, fmt.Errorf("the login has %d bytes; at most %d can be stored", len(data), maxWire)
	}
	return append(data, '\n'), nil
}

// decode reads the stored form. Its errors quote nothing of data.
func decode(data []byte) (auth.Key, *auth.Credentials, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return auth.Key{}, nil, malformed(err)
	}
	switch {
	case version.Version > wireVersion:
		return auth.Key{}, nil, errNewer
	case version.Version != wireVersion:
		return auth.Key{}, nil, errors.New("not a stored login: no known version")
	}
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return auth.Key{}, nil, malformed(err)
	}
	c := w.Credentials
	k, creds := auth.Key(w.Key), &auth.Credentials{
		AccessToken: c.AccessToken, RefreshToken: c.RefreshToken, TokenType: c.TokenType, HeaderKey: c.HeaderKey,
		Expiry: c.Expiry.UTC(), IssuedAt: c.IssuedAt.UTC(), ClientID: c.ClientID,
		TokenOrigin: c.TokenOrigin, RevocationOrigin: c.RevocationOrigin,
	}
	if err := storable(k, creds); err != nil {
		return auth.Key{}, nil, err
	}
	return k, creds, nil
}

// storable returns what is wrong with a login that is to be stored or was read:
// it must hold a token, and texts that fit into JSON and into one header line.
func storable(k auth.Key, c *auth.Credentials) error {
	if c == nil || c.AccessToken == "" && c.RefreshToken == "" {
		return errors.New("the login holds no token")
	}
	for _, f := range []struct{ name, text string }{
		{"key's endpoint", k.Endpoint},
		{"key's client ID", k.ClientID},
		{"key's flow", k.Flow},
		{"key's user", k.User},
		{"key's profile", k.Profile},
		{"access token", c.AccessToken},
		{"refresh token", c.RefreshToken},
		{"token type", c.TokenType},
		{"header key", c.HeaderKey},
		{"client ID", c.ClientID},
		{"token origin", c.TokenOrigin},
		{"revocation origin", c.RevocationOrigin},
	} {
		if !utf8.ValidString(f.text) || strings.ContainsFunc(f.text, unicode.IsControl) {
			return fmt.Errorf("the %s contains a control character or is not UTF-8 text", f.name)
		}
	}
	for _, t := range []time.Time{c.Expiry, c.IssuedAt} {
		if y := t.UTC().Year(); y < 0 || y > 9999 { // RFC 3339 has four digits
			return errors.New("a time is in no year between 0 and 9999")
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
