// Package apikey decodes and encodes Flyte API keys: one line of base64 that contains an
// endpoint, an OAuth client ID, its secret and an organization.
//
// Call [Decode]. It returns the same four parts as Flyte's Python client for every key
// that the Python client decodes correctly, except one whose client ID may be the port of
// the endpoint: that one is refused. Where that client splits at the wrong colon
// (an endpoint with a scheme or a port, a secret with a colon), Decode returns the only
// possible parts, or an error that says why there are several. No error and no printed
// [Key] contains a key or a secret.
package apikey

import (
	"encoding/json"
	"fmt"
	"log/slog"
)

// Key is a decoded API key. Printing it shows the endpoint and the client id
// only.
type Key struct {
	// Endpoint is the backend's address, as it stands in the key.
	Endpoint string
	// ClientID names the OAuth client.
	ClientID string
	// Secret is that client's secret.
	Secret Secret
	// Org is the organization; empty when the key names none.
	Org string
}

// String describes the key without its secret.
func (k Key) String() string {
	return fmt.Sprintf("API key of client %s for %s", k.ClientID, k.Endpoint)
}

// Format is String for every verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, k.String()) }

// LogValue is String for slog.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalJSON writes the description: a key is kept in its encoded form only.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// Secret is text that always prints as "[redacted]".
type Secret struct {
	// A pointer, because fmt prints a string in an unexported field of another type
	// without calling Format.
	text *string
}

// NewSecret wraps text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

const redacted = "[redacted]"

// String hides the text.
func (s Secret) String() string { return redacted }

// Format hides the text for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, redacted) }

// LogValue hides the text from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON hides the text from JSON.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Error says what is wrong with a key, without any part of it.
type Error struct {
	Reason string
}

func (e *Error) Error() string { return "API key: " + e.Reason }

func wrong(format string, args ...any) error { return &Error{Reason: fmt.Sprintf(format, args...)} }
