// Package gafaelfawr makes tokens of Gafaelfawr, which guards the Rubin Science
// Platform, and reads them.
//
// [ParseToken] checks that a text is a token; [Client.CreateToken] gets a new one
// for a user or a bot.
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
	// ErrNotToken says that a text does not begin as tokens do.
	ErrNotToken = errors.New("Token does not start with gt-")
	// ErrMalformed says that a text begins as a token but is none.
	ErrMalformed = errors.New("Token is malformed")
)

const (
	prefix   = "gt-"
	partSize = 22 // 128 bits in URL-safe base64 without padding
)

// Token is one token: a key, which may be seen, and a secret, which may not.
// Printing it shows the key.
type Token struct {
	key string
	// A pointer, because fmt prints plain text that sits in somebody else's
	// unexported field without asking Format.
	secret *string
}

// ParseToken reads a token. Its errors are [ErrNotToken] and [ErrMalformed], and
// show nothing of the text.
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

// Key is the part that may be logged; it names the token to its server too.
func (t Token) Key() string { return t.key }

// Reveal returns the whole token; empty for the zero value.
func (t Token) Reveal() string {
	if t.secret == nil {
		return ""
	}
	return prefix + t.key + "." + *t.secret
}

// String shows the key.
func (t Token) String() string {
	if t.secret == nil {
		return "no token"
	}
	return prefix + t.key + ".[redacted]"
}

// GoString is String, so that %#v shows no secret either.
func (t Token) GoString() string { return t.String() }

// Format is String for every verb.
func (t Token) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// LogValue is String for slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalJSON writes what String tells, not the token.
func (t Token) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// hide takes the secret of this token out of text, whatever stands around it.
func (t Token) hide(text string) string {
	if t.secret == nil {
		return text
	}
	return strings.ReplaceAll(text, *t.secret, "[redacted]")
}

// redact takes the secrets of all tokens out of text that others wrote.
func redact(text string) string {
	return tokens().ReplaceAllString(text, prefix+"$1.[redacted]")
}

func tokens() *regexp.Regexp { return regexp.MustCompile(`gt-([A-Za-z0-9_-]{1,64})\.[A-Za-z0-9_%=-]+`) }
