package platform

import (
	"fmt"
	"net/url"
)

// String returns the endpoint, or the HTTP base without one, the user and the type of the
// flow. It contains no secret, such as the password of a proxy.
func (t Target) String() string {
	text := "target " + t.Endpoint
	if t.Endpoint == "" {
		text += host(t.HTTPBase)
	}
	if t.User != "" {
		text += " of " + t.User
	}
	if t.Flow != nil {
		text += fmt.Sprintf(" by %T", t.Flow)
	}
	return text
}

// host returns the host of a URL, which may also have a user or a query by mistake.
func host(base string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	return u.Host
}

// GoString returns String, so that %#v contains no secret either.
func (t Target) GoString() string { return t.String() }

// Format writes String, for every verb.
func (t Target) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// MarshalText returns String, for slog and encoding/json.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
