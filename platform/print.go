package platform

import "fmt"

// String tells where the target is, whose login it has and by what flow; nothing
// secret, such as the password of a proxy.
func (t Target) String() string {
	text := "target " + t.Endpoint
	if t.User != "" {
		text += " of " + t.User
	}
	if t.Flow != nil {
		text += fmt.Sprintf(" by %T", t.Flow)
	}
	return text
}

// GoString is String, so that %#v shows no secret either.
func (t Target) GoString() string { return t.String() }

// Format is String for every verb.
func (t Target) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }

// MarshalText makes String what slog and encoding/json write.
func (t Target) MarshalText() ([]byte, error) { return []byte(t.String()), nil }
