package auth

import (
	"fmt"
	"log/slog"
)

// String describes the Authenticator without any secret.
func (a *Authenticator) String() string {
	if a == nil {
		return "no authenticator"
	}
	return "authenticator for " + a.key.Endpoint
}

// Format is String for every verb. Without it fmt would look into the fields of a
// flow, where secrets are.
func (a *Authenticator) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, a.String()) }

// LogValue is String for slog.
func (a *Authenticator) LogValue() slog.Value { return slog.StringValue(a.String()) }
