package oauth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// TokenSpec describes an access token that a script issues without a grant. The zero
// value is a token without subject and scopes, of the usual lifetime.
type TokenSpec struct {
	// Subject is the token's sub; empty means ClientID.
	Subject string
	// ClientID is the client that it is issued to; it need not be registered.
	ClientID string
	// Scopes and Audience go into the token unchecked.
	Scopes, Audience []string
	// TTL is its lifetime; zero means [Config.TokenTTL], and a negative one issues a
	// token that has already expired.
	TTL time.Duration
	// Claims are added to a signed token; the server's own claims take precedence.
	Claims map[string]any
	// Refresh issues a refresh token too.
	Refresh bool
}

// IssuedToken holds the tokens that a script has issued. They are secrets: do not log them.
type IssuedToken struct {
	// AccessToken is the token that calls carry.
	AccessToken string
	// RefreshToken is empty unless [TokenSpec.Refresh] was set.
	RefreshToken string
	// Expiry is when the access token expires, by the server's clock.
	Expiry time.Time
}

// TokenID returns a name for a token that does not reveal it: the first 16 bytes of its
// SHA-256, in hex.
func TokenID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:16])
}
