// Package gafaelfawr creates and parses tokens of Gafaelfawr, the authentication service
// of the Rubin Science Platform.
//
// [ParseToken] parses a token; [Client.CreateToken] creates a new one for a user or a
// bot, with an administrator's token. To connect to Nublado with such a token, use
// nublado.Created.
package gafaelfawr

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
)

var (
	// ErrNotToken means that a text does not begin as tokens do.
	ErrNotToken = errors.New("Token does not start with gt-")
	// ErrMalformed means that a text begins like a token but is not one.
	ErrMalformed = errors.New("Token is malformed")
)

const (
	prefix   = "gt-"
	partSize = 22 // 128 bits in URL-safe base64 without padding
)

// Token is one token: a key, which may be logged, and a secret, which may not. A Token
// is printed as its key.
type Token struct {
	key string
	// A pointer, because fmt does not call Format for a value in an unexported field
	// of another struct, and would print a plain string there.
	secret *string
}

// ParseToken parses a token. Its errors are [ErrNotToken] and [ErrMalformed], and
// contain nothing of the text.
func ParseToken(text string) (Token, error) {
	body, ok := strings.CutPrefix(text, prefix)
	if !ok {
		return Token{}, ErrNotToken
	}
	key, secret, ok := strings.Cut(body, ".")
	if !ok || !isPart(key) || !isPart(secret) {
		return Token{}, ErrMalformed
	}
	return Token{key, &secret}, nil
}

func isPart(s string) bool {
	if len(s) != partSize {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Key returns the part that may be logged; it identifies the token at its server, too.
func (t Token) Key() string { return t.key }

// Reveal returns the whole token; empty for the zero value.
func (t Token) Reveal() string {
	if t.secret == nil {
		return ""
	}
	return prefix + t.key + "." + *t.secret
}

// String returns the key, with "[redacted]" in place of the secret.
func (t Token) String() string {
	if t.secret == nil {
		return "no token"
	}
	return prefix + t.key + ".[redacted]"
}

// GoString returns String, so that %#v contains no secret either.
func (t Token) GoString() string { return t.String() }

// Format writes String, for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue returns String, for slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON returns String as JSON, not the token.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// hide replaces the secret of this token in text, wherever it is.
func (t Token) hide(text string) string {
	if t.secret == nil {
		return text
	}
	return strings.ReplaceAll(text, *t.secret, "[redacted]")
}

// redact replaces the secrets of all tokens in text from a server.
func redact(text string) string {
	return tokens().ReplaceAllString(text, prefix+"$1.[redacted]")
}

func tokens() *regexp.Regexp { return regexp.MustCompile(`gt-([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_%=-]+`) }
