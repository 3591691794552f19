package oauth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// TokenSpec describes a token that a script makes without a grant. The zero value
// is a token without a subject and scopes that lives as long as others.
type TokenSpec struct {
	// Subject is who the token speaks for; empty means ClientID.
	Subject string
	// ClientID is the client it counts as issued to; need not be registered.
	ClientID string
	// Scopes and Audience go into the token unchecked.
	Scopes, Audience []string
	// TTL is its life; zero means [Config.TokenTTL], negative makes a token that
	// has already expired.
	TTL time.Duration
	// Claims are added to a signed token; the server's own claims win.
	Claims map[string]any
	// Refresh asks for a refresh token as well.
	Refresh bool
}

// TokenID is a name for a token that does not give it away: the first 16 bytes
// of its SHA-256, in hex.
func TokenID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}
